"""What `resqued -c FILE` is: a master, its workers, now and then a pruner, perhaps a Redis."""

import gc
import random
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from resqued import embedded, notes, performer, places, processes
from resqued.backoff import Backoff
from resqued.config import Config
from resqued.duty import Duty
from resqued.entry.post import Post, work
from resqued.errors import ConfigError
from resqued.escalation import Mood, Patience
from resqued.fleet import PRUNER, Fleet, Limits, Slot
from resqued.lifeline import Lifeline
from resqued.log import log
from resqued.master import STILL_REGISTERED, Master
from resqued.protocol import moves
from resqued.protocol.keys import Keys
from resqued.pruner import Pruner
from resqued.registry import Registry
from resqued.scoreboard import Scoreboard
from resqued.signals import Inbox
from resqued.store.pruning import Pruning
from resqued.store.vigil import Token
from resqued.version import __version__
from resqued.whereabouts import whereabouts
from resqued.wire import lean
from resqued.worker import Application, Terms
from resqued.worker.ears import Ears

SERVICE = "redis"  # the slot of an embedded Redis
CONFIG, CRASH = 78, 1  # exit statuses: EX_CONFIG of sysexits.h, and anything else


class Daemon:
    """One master, from its configuration to its end."""

    def __init__(self, config: Config, file: Path) -> None:
        self._config, self._file = config, file
        self._registry = Registry(config.jobs.modules, config.jobs.names, path=config.jobs.path)
        self._application = Application(
            self._registry, performer.perform, performer.failed, max_payload=config.jobs.max_payload
        )
        self._hold: embedded.Hold | None = None
        self._posts = [_post(config, file, pool, number) for pool, number in _places(config)]

    def preload(self) -> None:
        """Import the application, and keep what it made out of the garbage collector's sight: forks share it.

        Raises ConfigError if it does not import, or has started threads, which no fork survives.
        """
        self._registry.load(source=str(self._file))
        if threads := _threads():
            raise ConfigError(str(self._file), [_about(threads) + '; use jobs.preload = "worker" or "job"'])
        gc.collect()
        gc.freeze()

    def run(self) -> int:
        """Until it has been asked to stop and everybody has left. Returns the exit status."""
        with ExitStack() as held:
            if self._config.redis.embedded:
                self._directory = places.embedded_directory(self._config, self._file)
                self._server = embedded.command(embedded.find_server(), self._directory)
                self._hold = held.enter_context(embedded.prepare(self._directory))
            moves.load_all()
            notes.make_directory(places.state_directory(self._config, self._file))
            self._board = Scoreboard(len(self._posts), places.run_directory(self._config, self._file))
            held.callback(self._board.remove)
            log.info("master.started", config=str(self._file), workers=len(self._posts), version=__version__)
            self._master = self._made()
            self._master.run()
        log.info("master.stopped")
        return 0

    def _made(self) -> Master:
        processes.set_title(f"resqued-{__version__}: master {self._file}, {len(self._posts)} workers")
        processes.adopt_orphans()
        self._inbox, self._lifeline = Inbox(), Lifeline()
        self._tokens = {pool: Token() for pool in self._config.pools}
        shutdown = self._config.shutdown
        fleet = Fleet(
            {name: pool.workers for name, pool in self._config.pools.items()},
            Limits(shutdown.grace, shutdown.term_timeout, shutdown.redis_timeout),
            services=[SERVICE] if self._config.redis.embedded else [],
            chance=random.random,
        )
        return Master(fleet, spawn=self._spawn, inbox=self._inbox, board=self._board, tokens=self._tokens)

    def _spawn(self, slot: Slot) -> int:
        if slot.name == SERVICE:
            assert self._hold is not None
            return processes.spawn_program(self._server, keep=self._hold.fileno())
        return processes.spawn(self._be_pruner if slot.name == PRUNER else partial(self._be_worker, slot))

    def _be_pruner(self) -> int:
        """In a fork of the master: settle what dead workers have left."""
        self._forget_what_is_the_masters()
        processes.set_title(f"resqued-{__version__}: pruning for {self._file}")
        processes.wait_until_gone(self._master.killed_jobs, within=2.0)
        config, address = self._config, places.redis_address(self._config, self._file)
        pruner = Pruner(
            Pruning(lean.connect(address, name="resqued:pruner"), Keys(config.redis.namespace)),
            places.state_directory(config, self._file),
            whereabouts(),
            backoff=Backoff(first=0.1, most=10.0, chance=random.random),
            redis_timeout=config.shutdown.redis_timeout,
        )
        duty = Duty(interval=1.0, backoff=Backoff(first=1.0, most=1.0, chance=random.random))
        ears = Ears(duty, Inbox(), self._lifeline)

        def sleep(until: float) -> Mood:
            ears.wait(until)
            return duty.mood

        return 0 if pruner.run(sleep) else CRASH

    def _be_worker(self, slot: Slot) -> int:
        """In a fork of the master: let go of what is the master's, and work."""
        self._forget_what_is_the_masters()
        if self._config.redis.embedded:  # it is started with us; without this every start would look like an outage
            embedded.wait_for(embedded.socket_path(self._directory), seconds=5.0)
        for pool, token in self._tokens.items():
            if pool != slot.pool:
                token.forget()
        inbox = Inbox()
        log.carry(slot=slot.name)
        if self._config.jobs.preload == "worker" and not self._preload_in_worker():
            return CONFIG
        gone = work(
            self._posts[slot.row],
            self._application,
            token=self._tokens[slot.pool],
            row=self._board.row(slot.row),
            inbox=inbox,
            lifeline=self._lifeline,
        )
        return 0 if gone else STILL_REGISTERED

    def _forget_what_is_the_masters(self) -> None:
        self._inbox.forget()
        self._lifeline.hold()
        if self._hold:  # a process that a job leaves behind would keep the directory locked
            self._hold.close()

    def _preload_in_worker(self) -> bool:
        try:
            self._registry.load(source=str(self._file))
        except ConfigError as error:
            for mistake in error.mistakes:
                log.error("config.refused", mistake=mistake)
            return False
        if threads := _threads():
            log.warning("application.has_threads", threads=threads, then="they are missing in jobs")
        gc.collect()
        gc.freeze()
        return True


def _places(config: Config) -> Iterator[tuple[str, int]]:
    """Each worker's pool and number, in the order of the scoreboard's rows."""
    return ((name, number) for name, pool in config.pools.items() for number in range(pool.workers))


def _post(config: Config, file: Path, name: str, number: int) -> Post:
    pool, shutdown = config.pools[name], config.shutdown
    terms = Terms(
        slot=f"{name}.{number}",
        timeout=pool.timeout,
        interrupted=pool.interrupted,
        patience=Patience(shutdown.grace, shutdown.term_timeout),
        redis_timeout=shutdown.redis_timeout,
        put_back=pool.worker_lost_limit if pool.worker_lost == "requeue" else 0,
        log_args=config.log.args,
    )
    return Post(
        name,
        number,
        pool.queues,
        pool.order,
        pool.interval,
        terms,
        places.redis_address(config, file),
        Keys(config.redis.namespace),
        config.worker.hostname,
        places.state_directory(config, file),
    )


def _threads() -> list[str]:
    """Names of the Python threads besides this one."""
    threading = sys.modules.get("threading")  # who has not imported it has started none
    return [] if threading is None else [t.name for t in threading.enumerate() if t is not threading.main_thread()]


def _about(threads: Sequence[str]) -> str:
    return f"the application starts threads when it is imported, and a fork leaves them behind: {', '.join(threads)}"
