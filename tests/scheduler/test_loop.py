"""What a scheduler does when an answer does not come."""

from collections.abc import Iterator
from contextlib import closing

import pytest
from redis import Redis

from resqued import address
from resqued.backoff import Backoff
from resqued.duty import Duty
from resqued.errors import StoreUnavailable
from resqued.escalation import Mood
from resqued.protocol.keys import Keys
from resqued.scheduler.loop import Scheduler
from resqued.scheduler.repertoire import Repertoire
from resqued.store.notice import Notice
from resqued.store.timetable import Timetable
from resqued.wire import lean
from resqued.wire.lean import LeanWire

EVERY_SECOND = '{"class":"Often","queue":"often","every":"1s"}'
TURNS = 40  # of the loop, at most


class Forgetful(Timetable):
    """The first answer to the question which schedules there are is lost."""

    lost = 0

    def persistent(self) -> dict[str, bytes]:
        found = super().persistent()
        if not self.lost:
            self.lost += 1
            raise StoreUnavailable("no answer")
        return found


class Impatient:
    """Sleeps a little; the duty is over when a job is on its queue, or after so many turns."""

    def __init__(self, redis: Redis, duty: Duty) -> None:
        self._redis, self._duty, self._turns = redis, duty, TURNS

    def wait(self, _until: float | None, *_descriptors: int) -> set[int]:
        self._turns -= 1
        if not self._turns or self._redis.blpop(["resque:queue:often"], timeout=0.1):
            self._duty.shut(Mood.STOPPING)
        return set()

    def hear(self) -> None: ...


@pytest.fixture(name="wires")
def two_connections(redis_url: str) -> Iterator[tuple[LeanWire, LeanWire]]:
    one, other = (lean.connect(address.parse(redis_url)) for _ in range(2))
    with closing(one), closing(other):
        yield one, other


def ticked(redis: Redis, wires: tuple[LeanWire, LeanWire]) -> bool:
    """Whether a schedule that is kept in Redis has enqueued its job before the scheduler left."""
    duty = Duty(interval=5.0, backoff=Backoff(first=0.01, most=0.1, chance=lambda: 0.5))
    ears = Impatient(redis, duty)
    timetable = Forgetful(wires[0], Keys(), "vm:1:x")
    repertoire = Repertoire(timetable, env="", zone="UTC", ours=())
    Scheduler(
        timetable, Keys(), (), repertoire, notice=Notice(wires[1]), duty=duty, ears=ears, entitle=lambda _: None
    ).run()
    return ears._turns > 0


def test_schedules_are_read_although_the_first_answer_was_lost(redis: Redis, wires: tuple[LeanWire, LeanWire]) -> None:
    redis.hset("resque:persistent_schedules", "often", EVERY_SECOND)

    assert ticked(redis, wires)


def test_what_is_no_schedules_at_all_is_none(redis: Redis, wires: tuple[LeanWire, LeanWire]) -> None:
    redis.set("resque:persistent_schedules", "no hash")
    timetable = Timetable(wires[0], Keys(), "vm:1:x")

    assert Repertoire(timetable, env="", zone="UTC", ours=()).read() == []
