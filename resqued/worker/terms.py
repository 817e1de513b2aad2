"""The terms on which a worker works."""

from dataclasses import dataclass
from typing import Literal

from resqued.escalation import Patience

Interrupted = Literal["requeue", "fail"]


@dataclass(frozen=True, slots=True)
class Terms:
    """Of one pool. Times in seconds."""

    slot: str  # the worker's name on this machine, `pool.number`
    timeout: float  # a job may run; 0: for ever
    interrupted: Interrupted  # what becomes of a job that our own stop cuts short
    patience: Patience
    redis_timeout: float  # to wait for Redis when leaving
    put_back: int = 0  # how often its job may be put back if this worker dies; 0: it fails
    log_args: bool = False  # whether the arguments of jobs may stand in the log
