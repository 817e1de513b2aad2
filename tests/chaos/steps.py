"""Masters in which somebody dies at a certain step: a process that forks them on order, in no time.

Nothing of resqued knows of this: functions that stand for the steps are wrapped in the fork, before the master begins.
Orders are lines of JSON on standard input, each answered by one line; the end of the input is the end of the process.
"""

import json
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any, Literal

from resqued import coroner, notes, performer, processes
from resqued.cli.resqued import main
from resqued.master.burial import Burial
from resqued.notes import Notebook
from resqued.processes import job
from resqued.protocol.moves import move
from resqued.store.pruning import Pruning
from resqued.store.slate import Slate
from resqued.wire.lean import LeanWire
from resqued.worker.books import Books
from resqued.worker.diary import Diary
from resqued.worker.task import Application


def _always(*_: object) -> bool:
    return True


def _is_of_a_queue(*facts: Any) -> bool:
    """Whether one of these is a job, and none of a rehearsal."""
    return any(getattr(fact, "run", 0) for fact in facts)


def _asks_for(name: str) -> Callable[..., bool]:
    """Whether a command to Redis is this move (told the answer, the wire and the command)."""
    wanted = move(name)
    return lambda _answer, _wire, _how, what="", *_: what in (wanted.sha, wanted.text)


@dataclass(frozen=True, slots=True)
class Step:
    """A call, before or after which somebody dies: who makes it, or the parent of who makes it."""

    when: Literal["before", "after"]
    owner: Any  # a module or a class
    name: str
    victim: Callable[[], int] = os.getpid
    only: Callable[..., bool] = _always  # told the arguments; after the call, the result comes first


STEPS: Mapping[str, Step] = {
    # a worker and its Redis
    "it registers": Step("before", Slate, "register"),
    "it is registered and does not know": Step("after", LeanWire, "call", only=_asks_for("register")),
    "it reserves": Step("before", Slate, "reserve"),
    "it has reserved and does not know": Step("after", LeanWire, "call", only=_asks_for("reserve")),
    "it looks the job up": Step("before", Application, "job", only=_is_of_a_queue),
    "it forks": Step("before", processes, "start_job"),
    "it has forked": Step("after", processes, "start_job"),
    "the job has ended, and its verdict is not read": Step("before", job.Child, "_takes_in"),
    "it notes the end": Step("before", Notebook, "note"),
    "it is in the middle of the note": Step("before", notes, "crc32"),
    "it has noted the end": Step("after", Notebook, "note"),
    "it settles": Step("before", Slate, "settle"),
    "Redis settles, and it tells of the end": Step("before", Diary, "report"),
    "it has settled and does not know": Step("after", LeanWire, "call", only=_asks_for("settle")),
    "it has settled": Step("after", Books, "settle"),
    "it unregisters": Step("before", Slate, "unregister"),
    "it has unregistered and does not know": Step("after", LeanWire, "call", only=_asks_for("unregister")),
    # a worker, seen from its job
    "its job begins": Step("before", performer, "perform", victim=os.getppid, only=_is_of_a_queue),
    "its job has performed": Step("after", performer, "perform", victim=os.getppid, only=_is_of_a_queue),
    "its job writes its verdict": Step("before", job, "_write", victim=os.getppid),
    # a job
    "the job begins": Step("before", performer, "perform", only=_is_of_a_queue),
    "the job has performed": Step("after", performer, "perform", only=_is_of_a_queue),
    # a pruner
    "the pruner looks": Step("before", Pruning, "registered"),
    "the pruner prunes": Step("before", Pruning, "prune"),
    "the pruner has pruned and does not know": Step("after", LeanWire, "call", only=_asks_for("prune")),
    "the pruner has pruned": Step("after", coroner, "prune"),
    # a master
    "the master clears up": Step("before", Burial, "_clear_up_after"),
    "the master has cleared up": Step("after", Burial, "_clear_up_after"),
}


def _wrap(step: Step, mark: Path) -> None:
    """The first who comes to the step leaves the mark, whoever it kills, and is not heard of again."""
    original = getattr(step.owner, step.name)

    @wraps(original)
    def stepping(*arguments: Any, **named: Any) -> Any:
        if step.when == "before" and step.only(*arguments):
            _die(step, mark)
        result = original(*arguments, **named)
        if step.when == "after" and step.only(result, *arguments):
            _die(step, mark)
        return result

    setattr(step.owner, step.name, stepping)


def _die(step: Step, mark: Path) -> None:
    try:
        with mark.open("x") as out:
            out.write(f"{step.victim()} {time.monotonic_ns()}")
    except FileExistsError:
        return
    os.kill(step.victim(), signal.SIGKILL)
    signal.pause()  # if it was the parent: this process follows it


def _start(*, config: str, log: str, marks: Mapping[str, str], environment: Mapping[str, str]) -> int:
    """The pid of a master. `marks`: steps, and the file that the first who comes there leaves."""
    if pid := os.fork():
        return pid
    try:
        with Path(log).open("ab") as out, Path(os.devnull).open("rb") as null:
            for stream, descriptor in ((null, 0), (out, 1), (out, 2)):
                os.dup2(stream.fileno(), descriptor)
        os.environ.update(environment)
        for name, mark in marks.items():
            _wrap(STEPS[name], Path(mark))
        os._exit(main(["-c", config]))
    except BaseException:  # noqa: BLE001  whatever it was, it must not take orders
        traceback.print_exc()
        os._exit(1)


def _wait(pid: int) -> int:
    """Its exit status; less than 0 for a signal."""
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def _obey() -> None:
    for line in sys.stdin:
        order = json.loads(line)
        print(_wait(order["wait"]) if "wait" in order else _start(**order), flush=True)


if __name__ == "__main__":
    _obey()
