"""The master: fork workers, restart those that die, reload, pass on a wish to stop. It never talks to Redis."""

from resqued.master.burial import ORPHANS, STILL_REGISTERED
from resqued.master.hands import Hands
from resqued.master.loop import Door, Master, Next

__all__ = ["ORPHANS", "STILL_REGISTERED", "Door", "Hands", "Master", "Next"]
