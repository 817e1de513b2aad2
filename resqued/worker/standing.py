"""What the world sees of a worker, and what its application hears of it."""

from resqued import failure, hooks, processes
from resqued.hooks import WorkerInfo
from resqued.lifeline import Bell
from resqued.log import log
from resqued.protocol import identity
from resqued.scoreboard import Row, State
from resqued.version import __version__

UNREGISTERED = (State.STARTING, State.OFFLINE)


class Standing:
    """Shown in the scoreboard and in the title. `bell` is rung when `row` has news."""

    def __init__(self, info: WorkerInfo, slot: str, row: Row, bell: Bell | None) -> None:
        self._info, self._slot, self._row, self._bell = info, slot, row, bell
        self.state = row.state

    @property
    def is_there(self) -> bool:
        """Whether this worker has ever been there, in Redis."""
        return self.state not in UNREGISTERED

    def is_without_redis(self) -> None:
        """Who finds Redis away at first is ready all the same: as soon as it is back, so is the worker."""
        if self.state is State.STARTING:
            self._show(State.OFFLINE)
            self._ring()

    def become(self, state: State, *, by: str = "redis") -> None:
        """`by`: who wants a pause."""
        was = self.state
        self._show(state)
        if was in UNREGISTERED:
            self._ring()
        if state is State.PAUSED:
            processes.set_title(identity.paused(__version__, self._slot))
            log.info("worker.paused", worker=self._info.id, by=by)
            self.run_hooks("before_pause")
        elif was is State.PAUSED:
            log.info("worker.resumed", worker=self._info.id)
            self.run_hooks("after_pause")
        if state is State.IDLE:
            processes.set_title(identity.waiting(__version__, self._info.queues, self._slot))
            if was is State.BUSY:
                self.run_hooks("queue_empty")

    def leave(self) -> None:
        """Be seen to go."""
        self._show(State.LEAVING)

    def run_hooks(self, name: str) -> None:
        """A hook that fails is the application's affair; the worker goes on."""
        for hook in hooks.registered[name]:
            try:
                hook(self._info)
            except BaseException as error:  # noqa: BLE001  the application's own code: sys.exit, too
                log.exception("hook.failed", hook=name, error=failure.summary_of(error))

    def _show(self, state: State) -> None:
        self.state = self._row.state = state

    def _ring(self) -> None:
        if self._bell:
            self._bell.ring()
