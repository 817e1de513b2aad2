"""What a master has done by whoever composes it."""

from typing import Protocol

from resqued.fleet import Slot
from resqued.processes import Exit
from resqued.scoreboard import Row


class Hands(Protocol):
    """Raises OSError where a process is to be made and there can be no more."""

    def spawn(self, slot: Slot, row: Row | None) -> int:
        """Fork the process for a slot. Returns its pid."""

    def start_check(self) -> int:
        """Whether a new version would run is found out in a process of its own. Returns its pid."""

    def reasons(self, ended: Exit) -> list[str]:
        """Against a reload, now that its check has ended."""

    def tell(self) -> float | None:
        """Tell the world how things are. When to do so again at the latest (monotonic)."""
