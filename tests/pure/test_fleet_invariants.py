"""What is true of a fleet whatever happens to it."""

from collections.abc import Mapping, Sequence
from math import inf
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from resqued.escalation import Mood
from resqued.fleet import (
    Action,
    Dump,
    Hold,
    Kill,
    Limits,
    Phase,
    Process,
    Release,
    Say,
    Size,
    Slot,
    Spawn,
    Tell,
)
from tests.pure.history import History

SERVICE_PATIENCE = 10.0
ROUNDING = 0.001  # seconds are floats

Pools = Mapping[str, int | Size]

seconds = st.floats(min_value=0, max_value=60)
limits = st.builds(Limits, grace=seconds, term_timeout=seconds, redis_timeout=seconds)
few = st.integers(min_value=0, max_value=3)
sizes = few | st.builds(lambda least, more, spare: Size(least, least + more, spare), few, few, few)
pools = st.dictionaries(st.sampled_from(("mail", "reports")), sizes)
services = st.sampled_from(((), ("redis",)))


def patience_of(mood: Mood, limits: Limits) -> float:
    """As the documentation of signals has it, and ten seconds for everything else."""
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
    left_work=st.booleans(),
    can_fork=st.booleans(),
)
def test_a_stop_always_ends_though_nobody_leaves_unless_killed(
    *,
    pools: Pools,
    services: Sequence[str],
    limits: Limits,
    wishes: list[tuple[float, Mood]],
    last: Mood,
    left_work: bool,
    can_fork: bool,
) -> None:
    history = History(pools, services, limits=limits)
    history.act()
    for pause, mood in [*wishes, (0.0, last)]:
        history.live(pause)
        history.shut(mood)
    history.can_fork = can_fork
    if left_work:
        history.fleet.left_work()
    ends_by = history.now + patience_of(last, limits) + SERVICE_PATIENCE
    ends_by += SERVICE_PATIENCE + limits.redis_timeout if left_work else 0.0
    while not history.fleet.done:
        if killed := [slot for slot in history.living() if slot.process and slot.process.killed]:
            history.exits(killed[0].name)
        elif not history.act():
            history.wake()

    assert history.now <= ends_by + ROUNDING


@given(lives=st.lists(st.tuples(seconds, st.booleans())), luck=st.randoms(use_true_random=False))
def test_a_crash_loop_never_spawns_more_often_than_its_backoff_allows(
    lives: list[tuple[float, bool]], luck: Random
) -> None:
    history = History({"mail": 1}, chance=luck.random)
    history.act()
    row = [history.now]  # when the slot was filled, since somebody worked for long in it
    for lived, ready in lives:
        history.worker("mail.0").is_ready = ready
        history.act()
        history.now += lived
        history.ends(history.slot("mail.0"))
        while history.slot("mail.0").process is None:
            if not history.act():
                history.wake()
        worked = lived if ready else 0.0
        row = [history.now] if worked >= 10.0 / 3 else [*row, history.now]

        assert row[-1] - row[0] >= 0.25 * (len(row) - 3) - ROUNDING


@given(
    before=st.integers(min_value=0, max_value=4),
    after=st.integers(min_value=0, max_value=4),
    jobs=st.lists(st.floats(min_value=0, max_value=300), min_size=4, max_size=4),
    start=st.floats(min_value=0.01, max_value=50),
)
def test_a_roll_out_ends_when_the_jobs_have_and_never_has_more_workers_than_configured(
    before: int, after: int, jobs: list[float], start: float
) -> None:
    """Each old worker has a job that ends some time after the reload, and each new one needs a while to get ready."""
    history = History({"mail": before})
    history.act()
    begun = history.now
    ends = {slot.pid: begun + job for slot, job in zip(history.fleet.workers, jobs, strict=False)}
    for slot, job in zip(history.fleet.workers, jobs, strict=False):
        history.worker(slot.name).is_busy = job > 0
    history.gets_ready = False
    history.reload({"mail": after})
    most = max(before, after)
    while history.fleet.rollout[0] is not Phase.DONE or len(history.names()) < after:
        facts = [at for at in ends.values() if at > history.now]
        facts += [slot.process.spawned_at + start for slot in history.fleet.workers if slot.process]
        assert history.now < begun + 1000, "it never ends"
        history.now = min(at for at in (*facts, history.fleet.wakes_at() or inf) if at > history.now)
        for slot in history.fleet.workers:
            one = slot.process
            if one and one.generation == 0:
                history.worker(slot.name).is_busy = history.now < ends[one.pid]
            elif one:
                history.worker(slot.name).is_ready = history.now >= one.spawned_at + start
        history.act()
        assert len(history.names()) <= most
        for slot in history.fleet.workers:
            if slot.process and slot.process.told is Mood.DRAINING and not history.worker(slot.name).is_busy:
                history.ends(slot, well=True)
        history.act()
        assert len(history.names()) <= most

    assert {slot.process.generation for slot in history.fleet.workers if slot.process} <= {1}
    assert not [action for _, action in history.done if isinstance(action, Kill)]


