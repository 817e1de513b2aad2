import pytest

from bench.figures import Bound, Collection, Figure, Section, Spread, percentile


def section(unit: str = "ms", *figures: Figure, more: bool = False, bounds: tuple[Bound, ...] = ()) -> Section:
    return Section("latency", "how long", unit, "more" if more else "less", figures, "ours", bounds)


def figure(contestant: str, *values: float, quantity: str = "p50") -> Figure:
    return Figure(quantity, contestant, values)


@pytest.mark.parametrize(("share", "expected"), [(0.5, 50), (0.99, 99), (1.0, 100), (0.0, 1)])
def test_a_percentile_is_one_of_the_values(share: float, expected: float) -> None:
    assert percentile(range(100, 0, -1), share) == expected


def test_a_spread_is_the_median_with_both_ends() -> None:
    assert Spread.of([3.0, 1.0, 10.0]) == Spread(3.0, 1.0, 10.0)


def test_who_takes_half_the_time_is_twice_as_good() -> None:
    theirs = figure("theirs", 2.0)

    assert section("ms", figure("ours", 1.0), theirs).advantage(theirs) == Spread(2.0, 2.0, 2.0)


def test_who_does_half_the_work_is_half_as_good() -> None:
    theirs = figure("theirs", 2.0)

    assert section("jobs/s", figure("ours", 1.0), theirs, more=True).advantage(theirs) == Spread(0.5, 0.5, 0.5)


def test_an_advantage_compares_what_was_measured_in_the_same_round() -> None:
    theirs = figure("theirs", 20.0, 4.0)

    assert section("ms", figure("ours", 10.0, 1.0), theirs).advantage(theirs) == Spread(3.0, 2.0, 4.0)


def test_there_is_no_advantage_over_oneself_nor_over_nothing() -> None:
    ours, nothing = figure("ours", 1.0), figure("theirs", 0.0)
    found = section("ms", ours, nothing)

    assert (found.advantage(ours), found.advantage(nothing)) == (None, None)


def test_one_round_above_a_bound_breaks_it() -> None:
    found = section("MB", figure("ours", 90.0, 100.0), figure("theirs", 500.0), bounds=(Bound("p50", 100.0),))

    assert found.broken() == ["latency: p50 of ours reached 100.0 MB; it must stay below 100"]


def test_what_stays_below_its_bound_breaks_nothing() -> None:
    found = section("MB", figure("ours", 99.0), figure("theirs", 500.0), bounds=(Bound("p50", 100.0),))

    assert found.broken() == []


def test_a_collection_keeps_quantities_together_in_the_order_of_their_first_values() -> None:
    collection = Collection()
    for value in (1.0, 2.0):
        for contestant in ("ours", "theirs"):
            collection.add("p50", contestant, value)
            collection.add("p99", contestant, value * 10)

    assert collection.figures() == (
        figure("ours", 1.0, 2.0),
        figure("theirs", 1.0, 2.0),
        figure("ours", 10.0, 20.0, quantity="p99"),
        figure("theirs", 10.0, 20.0, quantity="p99"),
    )
