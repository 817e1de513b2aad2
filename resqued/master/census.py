"""What the workers of a master do at this moment, pool by pool, for machines that watch."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from resqued.boards import Boards
from resqued.fleet import Fleet
from resqued.scoreboard import Row, State, now

DOWN, UNKNOWN = "down", "unknown"  # without a process until it is started again; its row cannot be read
STATES = (*(state.name.lower() for state in State), DOWN, UNKNOWN)


@dataclass(slots=True)
class Crew:
    """Of one pool. Ages in seconds, of the oldest; 0 if there is none."""

    states: dict[str, int] = field(default_factory=lambda: dict.fromkeys(STATES, 0))
    without_redis: int = 0  # workers that it does not answer
    redis_away: float = 0.0  # since when
    tick: float = 0.0  # since when a worker's loop has not turned
    job: float = 0.0  # for how long a job has been running
    resident: int = 0  # bytes of the largest worker

    def add(self, row: Row, at: int) -> None:
        state = _state(row)
        self.states[state] += 1
        if row.severed:
            self.without_redis += 1
            self.redis_away = max(self.redis_away, _age(row.severed, at))
        if row.tick:
            self.tick = max(self.tick, _age(row.tick, at))
        if state == "busy" and row.turn:
            self.job = max(self.job, _age(row.since, at))
        self.resident = max(self.resident, row.rss)


def crews(fleet: Fleet, boards: Boards) -> dict[str, Crew]:
    at, found = now(), {pool: Crew() for pool in fleet.pools}
    for slot in fleet.workers:
        crew = found[slot.pool]
        if slot.process is None:
            crew.states[DOWN] += 1
        elif row := boards.row(slot.process.generation, slot.process.row):
            crew.add(row, at)
        else:
            crew.states[UNKNOWN] += 1
    return found


def _state(row: Row) -> str:
    try:
        return row.shown.name.lower()
    except ValueError:  # one that a later version has thought of
        return UNKNOWN


def _age(since: int, at: int) -> float:
    return max(0, at - since) / 1000


def outages(crews: dict[str, Crew]) -> Iterator[str]:
    """Who is without Redis, in words."""
    for pool, crew in crews.items():
        if crew.without_redis:
            who = f"{crew.without_redis} of {sum(crew.states.values())} workers of {pool}"
            yield f"Redis does not answer {who}, for {crew.redis_away:.0f} s"
