"""What a worker does for the whole fleet, besides its jobs."""

from resqued.log import log
from resqued.store.trimming import Trimming
from resqued.store.turns import Turns


class Upkeep:
    """`turns`: None if no job of this worker is under a limit. Every method raises StoreUnavailable."""

    def __init__(self, trimming: Trimming, turns: Turns | None) -> None:
        self._trimming, self._turns = trimming, turns

    def after_a_beat(self) -> None:
        trimmed = self._trimming.take_turn()
        if trimmed and trimmed.gone:
            log.info("failed.trimmed", removed=trimmed.gone, left=trimmed.left)
        self.while_idle()

    def while_idle(self) -> None:
        if self._turns and (nobodys := self._turns.tend()):
            log.warning("limits.tended", places=nobodys)
