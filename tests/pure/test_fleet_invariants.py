"""What is true of a fleet whatever happens to it."""

from collections.abc import Mapping, Sequence
from math import inf
from random import Random

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from resqued.escalation import Mood
from resqued.fleet import Action, Kill, Limits, Slot, Spawn, Tell
from tests.pure.history import History

SERVICE_PATIENCE = 10.0
ROUNDING = 0.001  # seconds are floats

seconds = st.floats(min_value=0, max_value=60)
limits = st.builds(Limits, grace=seconds, term_timeout=seconds, redis_timeout=seconds)
pools = st.dictionaries(st.sampled_from(("mail", "reports")), st.integers(min_value=0, max_value=3))
services = st.sampled_from(((), ("redis",)))


def patience_of(mood: Mood, limits: Limits) -> float:
    """As the documentation of signals has it, and five seconds for everything else."""
    rest = limits.redis_timeout + 10.0
    return {
        Mood.STOPPING: limits.grace + limits.term_timeout + rest,
        Mood.HURRYING: limits.term_timeout + rest,
        Mood.KILLING: rest,
    }.get(mood, inf)


@given(st.lists(st.sampled_from(Mood), min_size=1))
def test_a_stop_only_gets_firmer(wishes: list[Mood]) -> None:
    history = History({"mail": 1})
    history.act()
    for mood in wishes:
        history.shut(mood)

    told = [action.mood for _, action in history.done if isinstance(action, Tell)]
    assert history.fleet.mood is max(wishes)
    assert told == sorted(set(told))


@given(
    pools=pools,
    services=services,
    limits=limits,
    wishes=st.lists(st.tuples(seconds, st.sampled_from(Mood))),
    last=st.sampled_from((Mood.STOPPING, Mood.HURRYING, Mood.KILLING)),
)
def test_a_stop_always_ends_though_nobody_leaves_unless_killed(
    pools: Mapping[str, int],
    services: Sequence[str],
    limits: Limits,
    wishes: list[tuple[float, Mood]],
    last: Mood,
) -> None:
    history = History(pools, services, limits=limits)
    history.act()
    for pause, mood in [*wishes, (0.0, last)]:
        history.wait(pause)
        history.shut(mood)
    ends_by = history.now + patience_of(last, limits) + SERVICE_PATIENCE
    while not history.fleet.done:
        if killed := [slot for slot in history.living() if slot.killed]:
            history.exits(killed[0].name)
        else:
            history.wake()

    assert history.now <= ends_by + ROUNDING


@given(lives=st.lists(st.tuples(seconds, st.booleans())), luck=st.randoms(use_true_random=False))
def test_a_crash_loop_never_spawns_more_often_than_its_backoff_allows(
    lives: list[tuple[float, bool]], luck: Random
) -> None:
    history = History({"mail": 1}, chance=luck.random)
    history.act()
    row = [history.now]  # when the slot was filled, since somebody lived long in it
    for lived, ready in lives:
        history.exits("mail.0", lived=lived, ready=ready)
        if history.sleep() is not None:
            history.wake()
        row = [history.now] if lived >= 10.0 and ready else [*row, history.now]

        assert row[-1] - row[0] >= 0.25 * (len(row) - 3) - ROUNDING


