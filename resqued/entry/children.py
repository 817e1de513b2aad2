"""What the master's forks are: a worker, a pruner, a scheduler, the program of an embedded Redis."""

import os
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from types import ModuleType

from resqued import chance, embedded, performer, places, processes, systemd
from resqued.backoff import Backoff
from resqued.config import Config
from resqued.duty import Duty
from resqued.entry import preloading
from resqued.entry.estate import Estate
from resqued.entry.ground import Ground
from resqued.entry.post import Post, host, work
from resqued.entry.rehearsal import rehearse
from resqued.entry.terms import terms
from resqued.escalation import Mood
from resqued.fleet import PRUNER, Slot
from resqued.interruption import STOPS, Stopped, interruptible
from resqued.log import log
from resqued.master import ORPHANS, STILL_REGISTERED
from resqued.protocol.keys import Keys
from resqued.pruner import Pruner
from resqued.rates import Rates
from resqued.registry import Registry
from resqued.scoreboard import Row
from resqued.signals import Inbox
from resqued.store.pruning import Pruning
from resqued.version import __version__
from resqued.whereabouts import whereabouts
from resqued.wire import lean
from resqued.worker import Application
from resqued.worker.ears import Ears

SERVICE = "redis"  # the slot of an embedded Redis
SCHEDULER = "scheduler"
CONFIG, CRASH = 78, 1  # exit statuses: EX_CONFIG of sysexits.h, and anything else


def _tracing() -> ModuleType:
    from resqued import tracing  # noqa: PLC0415  OpenTelemetry is large, and the daemon forks

    return tracing


class Children:
    """`inbox` is the master's; `killed_jobs`: sessions whose end a pruner has to wait for; `workers`: pids of now.

    `places`: where the jobs of each pool are counted; none: they are not.
    """

    def __init__(
        self,
        config: Config,
        ground: Ground,
        estate: Estate,
        *,
        registry: Registry,
        inbox: Inbox,
        killed_jobs: Collection[int],
        workers: Callable[[], Collection[int]],
        places: Mapping[str, Sequence[str]],
    ) -> None:
        self._config, self._ground, self._estate, self._registry = config, ground, estate, registry
        self._inbox, self._killed_jobs, self._workers, self._places = inbox, killed_jobs, workers, places
        self._tracing = _tracing() if config.jobs.tracing else None
        self._application = Application(
            registry,
            self._tracing.traced(performer.perform) if self._tracing else performer.perform,
            performer.failed,
            max_payload=config.jobs.max_payload,
            finish=self._tracing.finish if self._tracing else None,
            rehearse=rehearse,
        )
        self._server = embedded.command(embedded.find_server(), ground.redis) if config.redis.embedded else []

    def spawn(self, slot: Slot, row: Row | None, *, paused: bool) -> int:
        """Returns the pid. Raises OSError if there can be no more processes."""
        if slot.name == SERVICE:
            assert self._estate.hold is not None
            return processes.spawn_program(self._server, keep=self._estate.hold.fileno())
        if slot.name == PRUNER:
            return processes.spawn(self._be_pruner)
        if row is None:
            return processes.spawn(self._be_scheduler)
        return processes.spawn(partial(self._be_worker, slot, row, paused=paused))

    def _forget_what_is_the_masters(self) -> None:
        self._inbox.forget()
        self._estate.forget()
        systemd.forget()

    def _be_worker(self, slot: Slot, row: Row, *, paused: bool) -> int:
        """In a fork of the master: let go of what is the master's, and work."""
        self._forget_what_is_the_masters()
        for pool, token in self._estate.tokens.items():
            if pool != slot.pool:
                token.forget()
        if self._config.redis.embedded:  # it is started with us; without this every start would look like an outage
            embedded.wait_for(embedded.socket_path(self._ground.redis), seconds=5.0)
        inbox = Inbox(shows_to=self._estate.shows)
        log.carry(slot=slot.name)
        if self._config.jobs.preload == "worker" and (status := self._preload(inbox)) is not None:
            return status
        if self._tracing:
            self._tracing.prepare()
        gone = work(
            self._post(slot),
            self._application,
            token=self._estate.tokens[slot.pool],
            row=row,
            inbox=inbox,
            lifeline=self._estate.lifeline,
            bell=self._estate.bell,
            paused=paused,
        )
        return 0 if gone else STILL_REGISTERED

    def _be_scheduler(self) -> int:
        self._forget_what_is_the_masters()  # first: should the master die while this imports, the next needs its lock
        inbox = Inbox(shows_to=self._estate.shows)
        from resqued.entry.scheduling import schedule  # noqa: PLC0415  the master forks: what only a scheduler has

        log.carry(slot=SCHEDULER)
        schedule(self._config, self._ground.file, inbox=inbox, lifeline=self._estate.lifeline)
        return 0

    def _preload(self, inbox: Inbox) -> int | None:
        """In a worker: the status to exit with; None if the application is there. No stop waits for an import."""
        try:
            with interruptible():
                if inbox.has(STOPS):  # it came before it could interrupt anything
                    return 0
                imports = preloading.in_worker(self._registry, str(self._ground.file))
        except Stopped:
            return 0
        preloading.take_back_signals(inbox)
        return None if imports else CONFIG

    def _post(self, slot: Slot) -> Post:
        config, pool = self._config, self._config.pools[slot.pool]
        return Post(
            slot.pool,
            slot.number,
            pool.queues,
            pool.order,
            pool.interval,
            terms(config, slot.pool, slot.number),
            places.redis_address(config, self._ground.file),
            Keys(config.redis.namespace),
            config.worker.hostname,
            config.failed.max,
            config.failed.max_age,
            Rates(config.limits.rates),
            self._ground.state,
            self._places.get(slot.pool, ()),
        )

    def _be_pruner(self) -> int:
        """In a fork of the master: settle what dead workers have left."""
        self._forget_what_is_the_masters()
        processes.set_title(f"resqued-{__version__}: pruning for {self._ground.file}")
        processes.wait_until_gone(self._killed_jobs, within=2.0)
        config, address = self._config, places.redis_address(self._config, self._ground.file)
        pruner = Pruner(
            Pruning(lean.connect(address, name="resqued:pruner"), Keys(config.redis.namespace)),
            self._ground.state,
            whereabouts(),
            backoff=Backoff(first=0.1, most=10.0, chance=chance.fraction),
            redis_timeout=config.shutdown.redis_timeout,
            host=host(config.worker.hostname),
            master=os.getppid(),
            children=self._workers(),
        )
        duty = Duty(interval=1.0, backoff=Backoff(first=1.0, most=1.0, chance=chance.fraction))
        ears = Ears(duty, Inbox(shows_to=self._estate.shows), self._estate.lifeline)

        def sleep(until: float) -> Mood:
            ears.wait(until)
            return duty.mood

        if not pruner.run(sleep):
            return CRASH
        return ORPHANS if pruner.left_alive else 0
