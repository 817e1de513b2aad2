"""What a job is to be called with, seen before it is enqueued: what does not fit would fail later, and far away."""

import inspect
from collections.abc import Mapping, Sequence
from functools import cache
from itertools import takewhile
from typing import Any

from resqued import jobclass, jobhooks
from resqued.errors import WrongArguments

BY_PLACE = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
BY_NAME = (inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.VAR_KEYWORD)


def fitting(job_class: type, args: Sequence[Any], named: Mapping[str, Any]) -> tuple[Any, ...]:
    """The list that a payload carries for this call of `perform`: named arguments are put in their places.

    What was left out before one of those is there with its default. Raises WrongArguments if `perform` cannot be called
    so. A class without `perform`, or with one that nobody can look into, gets what it is given. Of a class that takes
    keywords named arguments are the last one, an object.
    """
    signature = _signature(job_class)
    if jobhooks.of(job_class).keywords:
        return _with_keywords(job_class, signature, (*args, dict(named)) if named else tuple(args))
    if signature is None:
        if named:
            raise _refused(job_class, None, "its parameters are not known, so that arguments cannot be named")
        return tuple(args)
    try:
        call = signature.bind(*args, **named)
    except TypeError as error:
        raise _refused(job_class, signature, str(error)) from None
    return _in_place(job_class, call) if named else tuple(args)


def _with_keywords(job_class: type, signature: inspect.Signature | None, args: tuple[Any, ...]) -> tuple[Any, ...]:
    places, names = jobhooks.spread(jobhooks.of(job_class), args, {})
    try:
        if signature:
            signature.bind(*places, **names)
    except TypeError as error:
        raise _refused(job_class, signature, str(error)) from None
    return args


def _in_place(job_class: type, call: inspect.BoundArguments) -> tuple[Any, ...]:
    places = list(call.signature.parameters.values())
    for parameter in places:
        if parameter.kind in BY_NAME and parameter.name in call.arguments:
            raise _refused(job_class, call.signature, f"a payload is a list and cannot name {parameter.name!r}")
    places = list(takewhile(lambda parameter: parameter.kind not in BY_NAME, places))
    given = max(place for place, parameter in enumerate(places) if parameter.name in call.arguments)
    call.apply_defaults()
    return call.args[: given + 1]


@cache
def _signature(job_class: type) -> inspect.Signature | None:
    """Of what is really called: what a wrapper passes on may be other arguments than it gets."""
    try:
        signature = inspect.signature(job_class.perform, follow_wrapped=False)  # type: ignore[attr-defined]  # or: None
    except (AttributeError, TypeError, ValueError):  # of a function in C, perhaps
        return None
    parameters = list(signature.parameters.values())
    if "perform" in jobhooks.of(job_class).instance_methods and parameters and parameters[0].kind in BY_PLACE:
        return signature.replace(parameters=parameters[1:])  # without `self`, unless that is one of `*args`
    return signature


def _refused(job_class: type, signature: inspect.Signature | None, why: str) -> WrongArguments:
    taken = "" if signature is None else f" (it takes {signature})"
    return WrongArguments(f"job {jobclass.name_of(job_class)!r} cannot be performed so: {why}{taken}")
