"""The policies that a job class states in dictionaries, `retry` and `unique`, with the keys of `config.policies`."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

import msgspec

from resqued.config import examination, kinds, policies
from resqued.config.table import Table
from resqued.tries import RetryPolicy
from resqued.unique import UniquePolicy

T = TypeVar("T", bound=Table)
PLACE = re.compile(r"[\w.\[\]]+: ")  # that a mistake begins with, if it is one in a key


def retry(said: object) -> RetryPolicy | None:
    """Raises ValueError if `mistakes` has something to say, as does `unique`."""
    if said is None:
        return None
    given = _given(said)
    function = given.pop("backoff") if callable(given.get("backoff")) else None
    for key in ("on", "never"):
        if key in given:
            given[key] = _named(given[key])
    return RetryPolicy.of(_table(policies.Retry, given), function)


def unique(said: object, job_class: type) -> UniquePolicy | None:
    if said is None:
        return None
    return UniquePolicy.of(_table(policies.Unique, _given(said)), job_class)


def mistakes(job_class: type) -> Iterator[str]:
    """What is wrong with what `job_class` says, each with the name of the attribute, and of the key in it."""
    for name, read in (("retry", retry), ("unique", lambda said: unique(said, job_class))):
        try:
            read(getattr(job_class, name, None))
        except ValueError as error:
            for wrong in str(error).split("\n"):
                yield f"{name}.{wrong}" if PLACE.match(wrong) else f"{name}: {wrong}"


def _given(said: object) -> dict[str, Any]:
    if not isinstance(said, Mapping):
        raise ValueError(f"expected a dictionary, got {said!r}")  # noqa: TRY004  a mistake like the others
    return {str(key): _listed(value) for key, value in said.items()}


def _listed(value: object) -> object:
    return list(value) if isinstance(value, tuple | set | frozenset) else value


def _named(kinds_of_errors: object) -> object:
    """Exceptions may be given themselves, or by their names."""
    if not isinstance(kinds_of_errors, list):
        return kinds_of_errors
    return [_name_of(kind) if isinstance(kind, type) else kind for kind in kinds_of_errors]


def _name_of(kind: type) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"


def _table(kind: type[T], given: dict[str, Any]) -> T:
    if found := list(examination.mistakes(kind, given)):
        raise ValueError("\n".join(found))
    return msgspec.convert(given, kind, dec_hook=kinds.decode)
