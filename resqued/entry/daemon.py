"""What `resqued -c FILE` is: a master, its workers, now and then a pruner, perhaps a Redis."""

import os
from collections.abc import Sequence
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

from resqued import atfork, chance, notes, processes, signals, stacks
from resqued.config import Config
from resqued.entry import becoming, estate, preloading
from resqued.entry.check import Check, fixed
from resqued.entry.children import SCHEDULER, SERVICE, Children
from resqued.entry.ground import Ground, size_of
from resqued.entry.herald import Herald
from resqued.entry.terms import check
from resqued.errors import ConfigError
from resqued.escalation import Mood
from resqued.fleet import Fleet, Limits, Slot
from resqued.handover import Handover, Heir
from resqued.interruption import Interrupted, interruptible
from resqued.log import log
from resqued.master import Master, Next
from resqued.processes import Exit
from resqued.protocol import moves
from resqued.reload import Reload
from resqued.scoreboard import Row
from resqued.signals import Inbox
from resqued.systemd import Notifier
from resqued.version import __version__
from resqued.worker.task import refuse_policies

if TYPE_CHECKING:
    from resqued.entry.exposing import Exposing

HOPELESS = 75  # exit status: no worker ever got ready; EX_TEMPFAIL of sysexits.h
LONGEST_START = 86400.0  # s without a beat while a first start imports: TimeoutStartSec says how long that may take
STARTS_WITHIN = 30.0  # s that an interpreter may take, beyond what the application may take


