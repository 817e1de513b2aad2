import json
from dataclasses import replace

from bench import report
from bench.figures import Bound, Figure, Section

SECTION = Section(
    "latency",
    "how long it takes",
    "ms",
    "less",
    (Figure("p50", "resqued", (1.5, 2.0, 1.25)), Figure("p50", "a peer", (12.0, 120.0, 12.5))),
    "resqued",
    (Bound("p50", "at most", 1.0), Bound("p50", "at most", 0.2, "a peer")),
)

TABLE = """\
latency: how long it takes (less is better)
           median   min   max  resqued is better
p50, ms
  resqued    1.50  1.25  2.00                          at most 1: 1.50, MISSED
  a peer     12.5  12.0   120  10.0 times (8.00-60.0)  at most 0.2 times: 0.10, ok"""


def test_the_table_has_a_line_for_each_contestant_and_each_bound_beside_what_it_is_about() -> None:
    assert report.table(SECTION) == TABLE


def test_a_single_round_has_no_range() -> None:
    once = Section("idle", "", "", "less", (Figure("r", "ours", (1.0,)), Figure("r", "theirs", (3.0,))), "ours")

    assert report.table(once).splitlines()[-1] == "  theirs    3.00  3.00  3.00  3.00 times"


def test_the_summary_names_what_was_missed_and_what_could_not_be_judged() -> None:
    section = replace(SECTION, bounds=(*SECTION.bounds, Bound("p50", "at most", 0.2, "who is away")))

    assert report.summary([section]).splitlines() == [
        "bounds: 1 ok, 1 MISSED, 1 not judged",
        "  MISSED: latency, p50: resqued: 1.50, not at most 1 ms",
        "  not judged: latency, p50: who is away is not here",
    ]


def test_json_has_every_value() -> None:
    read = json.loads(report.as_json({"machine": "this"}, [SECTION]))

    assert read["facts"] == {"machine": "this"}
    assert [figure["values"] for figure in read["sections"][0]["figures"]] == [[1.5, 2.0, 1.25], [12.0, 120.0, 12.5]]
    assert read["sections"][0]["figures"][1]["advantage"] == {"median": 10.0, "least": 8.0, "most": 60.0}


def test_json_tells_how_the_bounds_fared() -> None:
    read = json.loads(report.as_json({}, [SECTION]))

    assert read["sections"][0]["bounds"] == [
        {"quantity": "p50", "sense": "at most", "value": 1.0, "rival": "", "found": 1.5, "holds": False},
        {"quantity": "p50", "sense": "at most", "value": 0.2, "rival": "a peer", "found": 0.1, "holds": True},
    ]
