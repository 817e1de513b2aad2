"""What one process is to be told now. Whoever asks does it: nobody is told the same thing twice."""

from math import inf

from resqued.escalation import Mood
from resqued.fleet import stuck
from resqued.fleet.actions import Action, Dump, Hold, Kill, Release, Tell
from resqued.fleet.slots import Process, Slot


def to_worker(slot: Slot, mood: Mood, now: float, *, paused: bool) -> list[Action]:
    process = slot.process
    if process is None or process.killed:
        return []
    if kill := _kill(slot, process, now):
        return [kill]
    wish = max(mood, Mood.DRAINING if process.retired or not slot.wanted else Mood.RUNNING)
    orders = (_dump(slot, process, now), _tell(slot, process, wish), _hold(slot, process, paused=paused))
    return [order for order in orders if order]


def to_service(slot: Slot, mood: Mood, now: float, *, patience: float) -> list[Action]:
    """`patience`: seconds that it may take to end."""
    process = slot.process
    if process is None or process.killed:
        return []
    if kill := _kill(slot, process, now):
        return [kill]
    told = _tell(slot, process, mood)
    if not told:
        return []
    process.kills_at = min(process.kills_at, now + patience)
    return [told]


def _kill(slot: Slot, process: Process, now: float) -> Kill | None:
    if now < process.kills_at:
        return None
    process.killed = True
    return Kill(slot)


def _dump(slot: Slot, process: Process, now: float) -> Dump | None:
    if process.dumped_at != inf or not stuck.is_stuck(process, now):
        return None
    process.dumped_at, process.kills_at = now, min(process.kills_at, now + stuck.LAST_WORDS)
    return Dump(slot)


def _tell(slot: Slot, process: Process, wish: Mood) -> Tell | None:
    if process.told >= wish:
        return None
    process.told = wish
    return Tell(slot, wish)


def _hold(slot: Slot, process: Process, *, paused: bool) -> Hold | Release | None:
    if process.paused == paused or process.told is not Mood.RUNNING:
        return None
    process.paused = paused
    return Hold(slot) if paused else Release(slot)
