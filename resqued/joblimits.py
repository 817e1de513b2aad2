"""What a job class says of itself, and not its pool: `timeout = 30`, `concurrency = 3`, `retry = {"limit": 3}`."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, partial
from sys import float_info

from resqued import concurrency, jobpolicies
from resqued.concurrency import Concurrency
from resqued.config.kinds import size
from resqued.tries import RetryPolicy
from resqued.unique import UniquePolicy


@dataclass(frozen=True, slots=True)
class JobLimits:
    """0: no limit. None: the class leaves it to the pool."""

    timeout: float | None = None  # seconds
    memory: int | None = None  # bytes
    retry: RetryPolicy | None = None
    unique: UniquePolicy | None = None  # None: there may be any number of its jobs
    concurrency: Concurrency | None = None  # None: as many at a time as there are workers


UNSTATED = JobLimits()  # the same one for all classes that say nothing


@cache
def of(job_class: type) -> JobLimits:
    """The limits of `job_class`, its own or inherited ones. Found once, before there is a fork.

    Raises ValueError if `mistakes` has something to say.
    """
    found = JobLimits(
        _seconds(_stated(job_class, "timeout")),
        _bytes(_stated(job_class, "memory")),
        jobpolicies.retry(_stated(job_class, "retry")),
        jobpolicies.unique(_stated(job_class, "unique"), job_class),
        concurrency.of(job_class, _stated(job_class, "concurrency")),
    )
    return UNSTATED if found == UNSTATED else found


def mistakes(job_class: type) -> Iterator[str]:
    """What is wrong with what `job_class` says, each with the name of the attribute."""
    readers: dict[str, Callable[[object], object]] = {**READ, "concurrency": partial(concurrency.of, job_class)}
    for name, read in readers.items():
        try:
            read(_stated(job_class, name))
        except ValueError as error:
            yield f"{name}: {error}"
    yield from jobpolicies.mistakes(job_class)


def _stated(job_class: type, name: str) -> object:
    return getattr(job_class, name, None)


def _seconds(value: object) -> float | None:
    match value:
        case None:
            return None
        case int() | float() if not isinstance(value, bool) and 0 <= value <= float_info.max:
            return float(value)
    raise ValueError(f"expected a number of seconds ≥ 0, got {value!r}")


def _bytes(value: object) -> int | None:
    match value:
        case None:
            return None
        case "":
            return 0
        case str():
            try:
                return size(value)
            except ValueError:
                pass
        case int() if not isinstance(value, bool) and value >= 0:
            return value
    raise ValueError(f'expected a size such as "512MiB" or a number of bytes, or "" for no limit, got {value!r}')


READ: Mapping[str, Callable[[object], object]] = {"timeout": _seconds, "memory": _bytes}
