"""Workers whose loop stands still: it turns at least every thirty seconds, whatever they wait for."""

from math import inf

from resqued.fleet.slots import Process

STILL = 120.0  # s without a tick
BENEFIT = 10.0  # s of doubt: a machine that slept has old ticks everywhere, and new ones at once
LAST_WORDS = 2.0  # s from the dump to the kill


def judge(process: Process, now: float) -> None:
    """Begin or end a suspicion."""
    if not process.sight.tick or now < process.sight.tick + STILL:
        process.suspected_at = inf
    elif process.suspected_at == inf:
        process.suspected_at = now


def is_stuck(process: Process, now: float) -> bool:
    return now >= process.suspected_at + BENEFIT


def looks_at(process: Process) -> float:
    """When to look at its tick again."""
    if process.killed or process.dumped_at != inf:
        return inf
    if process.suspected_at != inf:
        return process.suspected_at + BENEFIT
    return process.sight.tick + STILL if process.sight.tick else inf
