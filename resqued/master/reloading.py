"""The master's part in a reload, up to the moment when the new version may take over."""

from collections.abc import Sequence
from time import monotonic

from resqued import processes
from resqued.log import log
from resqued.master.hands import Hands
from resqued.processes import Exit
from resqued.reload import Reload, State, Step


class Reloading:
    def __init__(self, reload: Reload, hands: Hands) -> None:
        self._reload, self._hands = reload, hands

    @property
    def wakes_at(self) -> float | None:
        return self._reload.wakes_at()

    def ask(self) -> None:
        self._reload.ask(monotonic())

    def may_become(self) -> bool:
        """Take the next step. Whether the new version may take over."""
        match self._reload.step(monotonic()):
            case Step.CHECK:
                self._check()
            case Step.STOP_CHECK:
                self._kill_check()
            case Step.BECOME:
                return True
        return False

    def _check(self) -> None:
        now = monotonic()  # what is changed on disk from now on, the check may have read before
        try:
            pid = self._hands.start_check()
        except OSError as error:
            self._reload.began(0, now)
            self.refuse([f"the check could not be started: {error}"])
        else:
            self._reload.began(pid, now)
            log.info("reload.checking", pid=pid)

    def _kill_check(self) -> None:
        if self._reload.check:
            processes.kill_group(self._reload.check)
            processes.kill_each([self._reload.check])  # it may not have come to a group of its own yet

    def is_check(self, ended: Exit) -> bool:
        return ended.pid == self._reload.check

    def checked(self, ended: Exit) -> None:
        """Without a reason against it the new version may take over. After a stop nobody asks any more."""
        processes.kill_group(ended.pid)  # whatever the application has started there
        before = self._reload.last
        self._reload.checked(self._hands.reasons(ended), monotonic())
        if self._reload.last is not before:
            self._report_refusal()

    def refuse(self, reason: Sequence[str]) -> None:
        """Everything stays as it is, or what there is of it goes on."""
        self._reload.refused(reason, monotonic())
        self._report_refusal()

    def _report_refusal(self) -> None:
        if (last := self._reload.last) and last.state is State.REFUSED:
            log.error("reload.refused", reason=list(last.reason))

    def cancel(self) -> None:
        """A stop wins, however far a reload has come."""
        self._reload.cancel("resqued is being stopped", monotonic())
        self._kill_check()
