"""Which of a job's arguments something is about: `by = ["customer"]`, and the text that these have in common."""

import json
from collections.abc import Sequence
from types import CodeType

from resqued.digest import hexadecimal
from resqued.protocol import payloads

LONGEST = 200  # characters; of what is longer the digest stands for it

By = tuple[int, ...]  # positions of arguments


def positions(job_class: type, by: object) -> By:
    """Of arguments that `by` names, or whose positions (from 0) it lists. Raises ValueError for anything else."""
    if not isinstance(by, list | tuple):
        raise ValueError(f'by: expected a list of arguments, such as ["customer"] or [0], got {by!r}')  # noqa: TRY004  its callers know no other
    return tuple(_position(job_class, one) for one in by)


def key(by: By, args: Sequence[object]) -> str:
    """The chosen arguments as JSON; one that a job does not have is null."""
    said = text([args[at] if at < len(args) else None for at in by])
    return said if len(said) <= LONGEST else hexadecimal(said.encode())


def text(values: Sequence[object]) -> str:
    """As JSON; whatever a payload may hold, or ActiveJob make of it, it is a text that can be sent."""
    said = json.dumps(values, ensure_ascii=False, separators=(",", ":"), default=str)
    return payloads.clean(said)


def _position(job_class: type, one: object) -> int:
    if type(one) is int and one >= 0:
        return one
    names = _parameters(job_class)
    if isinstance(one, str) and one in names:
        return names.index(one)
    raise ValueError(
        f"by: expected an argument of perform ({', '.join(names) or 'it has none'}) or 0, 1, …, got {one!r}"
    )


def _parameters(job_class: type) -> tuple[str, ...]:
    """The names of what a payload's `args` become; without importing inspect, which every fork would pay for."""
    stated = next((vars(base)["perform"] for base in job_class.__mro__ if "perform" in vars(base)), None)
    function = getattr(stated, "__func__", stated)
    while (wrapped := getattr(function, "__wrapped__", None)) is not None:
        function = wrapped
    code = getattr(function, "__code__", None)
    if not isinstance(code, CodeType):
        return ()
    names = code.co_varnames[: code.co_argcount]
    return names if isinstance(stated, staticmethod) else names[1:]
