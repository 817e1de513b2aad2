import json

from bench import report
from bench.figures import Bound, Figure, Section

SECTION = Section(
    "latency",
    "how long it takes",
    "ms",
    "less",
    (Figure("p50", "resqued", (1.5, 2.0, 1.25)), Figure("p50", "a peer", (12.0, 120.0, 12.5))),
    "resqued",
    (Bound("p50", 2.0),),
)

TABLE = """\
latency: how long it takes (less is better)
           median   min   max  resqued is better
p50, ms
  resqued    1.50  1.25  2.00
  a peer     12.5  12.0   120  10.0 times (8.00-60.0)"""


def test_the_table_has_a_line_for_each_contestant() -> None:
    assert report.table(SECTION) == TABLE


def test_a_single_round_has_no_range() -> None:
    once = Section("idle", "", "", "less", (Figure("r", "ours", (1.0,)), Figure("r", "theirs", (3.0,))), "ours")

    assert report.table(once).splitlines()[-1] == "  theirs    3.00  3.00  3.00  3.00 times"


def test_json_has_every_value() -> None:
    read = json.loads(report.as_json({"machine": "this"}, [SECTION]))

    assert read["facts"] == {"machine": "this"}
    assert [figure["values"] for figure in read["sections"][0]["figures"]] == [[1.5, 2.0, 1.25], [12.0, 120.0, 12.5]]
    assert read["sections"][0]["figures"][1]["advantage"] == {"median": 10.0, "least": 8.0, "most": 60.0}


def test_json_tells_which_bounds_are_broken() -> None:
    read = json.loads(report.as_json({}, [SECTION]))

    assert read["sections"][0]["broken"] == ["latency: p50 of resqued reached 2.0 ms; it must stay below 2"]
