"""How the job of this process is stopped from outside: `JobTerminated` in it, or its task cancelled if it is async.

The worker's signal handler in a job's process is `ask`. What there is to stop says how (`heed`); between jobs, and
while a verdict is being made, nothing does, and asking interrupts nothing.
"""

from collections.abc import Callable

from resqued.errors import JobTerminated

Stop = Callable[[], None] | None

_stop: Stop = None
_asked = False


def ask(*_signal: object) -> None:
    """Stop the job, now if it can be stopped, else as soon as it can. May be called again and again."""
    global _asked  # noqa: PLW0603  a signal handler has no other place to write to
    _asked = True
    if _stop is not None:
        _stop()


def asked() -> bool:
    """Whether this process has been asked to stop its job. However the job ends then, it was cut short."""
    return _asked


def terminate() -> None:
    """The way to stop what runs on this thread."""
    raise JobTerminated("asked to stop")


def heed(stop: Stop) -> Stop:
    """From now on `ask` calls `stop`; None: it only takes note. The way until now is returned."""
    global _stop
    before, _stop = _stop, stop
    return before