class EveryHistory(RuleBasedStateMachine):
    """A master that does what is planned, in a world where anything may happen in between."""

    @initialize(
        pools=pools, services=services, limits=limits, luck=st.randoms(use_true_random=False), ready=st.booleans()
    )
    def start(self, pools: Pools, services: Sequence[str], limits: Limits, luck: Random, ready: bool) -> None:
        self.pools, self.limits = pools, limits
        self.history = History(pools, services, limits=limits, chance=luck.random, gets_ready=ready)
        self.wishes: list[tuple[float, Mood]] = []
        self.told: dict[int, list[Mood]] = {}  # by pid, in order
        self.dumped: dict[int, float] = {}
        self.paused: dict[int, bool] = {}
        self.act()

    # What may happen

    @rule(pause=seconds)
    def time_passes(self, pause: float) -> None:
        self.history.now += pause
        self.act()

    @precondition(lambda self: self.history.fleet.wakes_at() is not None)
    @rule()
    def it_is_time(self) -> None:
        self.history.now = max(self.history.now, self.history.fleet.wakes_at() or 0.0)
        self.act()

    @precondition(lambda self: self.history.living())
    @rule(data=st.data(), well=st.booleans())
    def a_process_exits(self, data: st.DataObject, well: bool) -> None:
        self.history.ends(data.draw(st.sampled_from(self.history.living())), well=well)
        self.act()

    @precondition(lambda self: self.history.names())
    @rule(data=st.data(), is_ready=st.booleans(), is_busy=st.booleans())
    def a_worker_changes_its_state(self, data: st.DataObject, is_ready: bool, is_busy: bool) -> None:
        worker = self.history.worker(data.draw(st.sampled_from(self.history.names())))
        worker.is_ready = worker.is_ready or is_ready
        worker.is_busy, worker.since = worker.is_ready and is_busy, self.history.now
        self.act()

    @precondition(lambda self: self.history.names())
    @rule(data=st.data(), stands_still=st.booleans())
    def a_worker_stands_still_or_moves(self, data: st.DataObject, stands_still: bool) -> None:
        name = data.draw(st.sampled_from(self.history.names()))
        if stands_still:
            self.history.stands_still(name)
        else:
            self.history.moves_again(name)
        self.act()

    @rule(mood=st.sampled_from(Mood))
    def somebody_wants_an_end(self, mood: Mood) -> None:
        self.wishes.append((self.history.now, mood))
        self.history.fleet.shut(mood, self.history.now)
        self.act()

    @rule(to=st.booleans())
    def somebody_pauses_or_resumes_all(self, to: bool) -> None:
        self.history.fleet.pause(to=to)
        self.act()

    @precondition(lambda self: self.history.fleet.pools)
    @rule(data=st.data(), by=st.integers(min_value=-2, max_value=2))
    def somebody_wants_more_workers_or_fewer(self, data: st.DataObject, by: int) -> None:
        self.history.fleet.resize(data.draw(st.sampled_from(sorted(self.history.fleet.pools))), by)
        self.act()

    @rule()
    def a_dead_worker_has_left_work(self) -> None:
        self.history.fleet.left_work()
        self.act()

    @precondition(lambda self: not self.stopping)
    @rule(pools=pools, halted=st.sampled_from(("", "", "the application is gone")))
    def the_master_becomes_its_next_image(self, pools: Pools, halted: str) -> None:
        before, done = {slot.pid for slot in self.history.living()}, len(self.history.done)
        workers = self.workers()
        self.history.reload(pools, halted=halted)
        self.check_all(done, workers)
        self.settle()
        assert before <= {slot.pid for slot in self.history.living()}  # nobody is forgotten

    @rule(can_fork=st.booleans())
    def there_can_be_more_processes_or_not(self, can_fork: bool) -> None:
        self.history.can_fork = can_fork

    def act(self) -> None:
        done, workers = len(self.history.done), self.workers()
        self.history.act()
        self.check_all(done, workers)
        self.settle()

    def settle(self) -> None:
        """Two things call for a second look at once, for which the master does not sleep.

        A pruner that was to be forked during a stop: it, or who comes after it, has to be told. And who could not be
        forked makes room for another to try.
        """
        for _ in self.history.fleet.slots:
            done, workers = len(self.history.done), self.workers()
            sleeps = self.history.sleep()
            self.history.act()
            self.check_all(done, workers)
            for _, action in self.history.done[done:]:
                assert sleeps is not None
                assert sleeps <= 0.0
                assert isinstance(action, Tell | Kill if self.stopping else Spawn)
                assert self.stopping or not self.history.can_fork

    def workers(self) -> list[Slot]:
        return [slot for slot in self.history.fleet.workers if slot.process]

    # What must be true of whatever is done

    def check_all(self, done: int, workers: Sequence[Slot]) -> None:
        for at, action in self.history.done[done:]:
            if not isinstance(action, Say):
                self.check(at, action, is_last_round=not workers)

    def check(self, at: float, action: Spawn | Tell | Kill | Hold | Release | Dump, *, is_last_round: bool) -> None:
        fleet, process = self.history.fleet, action.slot.process
        if isinstance(action, Spawn):
            self.check_spawn(action.slot)
            return
        assert process
        if action.slot in fleet.workers:
            self.check_worker(at, action, process)
        else:
            assert is_last_round  # whom workers need outlives them
            assert self.stopping
            self.check_service(at, action, process)

    def check_spawn(self, slot: Slot) -> None:
        fleet = self.history.fleet
        if slot not in fleet.workers:
            assert not self.stopping or slot in fleet.services or not self.workers()
            return
        pool = fleet.pools[slot.pool]
        assert not self.stopping
        assert not fleet.halted
        assert slot.wanted
        assert len(pool.processes) <= max(1, pool.wanted) or not self.history.can_fork
        assert not pool.degraded or len(pool.processes) <= 1

    def check_worker(self, at: float, action: Action, process: Process) -> None:
        match action:
            case Tell(slot, mood):
                told = self.told.setdefault(process.pid, [])
                assert mood > max(told, default=Mood.RUNNING)
                assert mood is (self.mood or Mood.DRAINING) or (not self.stopping and mood is Mood.DRAINING)
                assert self.stopping or process.retired or not slot.wanted
                told.append(mood)
            case Hold() | Release():
                assert process.pid not in self.told
                assert not self.stopping
            case Dump():
                still = self.history.workers[process.pid].still_since
                assert still is not None
                assert at >= still + 130.0
                self.dumped[process.pid] = at
            case Kill():
                was_dumped = process.pid in self.dumped and at >= self.dumped[process.pid] + 2.0
                assert was_dumped or (at >= self.patience_ends() and process.pid in self.told)

    def check_service(self, at: float, action: Action, process: Process) -> None:
        told = self.told.setdefault(process.pid, [])
        match action:
            case Tell(_, mood):
                assert mood is self.mood
                assert mood > max(told, default=Mood.RUNNING)
                told.append(mood)
                self.dumped.setdefault(process.pid, at)
            case Kill():
                assert at >= self.dumped[process.pid] + SERVICE_PATIENCE
            case _:
                raise AssertionError(action)

    @property
    def mood(self) -> Mood:
        return max((mood for _, mood in self.wishes), default=Mood.RUNNING)

    @property
    def stopping(self) -> bool:
        return self.mood is not Mood.RUNNING

    def patience_ends(self) -> float:
        return min((at + patience_of(mood, self.limits) for at, mood in self.wishes), default=inf)

    # What must be true at any time

    @invariant()
    def no_process_is_in_two_slots(self) -> None:
        pids = [slot.pid for slot in self.history.living()]

        assert len(pids) == len(set(pids))

    @invariant()
    def no_two_slots_have_one_name(self) -> None:
        names = [slot.name for slot in self.history.fleet.slots]

        assert len(names) == len(set(names))

    @invariant()
    def performing_a_plan_empties_it(self) -> None:
        self.history.look()

        assert self.history.fleet.plan(self.history.now) == []

    @invariant()
    def the_master_never_turns_in_circles(self) -> None:
        wakes_at = self.history.fleet.wakes_at()

        assert wakes_at is None or wakes_at > self.history.now

    @invariant()
    def a_stop_only_gets_firmer(self) -> None:
        assert self.history.fleet.mood is self.mood

    @invariant()
    def an_empty_slot_is_filled_within_half_a_minute_if_there_is_room(self) -> None:
        fleet = self.history.fleet
        if self.stopping or fleet.halted:
            return
        for pool in fleet.pools.values():
            if len(pool.processes) < (1 if pool.degraded else pool.wanted) and pool.wanted:
                assert (self.history.sleep() or inf) <= 30.0 + ROUNDING

    @invariant()
    def workers_are_paused_as_their_pools_are(self) -> None:
        for pool in self.history.fleet.pools.values():
            staying = [process for process in pool.processes if process.is_ready and not process.is_leaving]
            assert self.stopping or all(process.paused == pool.paused or process.killed for process in staying)

    @invariant()
    def the_master_does_not_oversleep_the_end_of_patience(self) -> None:
        left = [slot for slot in self.workers() if slot.process and not slot.process.killed]
        if left and self.patience_ends() < inf:
            assert (self.history.fleet.wakes_at() or inf) <= self.patience_ends()

    @invariant()
    def a_fleet_is_done_when_it_is_to_stop_and_nobody_is_left(self) -> None:
        fleet = self.history.fleet

        assert fleet.done == (self.stopping and not self.history.living() and not fleet.needs_pruning)

    @invariant()
    def a_stop_waits_for_nothing_but_processes(self) -> None:
        if self.stopping and not self.history.living():
            assert self.history.fleet.done


TestEveryHistory = EveryHistory.TestCase
TestEveryHistory.settings = settings(max_examples=60, stateful_step_count=40)
