from xml.etree import ElementTree as ET

from bench import picture
from bench.figures import Better, Figure, Section

SVG = "{http://www.w3.org/2000/svg}"


def root_of(*figures: Figure, better: Better = "less") -> ET.Element:
    section = Section("latency", "how long & how <often>", "ms", better, figures, "ours")
    return ET.fromstring(picture.drawn([section]))


def widths(root: ET.Element) -> list[float]:
    return [float(bar.get("width", "")) for bar in root.iter(f"{SVG}rect")]


def test_a_bar_is_as_long_as_its_median() -> None:
    short, long = widths(root_of(Figure("p50", "ours", (1.0, 2.0, 3.0)), Figure("p50", "theirs", (8.0, 8.0, 8.0))))

    assert short * 4 == long == picture.BARS


def test_ours_can_be_told_from_the_others() -> None:
    bars = root_of(Figure("p50", "ours", (1.0,)), Figure("p50", "theirs", (2.0,))).iter(f"{SVG}rect")

    assert [bar.get("class") for bar in bars] == ["bar ours", "bar"]


def test_who_takes_very_much_longer_does_not_hide_the_others() -> None:
    root = root_of(Figure("p50", "ours", (1.0,)), Figure("p50", "theirs", (2500.0,)))

    assert widths(root)[0] > picture.BARS / (picture.BREAK + 1)
    assert [path.get("class") for path in root.iter(f"{SVG}path")] == ["cut"]
    assert "2500" in [text.text for text in root.iter(f"{SVG}text")]


def test_what_nobody_needed_is_not_drawn() -> None:
    assert widths(root_of(Figure("connections", "ours", (0.0,)), Figure("connections", "theirs", (0.0,)))) == []


def test_there_are_colours_for_a_dark_ground() -> None:
    assert "prefers-color-scheme: dark" in picture.drawn([])
