"""`resqued`, a program, in which something happens at a certain step of a reload.

TEST_STEP is one of STEPS, TEST_ACT a piece of Python that is executed there, in which `master` is the pid of the
master, TEST_MARK a file: whoever comes to the step first makes it. Nothing of resqued knows of this: functions that
stand for the steps are wrapped before the image begins.
"""

import os
import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any, Literal

import psutil

from resqued.cli.resqued import main
from resqued.entry import becoming, estate, preloading
from resqued.entry.children import Children
from resqued.entry.daemon import Daemon

Image = Literal["check", "old", "new"]


@dataclass(frozen=True, slots=True)
class Step:
    """A call in one of the three processes that take part."""

    image: Image
    when: Literal["before", "after"]
    owner: Any  # a module or a class
    name: str


STEPS: Mapping[str, Step] = {
    "the check imports the application": Step("check", "before", Daemon, "preload"),
    "the check has passed": Step("check", "after", Daemon, "preload"),
    "the master knows that it has": Step("old", "before", Daemon, "_become"),
    "the master blocks signals": Step("old", "before", becoming, "become"),
    "the new image begins": Step("new", "before", becoming, "inherited"),
    "it inherits": Step("new", "before", estate, "inherited"),
    "it hears signals": Step("new", "after", Daemon, "_compose"),
    "it imports the application": Step("new", "before", preloading, "in_master"),
    "it has imported the application": Step("new", "after", preloading, "in_master"),
    "it is about to say so": Step("new", "before", Daemon, "_report_start"),
    "it has forked the first successor": Step("new", "after", Children, "spawn"),
}


def _image() -> Image:
    if "-t" in sys.argv:
        return "check"
    return "new" if becoming.ENVIRONMENT in os.environ else "old"


def _wrap(step: Step, act: Callable[[], None]) -> None:
    original = getattr(step.owner, step.name)

    @wraps(original)
    def stepping(*arguments: Any, **named: Any) -> Any:
        if step.when == "before":
            act()
        result = original(*arguments, **named)
        if step.when == "after":
            act()
        return result

    setattr(step.owner, step.name, stepping)


def _act() -> None:
    try:
        Path(os.environ["TEST_MARK"]).touch(exist_ok=False)
    except FileExistsError:
        return
    master = os.getppid() if _image() == "check" else os.getpid()
    exec(os.environ["TEST_ACT"], {"master": master, "os": os, "signal": signal, "psutil": psutil})


if __name__ == "__main__":
    if (step := STEPS[os.environ["TEST_STEP"]]).image == _image():
        _wrap(step, _act)
    sys.exit(main())
