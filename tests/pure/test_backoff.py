"""How long to wait before trying again."""

from collections.abc import Callable

from hypothesis import example, given
from hypothesis import strategies as st

from resqued.backoff import Backoff

seconds = st.floats(min_value=0.001, max_value=3600)
chances = st.floats(min_value=0, max_value=1, exclude_max=True)


def always(chance: float) -> Callable[[], float]:
    return lambda: chance


def test_each_failure_doubles_the_pause() -> None:
    backoff = Backoff(first=2.0, most=100.0, chance=always(0.5))

    assert [backoff.failed() for _ in range(4)] == [1.0, 2.0, 4.0, 8.0]


def test_the_pause_stops_growing() -> None:
    backoff = Backoff(first=2.0, most=10.0, chance=always(0.5))

    assert [backoff.failed() for _ in range(5)] == [1.0, 2.0, 4.0, 5.0, 5.0]


def test_after_a_success_the_pause_is_a_first_one_again() -> None:
    backoff = Backoff(first=2.0, most=10.0, chance=always(0.5))
    for _ in range(5):
        backoff.failed()
    backoff.succeeded()

    assert backoff.failed() == 1.0


def test_chance_keeps_apart_those_who_failed_together() -> None:
    chance = iter([0.6, 0.9])
    one, other = (Backoff(first=1.0, most=10.0, chance=chance.__next__) for _ in range(2))

    assert (one.failed(), other.failed()) == (0.6, 0.9)


def test_bad_luck_never_means_to_try_again_at_once() -> None:
    backoff = Backoff(first=2.0, most=10.0, chance=always(0.0))

    assert [backoff.failed() for _ in range(3)] == [1.0, 1.0, 1.0]


def test_a_failure_that_lasts_for_years_is_still_counted() -> None:
    backoff = Backoff(first=0.5, most=30.0, chance=always(0.5))
    pauses = [backoff.failed() for _ in range(10_000)]

    assert pauses[-1] == 15.0


@given(first=seconds, most=seconds, luck=st.lists(chances, min_size=1))
@example(first=10.0, most=2.0, luck=[0.0])
def test_no_pause_is_longer_than_most_nor_shorter_than_half_of_the_smaller_limit(
    first: float, most: float, luck: list[float]
) -> None:
    backoff = Backoff(first=first, most=most, chance=iter(luck).__next__)

    assert all(min(first, most) / 2 <= backoff.failed() <= most for _ in luck)


@given(luck=st.lists(chances, min_size=6, max_size=6))
def test_no_pause_is_longer_than_its_number_of_failures_allows(luck: list[float]) -> None:
    backoff = Backoff(first=1.0, most=16.0, chance=iter(luck).__next__)

    assert all(backoff.failed() <= ceiling for ceiling in (1, 2, 4, 8, 16, 16))
