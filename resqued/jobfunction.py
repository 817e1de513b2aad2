"""A function that is a job: a class like any other job's, which is still called as the function that it was made of."""

from collections.abc import Callable, Mapping
from typing import Any, Generic, ParamSpec, TypeVar

from resqued.jobhooks import AROUND_PERFORM, IN_THE_CLIENT

P = ParamSpec("P")
R_co = TypeVar("R_co", covariant=True)

HOOKS = (*IN_THE_CLIENT, *AROUND_PERFORM)


class JobFunction(type, Generic[P, R_co]):
    """The class of such classes. `perform` is the function; what else a job class may state stands beside it."""

    perform: Callable[P, R_co]

    def __call__(cls, *args: P.args, **kwargs: P.kwargs) -> R_co:
        """Call the function, here and now."""
        return cls.perform(*args, **kwargs)

    def __repr__(cls) -> str:
        return f"<job {cls.__module__}.{cls.__qualname__}>"


def namespace(function: Callable[..., object], stated: Mapping[str, object]) -> dict[str, Any]:
    """What stands in the class of `function`; None in `stated` is not stated. Raises TypeError for what is no job."""
    if isinstance(function, type) or not callable(function):
        raise TypeError(f"@job is for functions, not {function!r}: a class with a `perform` is a job as it is")
    if not hasattr(function, "__name__"):
        raise TypeError(f"{function!r} has no name that a payload could use: define a function that calls it")
    if not stated.get("resque_keywords") and (wanting := _required_by_name(function)):
        raise TypeError(
            f"{function.__qualname__} wants {', '.join(wanting)} by name, and a payload is a list: give defaults"
        )
    described = ("__module__", "__qualname__", "__doc__")
    return {
        **{name: getattr(function, name, None) for name in described},
        "__wrapped__": function,  # tools show its signature
        "perform": staticmethod(function),
        **{name: value for name, value in stated.items() if value is not None},
    }


def hooks(given: Mapping[str, Callable[..., object]]) -> dict[str, object]:
    """The hooks among the keywords of a decorator. Raises TypeError for what is none."""
    for name, hook in given.items():
        if not name.startswith(HOOKS):
            raise TypeError(f"@job does not know {name!r}; it takes its settings, and hooks: {', '.join(HOOKS)}…")
        if not callable(hook):
            raise TypeError(f"{name} has to be a function, not {hook!r}")
    return {name: staticmethod(hook) for name, hook in given.items()}


def _required_by_name(function: Callable[..., object]) -> list[str]:
    code = getattr(function, "__code__", None)
    if code is None:
        return []
    by_name = code.co_varnames[code.co_argcount : code.co_argcount + code.co_kwonlyargcount]
    defaults = getattr(function, "__kwdefaults__", None) or {}
    return [name for name in by_name if name not in defaults]