class Daemon:
    """One image of a master, from its configuration to its end, or to the next image.

    `text` is what `config` was read from. `before`: what the last image has left; `refusal`: why the file as it is now
    cannot be used, so that `config` is still the last image's. Raises ConfigError for what this machine cannot do.
    """

    def __init__(
        self, config: Config, text: str, file: Path, before: Handover | None = None, refusal: Sequence[str] = ()
    ) -> None:
        self._config, self._text, self._before, self._refusal = config, text, before, list(refusal)
        self._ground = Ground.of(config, file)
        check(config, str(file))
        self._origin = becoming.Origin(file)
        atfork.allowed = config.jobs.at_fork == "needed"
        _change_directory(config.daemon.chdir, str(file))
        self._registry = preloading.registry(config.jobs)

    def preload(self) -> None:
        """Import the application. Raises ConfigError with every mistake."""
        if self._config.jobs.preload == "master":
            preloading.in_master(self._registry, str(self._ground.file))
        else:
            self._registry.load(source=str(self._ground.file))
            if self._config.jobs.preload == "job":
                refuse_policies(self._registry.jobs.values(), str(self._ground.file))

    def run(self) -> int:
        """Until it has been asked to stop and everybody has left. Returns the exit status."""
        with estate.place("daemon.state_dir", self._ground.state):
            notes.make_directory(self._ground.state)
        self._estate = (
            estate.inherited(self._before, self._ground, self._config)
            if self._before
            else estate.founded(self._ground, self._config)
        )
        try:
            self._compose()
            self._load()
            while self._master.run() is Next.BECOME:
                self._become()
            self._herald.remove()
            if self._exposing:
                self._exposing.remove()
            self._check.remove()
            stacks.remove(self._ground.run)
        finally:
            self._estate.release()
            signals.block()  # the interpreter lets go of its handlers before it ends: a second INT would kill it there
        log.info("master.stopped")
        return HOPELESS if self._master.is_hopeless else 0

    def _compose(self) -> None:
        """Everything that can be had without the application. From here on signals are heard."""
        processes.adopt_orphans()
        moves.load_all()
        before, daemon = self._before, self._config.daemon
        log.follow(self._estate.boards.log_generation)
        self._inbox = Inbox(nohup=bool(before and before.nohup), shows_to=self._estate.shows)
        self._notifier = Notifier()
        self._fleet = self._new_fleet()
        self._reload = (
            Reload(daemon.reload_timeout, before.reload, before.asked_at) if before else Reload(daemon.reload_timeout)
        )
        self._check = Check(self._config, self._ground, self._origin)
        self._exposing = self._new_exposing()
        self._master = Master(
            self._fleet,
            self._reload,
            self,
            inbox=self._inbox,
            bell=self._estate.bell,
            boards=self._estate.boards,
            tokens=self._estate.tokens,
            control=self._estate.control,
            signal_pool=daemon.signal_pool or next(iter(self._config.pools)),
            doors=self._exposing.doors if self._exposing else (),
            figures=self._exposing.figures if self._exposing else None,
        )
        self._master.killed_jobs.update(before.killed_jobs if before else ())
        self._children = Children(
            self._config,
            self._ground,
            self._estate,
            registry=self._registry,
            inbox=self._inbox,
            killed_jobs=self._master.killed_jobs,
            workers=lambda: [process.pid for process in self._fleet.processes],
            places=self._exposing.figures.places if self._exposing else {},
        )
        self._herald = Herald(self._ground, self._estate, self._fleet, self._reload, self._notifier)
        self._herald.tell()

    def _new_fleet(self) -> Fleet:
        shutdown = self._config.shutdown
        fleet = Fleet(
            {name: size_of(pool) for name, pool in self._config.pools.items()},
            Limits(shutdown.grace, shutdown.term_timeout, shutdown.redis_timeout),
            generation=self._estate.generation,
            services=[SERVICE] if self._config.redis.embedded else [],
            roles=[SCHEDULER] if self._config.scheduler.enabled else [],
            chance=chance.fraction,
        )
        if self._before:
            self._before.bequeath(fleet)
        else:
            fleet.left_work()  # a predecessor may have been killed, and its workers
        return fleet

    def _new_exposing(self) -> "Exposing | None":
        if not self._config.metrics.is_wanted:
            return None
        from resqued.entry.exposing import Exposing  # noqa: PLC0415  what is not used stays out of a process that forks

        return Exposing(
            self._config,
            self._ground.file,
            estate=self._estate,
            fleet=self._fleet,
            reload=self._reload,
            before=self._before,
        )

    # the application

    def _load(self) -> None:
        """A first start ends if the application does not import; a master that has workers goes on with them."""
        if self._before is None:
            self._notifier.watchdog(LONGEST_START)  # systemd awaits beats from the first moment, before READY, too
        mistakes = self._refusal or self._mistakes_in_application()
        if self._fleet.mood is not Mood.RUNNING:
            return
        if self._before is None and mistakes:
            raise ConfigError(str(self._ground.file), mistakes)
        if mistakes:
            self._go_on_without(mistakes)
        self._report_start()
        self._notifier.watchdog()

    def _mistakes_in_application(self) -> Sequence[str]:
        if self._config.jobs.preload != "master":
            return ()
        try:
            with interruptible(self._config.daemon.reload_timeout if self._before else 0):
                self._master.hear()  # a stop may have come before it could interrupt anything
                if self._fleet.mood is Mood.RUNNING:
                    self.preload()
        except ConfigError as error:
            return error.mistakes
        except Interrupted as error:
            return [f"the application {error}"]
        finally:
            preloading.take_back_signals(self._inbox)
            self._master.hear()
        return ()

    def _go_on_without(self, mistakes: Sequence[str]) -> None:
        self._master.refuse_reload(mistakes)
        if not self._refusal or self._mistakes_in_application():
            self._fleet.halt("the application does not import; reload when it does")

    def _report_start(self) -> None:
        facts = {"config": str(self._ground.file), "workers": len(self._fleet.workers), "version": __version__}
        if self._before is None:
            log.info("master.started", **facts)
        elif self._reload.accept(monotonic()):
            log.info("reload.accepted", **facts, generation=self._estate.generation)

    # the next image

    def _become(self) -> None:
        signals.block()
        self._master.hear()
        if self._fleet.mood is Mood.RUNNING:
            self._notifier.watchdog(self._config.daemon.reload_timeout + STARTS_WITHIN)
            error = becoming.become(self._handover(), self._origin)
            self._master.refuse_reload([f"the new version could not be started: {error}"])
            self._notifier.watchdog()
        signals.unblock()

    def _handover(self) -> Handover:
        fleet, own = self._fleet, self._estate
        return Handover(
            generation=own.generation,
            started_at=own.started_at,
            text=self._text,
            nohup=self._inbox.nohup,
            fixed=fixed(self._config),
            boards={generation: str(file) for generation, file in own.boards.files.items()},
            lifeline=own.lifeline.pipe,
            bell=own.bell.pipe,
            tokens={pool: token.pipe for pool, token in own.tokens.items()},
            lock=own.lock.fileno(),
            hold=own.hold.fileno() if own.hold else None,
            control=own.control.fileno() if own.control else None,
            metrics=own.metrics.fileno() if own.metrics else None,
            metrics_at=self._config.metrics.listen,
            totals=self._exposing.totals() if self._exposing else None,
            workers=[Heir.of(slot) for slot in fleet.workers if slot.process],
            of_the_house=[Heir.of(slot) for slot in fleet.house.slots if slot.process],
            paused=[pool.name for pool in fleet.pools.values() if pool.paused],
            all_paused=all(pool.paused for pool in fleet.pools.values()),
            needs_pruning=fleet.needs_pruning,
            killed_jobs=list(self._master.killed_jobs),
            reload=self._reload.last,
            asked_at=self._reload.asked_at,
        )

    # what the master has done

    def spawn(self, slot: Slot, row: Row | None) -> int:
        paused = slot.pool in self._fleet.pools and self._fleet.pools[slot.pool].paused
        return self._children.spawn(slot, row, paused=paused)

    def start_check(self) -> int:
        return self._check.start()

    def reasons(self, ended: Exit) -> list[str]:
        return self._check.reasons(ended)

    def tell(self) -> float | None:
        due = self._herald.tell(), self._exposing.tell() if self._exposing else None
        return min((at for at in due if at is not None), default=None)


def _change_directory(directory: str, source: str) -> None:
    if directory:
        try:
            os.chdir(directory)
        except OSError as error:
            raise ConfigError(source, [f"daemon.chdir: {directory} cannot be entered: {error.strerror}"]) from None