class EveryHistory(RuleBasedStateMachine):
    """A master that does what is planned, in a world where anything may happen in between."""

    @initialize(pools=pools, services=services, limits=limits, luck=st.randoms(use_true_random=False))
    def start(self, pools: Mapping[str, int], services: Sequence[str], limits: Limits, luck: Random) -> None:
        self.pools, self.limits = pools, limits
        self.history = History(pools, services, limits=limits, chance=luck.random)
        self.wishes: list[tuple[float, Mood]] = []
        self.act()

    # What may happen

    @rule(pause=seconds)
    def time_passes(self, pause: float) -> None:
        self.history.now += pause
        self.act()

    @precondition(lambda self: self.history.fleet.wakes_at() is not None)
    @rule()
    def it_is_time(self) -> None:
        self.history.now = self.history.fleet.wakes_at() or 0.0
        self.act()

    @precondition(lambda self: self.history.living())
    @rule(data=st.data(), ready=st.booleans())
    def a_process_exits(self, data: st.DataObject, ready: bool) -> None:
        pid = data.draw(st.sampled_from([slot.pid for slot in self.history.living()]))
        assert pid is not None
        self.history.fleet.exited(pid, self.history.now, was_ready=lambda _: ready)
        self.act()

    @rule()
    def a_stranger_exits(self) -> None:
        self.history.fleet.exited(1, self.history.now, was_ready=lambda _: True)
        self.act()

    @rule(mood=st.sampled_from(Mood))
    def somebody_wants_an_end(self, mood: Mood) -> None:
        self.wishes.append((self.history.now, mood))
        self.history.fleet.shut(mood, self.history.now)
        self.act()

    @rule(can_fork=st.booleans())
    def there_can_be_more_processes_or_not(self, can_fork: bool) -> None:
        self.history.can_fork = can_fork

    def act(self) -> None:
        before = len(self.history.done)
        workers = [slot for slot in self.history.living() if slot in self.history.fleet.workers]
        self.history.act()
        for at, action in self.history.done[before:]:
            self.check(at, action, workers)

    # What must be true of whatever is done

    def check(self, at: float, action: Action, workers: Sequence[Slot]) -> None:
        is_service = action.slot in self.history.fleet.services
        match action:
            case Spawn():
                assert not self.stopping
            case Tell(slot, mood):
                assert mood is max(mood for _, mood in self.wishes)
                assert not slot.killed
                assert not (is_service and workers)
            case Kill(slot):
                assert at >= (self.told_at(slot) + SERVICE_PATIENCE if is_service else self.patience_ends())
                assert not (is_service and workers)

    @property
    def stopping(self) -> bool:
        return any(mood is not Mood.RUNNING for _, mood in self.wishes)

    def told_at(self, slot: Slot) -> float:
        return next(at for at, action in self.history.done if isinstance(action, Tell) and action.slot is slot)

    def patience_ends(self) -> float:
        return min((at + patience_of(mood, self.limits) for at, mood in self.wishes), default=inf)

    # What must be true at any time

    @invariant()
    def there_are_never_more_workers_than_wanted(self) -> None:
        pools = [slot.pool for slot in self.history.living()]

        assert all(pools.count(pool) <= wanted for pool, wanted in self.pools.items())

    @invariant()
    def no_process_is_in_two_slots(self) -> None:
        pids = [slot.pid for slot in self.history.living()]

        assert len(pids) == len(set(pids))

    @invariant()
    def performing_a_plan_empties_it(self) -> None:
        assert self.history.fleet.plan(self.history.now) == []

    @invariant()
    def the_master_never_turns_in_circles(self) -> None:
        wakes_at = self.history.fleet.wakes_at()

        assert wakes_at is None or wakes_at > self.history.now

    @invariant()
    def an_empty_slot_is_filled_within_half_a_minute(self) -> None:
        fleet = self.history.fleet
        if not self.stopping and len(self.history.living()) < len(fleet.workers) + len(fleet.services):
            assert (self.history.sleep() or inf) <= 30.0 + ROUNDING

    @invariant()
    def the_master_does_not_oversleep_the_end_of_patience(self) -> None:
        left = [slot for slot in self.history.living() if slot in self.history.fleet.workers and not slot.killed]
        if left and self.patience_ends() < inf:
            assert self.history.fleet.wakes_at() == self.patience_ends()

    @invariant()
    def a_fleet_is_done_when_it_is_to_stop_and_nobody_is_left(self) -> None:
        assert self.history.fleet.done == (self.stopping and not self.history.living())


TestEveryHistory = EveryHistory.TestCase
