import pytest

from bench.figures import Bound, Collection, Figure, Judgement, Section, Spread, asked, percentile


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


def test_who_gave_up_is_compared_in_the_rounds_that_it_took_part_in() -> None:
    theirs, bound = figure("theirs", 20.0), Bound("p50", "at most", 1.5, "theirs")
    found = section("ms", figure("ours", 10.0, 1.0), theirs, bounds=(bound,))

    assert found.advantage(theirs) == Spread(2.0, 2.0, 2.0)
    assert found.judgements() == [Judgement(bound, 0.5)]


@pytest.mark.parametrize("value", [0.0, -1.0])
def test_there_is_no_advantage_over_oneself_nor_over_nothing(value: float) -> None:
    ours, nothing = figure("ours", 1.0), figure("theirs", value)
    found = section("ms", ours, nothing)

    assert (found.advantage(ours), found.advantage(nothing)) == (None, None)


def test_a_bound_is_judged_by_the_median() -> None:
    bound = Bound("p50", "at most", 100.0)

    assert section("MB", figure("ours", 90.0, 100.0, 500.0), bounds=(bound,)).judgements() == [Judgement(bound, 100.0)]


def test_a_bound_beside_a_rival_is_judged_by_the_ratios_within_the_rounds() -> None:
    bound = Bound("p50", "at most", 1.5, "theirs")
    found = section("ms", figure("ours", 1.0, 30.0, 2.0), figure("theirs", 1.0, 10.0, 1.0), bounds=(bound,))

    assert found.judgements() == [Judgement(bound, 2.0)]


@pytest.mark.parametrize(
    ("sense", "found", "holds"),
    [("at most", 2.0, True), ("at most", 2.1, False), ("at least", 2.0, True), ("at least", 1.9, False)],
)
def test_a_bound_holds_up_to_its_value(sense: str, found: float, holds: bool) -> None:
    assert Judgement(Bound("p50", sense, 2.0), found).holds is holds  # type: ignore[arg-type]  # one of two texts


def test_a_bound_without_its_rival_is_not_judged() -> None:
    bound = Bound("p50", "at most", 1.5, "theirs")
    found = section("ms", figure("ours", 1.0), bounds=(bound,))

    assert (found.judgements(), found.unjudged()) == ([], [bound])


def test_the_same_is_asked_of_several_quantities() -> None:
    assert asked(["1 worker", "2 workers"], "at least", {"theirs": 8.0}) == [
        Bound("1 worker", "at least", 8.0, "theirs"),
        Bound("2 workers", "at least", 8.0, "theirs"),
    ]


def filled() -> Collection:
    collection = Collection()
    for value in (1.0, 2.0):
        for contestant in ("theirs", "ours"):
            collection.add("p50", contestant, value)
            collection.add("p99", contestant, value * 10)
    return collection


def test_a_collection_keeps_quantities_together_in_the_order_of_their_first_values() -> None:
    assert filled().figures(first="ours") == (
        figure("ours", 1.0, 2.0),
        figure("theirs", 1.0, 2.0),
        figure("ours", 10.0, 20.0, quantity="p99"),
        figure("theirs", 10.0, 20.0, quantity="p99"),
    )


def test_a_collection_gives_the_figures_of_some() -> None:
    assert {one.contestant for one in filled().figures({"theirs"})} == {"theirs"}
