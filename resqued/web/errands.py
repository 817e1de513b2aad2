"""What takes longer than somebody will wait: much of a failed list, retried or removed in the background."""

import threading
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

from resqued.errors import CommandRefused, StoreUnavailable
from resqued.log import log
from resqued.protocol.failed import Entry
from resqued.store.errands import Errand, Errands, State
from resqued.store.failures import Failures
from resqued.store.sweep import Action, Sweep
from resqued.web.visit import Refused

CROWDED = "others were removing entries all the while, and may have hidden some"
AT_ONCE = 2  # errands of one process


class Runner:
    """A thread for each. Its connections are not those of the pages."""

    def __init__(self, failures: Failures, errands: Errands) -> None:
        self._failures, self._errands = failures, errands
        self._places = threading.Semaphore(AT_ONCE)
        self._ends = threading.Event()

    def begin(
        self, what: str, about: str, who: str, *, name: str, action: Action, chosen: Callable[[Entry], bool]
    ) -> Errand:
        """In the failed list `name`. Raises Refused if there is too much under way, and as the store does."""
        if not self._places.acquire(blocking=False):
            raise Refused(409, f"{AT_ONCE} others are under way; begin when one has ended. Nothing was changed.")
        try:
            sweep = Sweep(self._failures, name, action, chosen)
            errand = self._errands.begin(what, about, who, sweep.whole)
        except BaseException:
            self._places.release()
            raise
        threading.Thread(target=self._run, args=(errand, sweep), name=f"errand-{errand.id}", daemon=True).start()
        return errand

    def _run(self, errand: Errand, sweep: Sweep) -> None:
        try:
            state, problem = self._carry_out(errand, sweep)
            self._end(errand, sweep, state, problem)
        finally:
            self._places.release()

    def _carry_out(self, errand: Errand, sweep: Sweep) -> tuple[State, str]:
        try:
            for _ in sweep.run():
                if self._errands.tell(_told(errand, sweep)) or self._ends.is_set():
                    return "stopped", ""
        except (StoreUnavailable, CommandRefused) as error:
            return "failed", str(error)
        return (
            "done",
            "" if sweep.is_complete else "others were removing entries all the while, and may have hidden some",
        )

    def _end(self, errand: Errand, sweep: Sweep, state: State, problem: str) -> None:
        log.info(
            "web.errand_ended",
            errand=errand.id,
            what=errand.what,
            about=errand.about,
            who=errand.who,
            state=state,
            done=sweep.done,
            refused=dict(sweep.refused),
            **({"problem": problem} if problem else {}),
        )
        with suppress(StoreUnavailable):  # it will show as lost
            self._errands.tell(replace(_told(errand, sweep), state=state, problem=problem))

    def close(self) -> None:
        self._ends.set()


def _told(errand: Errand, sweep: Sweep) -> Errand:
    refused: Counter[str] = sweep.refused
    return replace(errand, whole=sweep.whole, seen=sweep.seen, done=sweep.done, refused=dict(refused.most_common(10)))
