"""What the master should do next. Times are seconds on the monotonic clock.

Facts go in (`exited`, `seen`, `shut`), a plan comes out (`plan`): what is wanted is compared with what is, so that
facts which come late, twice or merged do no harm. A stop only ever gets firmer.
"""

from resqued.fleet.actions import Action, Dump, Hold, Kill, Release, Say, Spawn, Tell
from resqued.fleet.fleet import Fleet
from resqued.fleet.house import PRUNER, House
from resqued.fleet.limits import Limits
from resqued.fleet.rollout import Phase
from resqued.fleet.slots import Pool, Process, Sight, Size, Slot

__all__ = [
    "PRUNER",
    "Action",
    "Dump",
    "Fleet",
    "Hold",
    "House",
    "Kill",
    "Limits",
    "Phase",
    "Pool",
    "Process",
    "Release",
    "Say",
    "Sight",
    "Size",
    "Slot",
    "Spawn",
    "Tell",
]
