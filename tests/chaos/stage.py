"""All that a run has started: a server, a proxy and a master for each host, and the files of the ledger."""

import signal
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from tests.chaos.crowd import bury_orphans, crowd, parent_of, title_of
from tests.chaos.masters import Master, Policy
from tests.chaos.script import Whom
from tests.chaos.server import Server, serving
from tests.support import proxy as proxies
from tests.support.processes import children, kill_families


@dataclass(frozen=True)
class Stage:
    server: Server
    masters: Sequence[Master]
    ledger: Path
    helpers: frozenset[int]  # other children of this process

    def crowd(self) -> Mapping[Whom, list[psutil.Process]]:
        return crowd(self._heads, without=self.helpers | self.server.pids)

    @property
    def _heads(self) -> set[int]:
        return {pid for master in self.masters for pid in master.pids}

    def tend(self) -> list[Master]:
        """Bury the dead. The masters that do not run."""
        down = [master for master in self.masters if master.has_ended]
        bury_orphans(self._heads | self.helpers | self.server.pids)
        return down

    def everybody(self) -> list[psutil.Process]:
        return [one for some in self.crowd().values() for one in some]

    def workers_of(self, master: Master) -> list[psutil.Process]:
        return [worker for worker in self.crowd()[Whom.WORKER] if parent_of(worker) in master.pids]

    def busy_workers_of(self, master: Master) -> list[psutil.Process]:
        return [worker for worker in self.workers_of(master) if "Forked" in title_of(worker.pid)]

    def are_all_up(self) -> bool:
        """Whether every master has a worker."""
        return all(self.workers_of(master) for master in self.masters)

    def calm(self) -> None:
        """Whatever was stopped, broken or held goes on."""
        self.server.start()
        for master in self.masters:
            master.proxy.behave()
        for one in self.everybody():
            with suppress(psutil.NoSuchProcess):
                one.send_signal(signal.SIGCONT)


@contextmanager
def staged(directory: Path, *, masters: int, workers: int, policy: Policy) -> Iterator[Stage]:
    """Ready to start. Nothing of it is left when the block ends but files in `directory`."""
    for name in ("ledger", "claims"):
        (directory / name).touch()
    with ExitStack() as held:
        server = held.enter_context(serving())
        nets = [held.enter_context(proxies.before(server.port)) for _ in range(masters)]
        hosts = [Master(number, workers, policy, net, directory) for number, net in enumerate(nets)]
        helpers = frozenset(children() - server.pids)
        stage = Stage(server, hosts, directory / "ledger", helpers)
        held.callback(_end, stage)
        yield stage


def _end(stage: Stage) -> None:
    """However the run ended: kill what is still there. A stopped process does not notice that its master is gone."""
    deadline = time.monotonic() + 10
    while (left := children() - stage.helpers - stage.server.pids) and time.monotonic() < deadline:
        kill_families(left)
