"""What a job class says of itself, and not its pool: `timeout = 30`, `memory = "512MiB"`."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from sys import float_info

from resqued.config.kinds import size


@dataclass(frozen=True, slots=True)
class JobLimits:
    """0: no limit. None: the class leaves it to the pool."""

    timeout: float | None = None  # seconds
    memory: int | None = None  # bytes


UNSTATED = JobLimits()  # the same one for all classes that say nothing


@cache
def of(job_class: type) -> JobLimits:
    """The limits of `job_class`, its own or inherited ones. Found once, before there is a fork.

    Raises ValueError if `mistakes` has something to say.
    """
    found = JobLimits(_seconds(_stated(job_class, "timeout")), _bytes(_stated(job_class, "memory")))
    return UNSTATED if found == UNSTATED else found


def mistakes(job_class: type) -> Iterator[str]:
    """What is wrong with what `job_class` says, each with the name of the attribute."""
    for name, read in READ.items():
        try:
            read(_stated(job_class, name))
        except ValueError as error:
            yield f"{name}: {error}"


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
