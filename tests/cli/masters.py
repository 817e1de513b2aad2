"""A master as `resquectl` sees it: its run directory, and a process that answers a HUP as it is told to."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from time import time
from typing import Any

from resqued import config, places, status
from resqued.status import Status
from resqued.whereabouts import whereabouts

CONFIG = """
[redis]
url = "redis://127.0.0.1:1"
[jobs]
modules = ["app.jobs"]
[pools.mail]
queues = ["*"]
[daemon]
run_dir = "{directory}"
"""


@dataclass(frozen=True)
class Place:
    """A configuration, of which no Redis listens, and the run directory of its master."""

    file: Path
    directory: Path

    def write(self, **facts: Any) -> Status:
        """What a master says that is this process, and runs, unless `facts` say something else."""
        said = Status(**{**asdict(whereabouts()), **self._rest, **facts})
        status.write(self.directory, said)
        return said

    @property
    def _rest(self) -> Mapping[str, Any]:
        return {"version": "1.0.0", "config": str(self.file), "generation": 1, "started_at": time() - 7200}


def place(directory: Path) -> Place:
    file = directory / "resqued.toml"
    file.write_text(CONFIG.format(directory=directory))
    there = places.run_directory(config.parse(file.read_text(), str(file)), file)
    status.make_directory(there)
    return Place(file, there)


def a_pid_that_is_gone() -> int:
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
    return pid


PR_SET_DUMPABLE = 4
MASTER = """
import ctypes, encodings.ascii, os, signal, sys
from pathlib import Path
from resqued import scoreboard, status
from resqued.status import ReloadStatus
from tests.cli.masters import Place

place = Place(Path(sys.argv[1]), Path(sys.argv[2]))

def reload(number, began, state, *reason):
    return ReloadStatus(number=number, asked_at_ms=began, began_ms=began, state=state, reason=reason, at=1790000000.0)

{start}
before = {before}
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGHUP])
place.write(reload=before)
print("ready", flush=True)
signal.sigwait([signal.SIGHUP])
now = scoreboard.now()
{answer}
signal.sigwait([signal.SIGTERM])
"""


@contextmanager
def master(
    place: Place, answer: str = "", before: str = "None", user: int | None = None
) -> Iterator[subprocess.Popen[str]]:
    """A process that is the master of this place. `answer`: statements that it runs when it hears a HUP.

    `before`: its status says this of reloads until then. `user`: whose process it is, for root.
    """
    start = "" if user is None else f"os.setuid({user}); ctypes.CDLL(None).prctl({PR_SET_DUMPABLE}, 1)"  # as by exec
    program = MASTER.format(answer=answer, before=before, start=start)
    argv = [sys.executable, "-c", program, str(place.file), str(place.directory)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            yield process
        finally:
            process.kill()


def has_a_hup_waiting(pid: int) -> bool:
    """Whether a process that has HUP blocked was sent one."""
    facts = dict(line.split(":\t") for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return bool(int(facts["ShdPnd"], 16) & 1)
