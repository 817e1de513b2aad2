"""`@resqued.job`: a function becomes a job."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from resqued import jobarguments, jobfunction
from resqued.jobfunction import JobFunction

if TYPE_CHECKING:
    from resqued.api import Resque
    from resqued.client import Receipt

P = ParamSpec("P")
R_co = TypeVar("R_co", covariant=True)


class EnqueuedFunction(JobFunction[P, R_co]):
    """A job that goes where `resqued.connect` says; in a job, where that came from; else to the Redis of this machine.

    It may be given to a client, too: `resque.enqueue(welcome, "ann@example.org")`.
    """

    def enqueue(self, *args: P.args, **kwargs: P.kwargs) -> bool:
        """Put a job with these arguments on its queue. False if a hook refused. See `Client.enqueue_to`."""
        return _client().enqueue(self, *args, **kwargs)

    def enqueue_to(self, queue: str, /, *args: P.args, **kwargs: P.kwargs) -> bool:
        """The same with another queue."""
        return _client().enqueue_to(queue, self, *args, **kwargs)

    def enqueue_many(self, arguments: Iterable[Sequence[Any]]) -> list[bool]:
        """A job for each of these arguments; for each, whether it is there. See `Client.enqueue_many`."""
        return _client().enqueue_many(self, arguments)

    def enqueue_at(self, when: datetime | float, /, *args: P.args, **kwargs: P.kwargs) -> bool:
        """Put a job with these arguments on its queue when that time has come. See `Client.enqueue_at`."""
        return _client().enqueue_at(when, self, *jobarguments.fitting(self, args, kwargs))

    def enqueue_in(self, seconds: timedelta | float, /, *args: P.args, **kwargs: P.kwargs) -> bool:
        """The same, so many seconds from now."""
        return _client().enqueue_in(seconds, self, *jobarguments.fitting(self, args, kwargs))

    def submit(self, *args: P.args, **kwargs: P.kwargs) -> "Receipt | None":
        """As `enqueue`, for a job whose result is kept as long as its `keep_result` says. See `Client.submit`."""
        return _client().submit(self, *jobarguments.fitting(self, args, kwargs))

    def remove_delayed(self, *args: P.args, **kwargs: P.kwargs) -> int:
        """Take delayed jobs with exactly these arguments away. How many there were."""
        return _client().remove_delayed(self, *jobarguments.fitting(self, args, kwargs))


def job(
    *,
    queue: str | None = None,
    name: str | None = None,
    timeout: float | None = None,
    memory: str | int | None = None,
    keywords: bool | None = None,
    locks: str | Sequence[str] | None = None,
    concurrency: int | Mapping[str, object] | None = None,
    retry: Mapping[str, object] | None = None,
    unique: Mapping[str, object] | None = None,
    keep_result: int | None = None,
    **hooks: Callable[..., object],
) -> Callable[[Callable[P, R_co]], EnqueuedFunction[P, R_co]]:
    """Make a job of a function: what a job class has as attributes is said here.

        @resqued.job(queue="mail", timeout=30, name="Mail::Welcome", on_failure_tell=tell)
        def welcome(address: str, copies: int = 1) -> None: ...

        welcome.enqueue("ann@example.org", copies=2)

    `name`: what payloads call it (`resque_name`). `keywords`, `locks`: `resque_keywords`, `resque_locks`. `hooks`:
    functions, as `before_perform_lock=lock`; each is called as the static method of that name would be. Raises
    TypeError for what can never be a job.
    """
    stated: dict[str, object] = {"queue": queue, "resque_name": name, "timeout": timeout, "memory": memory}
    stated |= {"resque_keywords": keywords, "resque_locks": locks, "concurrency": concurrency}
    stated |= {"retry": retry, "unique": unique, "keep_result": keep_result, **jobfunction.hooks(hooks)}

    def made(function: Callable[P, R_co]) -> EnqueuedFunction[P, R_co]:
        body = jobfunction.namespace(function, stated)
        return EnqueuedFunction(function.__name__, (), body)

    return made


def _client() -> "Resque":
    from resqued import api  # noqa: PLC0415  redis-py is large, and who performs jobs enqueues few

    return api.present()
