"""Text that scrapers understand, whatever queues are called."""

from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resqued.metrics.exposition import Family, Format, render
from tests.support.metrics import understood, understood_in_a_file

OPENMETRICS, PROMETHEUS = Format.OPENMETRICS, Format.PROMETHEUS


def jobs(value: float = 1, **labels: str) -> Family:
    family = Family("jobs", "counter", "Jobs.")
    family.add(value, **labels)
    return family


def test_a_counter_is_told_in_both_formats() -> None:
    assert render([jobs(3, pool="mail")], OPENMETRICS).decode() == (
        '# TYPE jobs counter\n# HELP jobs Jobs.\njobs_total{pool="mail"} 3\n# EOF\n'
    )
    assert render([jobs(3, pool="mail")], PROMETHEUS).decode() == (
        '# HELP jobs_total Jobs.\n# TYPE jobs_total counter\njobs_total{pool="mail"} 3\n'
    )


def test_an_info_is_a_gauge_for_those_who_do_not_know_it() -> None:
    family = Family("build", "info", "Versions.")
    family.add(1, version="1.0")

    assert b"# TYPE build info\n" in render([family], OPENMETRICS)
    assert b"# TYPE build_info gauge\n" in render([family], PROMETHEUS)


def test_a_histogram_is_understood() -> None:
    family = Family("run_seconds", "histogram", "How long.", "seconds")
    family.add_histogram([1, 2, 4], (0.5, 1.0), 7.25, pool="mail")
    text = render([family], OPENMETRICS).decode()
    samples = understood(text)

    assert [samples.of("run_seconds_bucket", le=bound) for bound in ("0.5", "1.0", "+Inf")] == [1, 2, 4]
    assert samples.of("run_seconds_count") == 4
    assert samples.of("run_seconds_sum", pool="mail") == 7.25
    assert "# UNIT run_seconds seconds\n" in text


def test_a_family_without_samples_is_left_out() -> None:
    assert render([Family("jobs", "counter", "Jobs.")], OPENMETRICS) == b"# EOF\n"


def test_common_labels_stand_at_every_sample() -> None:
    assert b'jobs_total{config="web",pool="mail"} 1\n' in render([jobs(pool="mail")], PROMETHEUS, {"config": "web"})
    assert b'jobs_total{config="web"} 1\n' in render([jobs()], PROMETHEUS, {"config": "web"})


@pytest.mark.parametrize(
    ("value", "written"), [(0, "0"), (True, "1"), (1.0, "1"), (2**53, str(float(2**53))), (0.25, "0.25"), (-3, "-3")]
)
def test_numbers_are_exact(value: float, written: str) -> None:
    assert f"jobs_total {written}\n".encode() in render([jobs(value)], PROMETHEUS)


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_whatever_a_label_says_arrives(name: str) -> None:
    for format_, read in ((OPENMETRICS, understood), (PROMETHEUS, understood_in_a_file)):
        text = render([jobs(2, queue=name), jobs(1)], format_).decode()

        assert "\n" not in name or len(text.splitlines()) >= 4
        assert read(render([jobs(2, queue=name)], format_).decode()).of("jobs_total", queue=name) == 2


def test_a_name_that_is_no_text_breaks_nothing() -> None:
    assert b'queue="\\udcff"' in render([jobs(queue="\udcff")], PROMETHEUS)


@given(st.floats(allow_nan=False, allow_infinity=False) | st.integers(min_value=-(2**63), max_value=2**63))
def test_whatever_a_value_is_arrives(value: float) -> None:
    family = Family("level", "gauge", "A level.")
    family.add(value)

    assert understood(render([family], OPENMETRICS).decode()).of("level") == float(value)
    assert float(value) < inf
