"""The terms on which a worker works."""

from dataclasses import dataclass
from typing import Literal

from resqued.escalation import Patience
from resqued.guise import Guise
from resqued.joblimits import JobLimits
from resqued.tries import NEVER, RetryPolicy

Interrupted = Literal["requeue", "fail"]


@dataclass(frozen=True, slots=True)
class Limits:
    """Of one job. 0: no limit."""

    timeout: float = 0.0  # seconds
    memory: int = 0  # bytes


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
    jobs_per_fork: int = 1  # that one process performs, one after the other
    standby: bool = True  # whether a process for the next job is forked while there is none
    max_jobs: int = 0  # that a worker performs before it makes room for a new one; 0: no limit
    max_age: float = 0.0  # of a worker; 0: no limit
    max_memory: int = 0  # bytes that a worker itself may have between jobs; 0: no limit
    memory: int = 0  # bytes that a job may use; 0: no limit
    guise: Guise | None = None  # in which a job runs; None: as its worker does
    retry: RetryPolicy = NEVER  # of jobs that fail, where their class does not say itself

    def limits(self, own: JobLimits) -> Limits:
        """Of a job whose class says this."""
        return Limits(
            self.timeout if own.timeout is None else own.timeout, self.memory if own.memory is None else own.memory
        )
