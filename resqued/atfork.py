"""What the standard library does around each fork, and need not where nothing can be amiss.

`threading`, `logging` and `concurrent.futures` have locks made anew in each child, for a thread that is missing there
might hold them. That touches so many pages that it costs a job as much again as its fork. In a process with one thread,
which holds none of these locks when it forks a job, there is nothing to make anew.

So their handlers are wrapped when they are registered, and `spare` says that they are not needed now. All others, the
application's and that of `random`, run as ever, and so do these when anybody else forks.
"""

import os
import sys
from _thread import _count, get_native_id
from collections.abc import Callable
from typing import Any

OURS = frozenset({"threading", "logging", "concurrent.futures.thread"})
Handler = Callable[[], object]

_register = os.register_at_fork
_spared = False
_main: Any = None  # thread
allowed = True  # `jobs.at_fork`


def register(
    *, before: Handler | None = None, after_in_child: Handler | None = None, after_in_parent: Handler | None = None
) -> None:
    """In the place of `os.register_at_fork`."""
    given = {"before": before, "after_in_child": after_in_child, "after_in_parent": after_in_parent}
    handlers = {name: handler for name, handler in given.items() if handler is not None}
    if sys._getframe(1).f_globals.get("__name__") in OURS:  # noqa: SLF001  who asks is not said otherwise
        handlers = {name: _wrapped(handler) for name, handler in handlers.items()}
    _register(**handlers)


def _wrapped(handler: Handler) -> Handler:
    def unless_spared() -> None:
        if not _spared:
            handler()

    return unless_spared


def spare() -> None:
    """From now on none of these handlers, if this process has one thread."""
    global _spared, _main  # noqa: PLW0603  handlers take no arguments
    _spared = allowed and _count() == 0  # threads besides the main one
    if _main is None and (threading := sys.modules.get("threading")):
        _main = threading.main_thread()


def spare_no_more() -> None:
    """As before; and in the child what of all that `threading` does is to be done nevertheless."""
    global _spared  # noqa: PLW0603  as above
    if _spared and _main is not None:
        _main._native_id = get_native_id()  # noqa: SLF001  it has no other way
    _spared = False


os.register_at_fork = register  # here and now: whoever imports this first of all comes before `threading`
