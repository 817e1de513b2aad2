"""One performance of a job: its hooks, in Resque's order, around its `perform`. What it raises is not judged here.

Order and exceptions are Resque's (resque 3.0.0, lib/resque/job.rb): `DontPerform` counts in `before_perform*` only;
`after_perform*` runs also if an around hook chose not to perform; `on_failure*` runs after whatever was raised.
An interruption is not a failure yet: what becomes of it is decided elsewhere, so no `on_failure*` runs after it.

Methods may be asynchronous: one event loop serves the whole job.
"""

from collections import deque
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from functools import partial
from types import AsyncGeneratorType, GeneratorType
from typing import TYPE_CHECKING, Any

from resqued import failure, jobhooks, termination
from resqued.errors import DontPerform
from resqued.hooks import AroundHook, FailureHook, JobHook
from resqued.work import Job, current_job, set_current_job

if TYPE_CHECKING:
    from resqued.eventloop import EventLoop

Step = Callable[[], Any]


class Nobody:
    """Performs a job that is of no class."""

    @staticmethod
    def perform() -> None: ...


class Performance:
    """`run` it once; `mourn` if that raised. Both may be interrupted by `termination.ask`."""

    def __init__(self, job_class: type, job: Job) -> None:
        self._job = job
        self._hooks = jobhooks.of(job_class)
        self._args, self._kwargs = jobhooks.spread(self._hooks, job.args, job.kwargs)
        self._receiver = jobhooks.Receiver(job_class, self._hooks.instance_methods)
        self._loop: EventLoop | None = None
        self.result: Any = None  # what `perform` returned, or the outermost `around_perform*`

    def run(self, beforehand: Sequence[JobHook] = (), around: Sequence[AroundHook] = ()) -> None:
        """Call `beforehand` with the job, then perform it within `around`, the first outermost.

        Raises what that raises, JobTerminated if interrupted.
        """
        job, stop = self._enter()
        try:
            if termination.asked():  # before there was anything to stop
                termination.terminate()
            for hook in beforehand:
                self._settle(hook(self._job))
            if around:
                self._perform_within(around)
            else:
                self._perform()
        finally:
            self._leave(job, stop)

    def mourn(
        self, error: BaseException, others: Sequence[FailureHook] = (), beforehand: Sequence[JobHook] = ()
    ) -> None:
        """Call the `on_failure*` hooks with `error`, then `others` with the job and `error`.

        If there are any, `beforehand` are called with the job first. Each is called whatever the rest do. Never raises:
        `error` notes it.
        """
        if not (self._hooks.on_failure or others) or termination.asked():
            return
        steps = [
            *(("after_fork", partial(hook, self._job)) for hook in beforehand),
            *((name, partial(self._tell, name, error)) for name in self._hooks.on_failure),
            *(("on_failure", partial(hook, self._job, error)) for hook in others),
        ]
        job, stop = self._enter()
        try:
            try:
                self._mourn(error, steps)
            finally:
                self._leave(job, stop)
        except BaseException as also:  # noqa: BLE001  the event loop of an asynchronous hook may fail to close
            note(error, f"on_failure* raised {failure.account_of(also)}")

    def _enter(self) -> tuple[Job | None, termination.Stop]:
        """From now on this is the current job, and may be interrupted. What was before is for `_leave`."""
        before = current_job(), termination.heed(termination.terminate)
        set_current_job(self._job)
        return before

    def _leave(self, job: Job | None, stop: termination.Stop) -> None:
        try:
            if self._loop is not None:
                loop, self._loop = self._loop, None
                loop.close()
        finally:
            termination.heed(stop)
            set_current_job(job)

    def _perform_within(self, around: Sequence[AroundHook]) -> None:
        with ExitStack() as stack:
            for hook in around:
                stack.enter_context(hook(self._job))
            self._perform()

    def _perform(self) -> None:
        try:
            for name in self._hooks.before_perform:
                self._settle(self._call(name))
        except DontPerform:
            return
        self.result = self._settle(self._surrounded()() if self._hooks.around_perform else self._call("perform"))
        for name in self._hooks.after_perform:
            self._settle(self._call(name))

    def _mourn(self, error: BaseException, steps: Sequence[tuple[str, Step]]) -> None:
        for name, step in steps:
            try:
                self._settle(step())
            except BaseException as also:  # noqa: BLE001  a hook may fail as a job may: sys.exit, too
                note(error, f"{name} raised {failure.account_of(also)}")
            if termination.asked():
                break

    def _tell(self, name: str, error: BaseException) -> Any:
        return self._receiver.method(name)(error, *self._args, **self._kwargs)

    def _call(self, name: str) -> Any:
        return self._receiver.method(name)(*self._args, **self._kwargs)

    def _surrounded(self) -> Step:
        step = partial(self._call, "perform")
        for name in reversed(self._hooks.around_perform):
            step = partial(self._surround, name, step)
        return step

    def _surround(self, name: str, inner: Step) -> Any:
        hook = self._receiver.method(name)
        perform = partial(_settled_in_a_loop if jobhooks.is_async(hook) else self._settled, inner)
        result = hook(perform, *self._args, **self._kwargs)
        if isinstance(result, GeneratorType | AsyncGeneratorType):  # Ruby's way; the job would silently not run
            raise TypeError(f"{name} has a `yield`: it has to call perform() instead")
        return result

    def _settled(self, inner: Step) -> Any:
        return self._settle(inner())

    def _settle(self, result: Any) -> Any:
        """The result itself; of a coroutine or a generator, what it comes to when it has run to its end."""
        if result is None:
            return None
        if _is_asynchronous(result):
            return self._event_loop().wait_for(_awaited(result))
        return _exhausted(result)

    def _event_loop(self) -> "EventLoop":
        if self._loop is None:
            from resqued.eventloop import EventLoop  # noqa: PLC0415  asyncio is large, and few jobs want it

            self._loop = EventLoop()
        return self._loop


async def _settled_in_a_loop(inner: Step) -> Any:
    return await _awaited(inner())


async def _awaited(result: Any) -> Any:
    if isinstance(result, AsyncGeneratorType):
        async for _ in result:
            pass
        return None
    return await result if _is_asynchronous(result) else _exhausted(result)


def _exhausted(result: Any) -> Any:
    if isinstance(result, GeneratorType):  # the body of a `perform` that yields runs only so
        deque(result, maxlen=0)
        return None
    return result


def _is_asynchronous(result: Any) -> bool:
    return isinstance(result, AsyncGeneratorType) or hasattr(type(result), "__await__")


def note(error: BaseException, note: str) -> None:
    """Add to what `error` says of itself: whoever records or sees it learns of `note`."""
    with suppress(Exception):  # some exceptions take no notes; what they are is what matters
        BaseException.add_note(error, note)
