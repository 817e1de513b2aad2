"""The event loop of an asynchronous job. Loaded only where there is one: asyncio is large.

A job that is asked to stop (`termination`) is cancelled, as asyncio's own means would do it.
"""

import asyncio
from collections.abc import Awaitable
from typing import Any

from resqued import termination


class EventLoop:
    """One loop for a job and its hooks, so that what a hook opens in it `perform` can use."""

    def __init__(self) -> None:
        self._runner = asyncio.Runner()

    def wait_for(self, awaitable: Awaitable[Any]) -> Any:
        """The result of `awaitable`. Raises JobTerminated if it was cancelled because the job was asked to stop."""
        try:
            return self._runner.run(_cancellable(awaitable))
        except asyncio.CancelledError:
            if termination.asked():
                termination.terminate()
            raise

    def close(self) -> None:
        """Cancel the tasks that are left, and wait for them."""
        self._runner.close()


async def _cancellable(awaitable: Awaitable[Any]) -> Any:
    task = asyncio.current_task()
    assert task is not None
    before = termination.heed(_Cancellation(task).ask)
    try:
        return await awaitable
    finally:
        termination.heed(before)


class _Cancellation:
    """Cancels a task from within a signal handler."""

    def __init__(self, task: asyncio.Task[Any]) -> None:
        self._task = task
        self._pending = False

    def ask(self) -> None:
        if self._pending:  # the loop has not come round since the last time: a call that does not await blocks it
            termination.terminate()
        self._pending = True
        self._task.get_loop().call_soon_threadsafe(self._cancel)

    def _cancel(self) -> None:
        self._pending = False
        self._task.cancel()
