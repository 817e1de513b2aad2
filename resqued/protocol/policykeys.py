"""Our keys of jobs that have limits, belong to batches, or of which there may be one only.

| key | type | what it holds |
|---|---|---|
| `resqued:<namespace>:aside` | hash | queue → how many of its jobs wait aside for their turn |
| `resqued:<namespace>:limits` | hash | limit that is in use → how many jobs at a time |
| `resqued:<namespace>:limits:held:<limit>` | hash | id of a worker → the run that it performs under it |
| `resqued:<namespace>:limits:aside:<limit>` | list | its jobs that wait for their turn, each with its queue |
| `resqued:<namespace>:limits:called:<limit>` | list | those of them whose turn it is, on their queues again |
| `resqued:<namespace>:rate:<queue>` | list | when (epoch, µs) a queue with a rate gave its last jobs |
| `resqued:<namespace>:slowed` | hash | queue → until when (epoch) it gives no job, for its rate; lives a day |
| `resqued:<namespace>:tended` | string | somebody of ours has looked after the limits; lives for seconds |
| `resqued:<namespace>:room` | sorted set | queue that has no room → until when (epoch) some client waits for it |
| `resqued:<namespace>:room:<queue>` | list | a word to one of those clients that there is room; lives a minute |
| `resqued:<namespace>:result:<id>` | list | how a job ended, one JSON text; lives as long as somebody asked |
| `resqued:<namespace>:batch:<id>` | hash | a batch: `total`, `left`, `failed`, its callback; lives for days |
| `resqued:<namespace>:batch:<id>:ends` | string | 2 bits for each of its jobs: 1 done, 2 failed |
| `resqued:<namespace>:batch:<id>:over` | list | has an element when all its jobs have ended |
| `resqued:<namespace>:dropped` | hash | queue → how many of its jobs were dropped for newer ones |
| `resqued:<namespace>:lock:<digest>` | hash | whose the lock is of jobs of which there may be one only (`locks.lua`) |
| `resqued:<namespace>:waiting:<digest>` | list | jobs that wait for such a lock: queue, payload, of each |
| `resqued:<namespace>:awaited` | hash | lock for which jobs wait → the names of keys that bring them back |
"""

from abc import abstractmethod


class PolicyKeys:
    __slots__ = ()

    @property
    @abstractmethod
    def own(self) -> str:
        """What comes before our own names."""

    @property
    def asides(self) -> str:
        return f"{self.own}aside"

    @property
    def limits(self) -> str:
        return f"{self.own}limits"

    def held(self, limit: str) -> str:
        return f"{self.limits}:held:{limit}"

    def aside(self, limit: str) -> str:
        return f"{self.limits}:aside:{limit}"

    def called(self, limit: str) -> str:
        return f"{self.limits}:called:{limit}"

    def rate(self, queue: str) -> str:
        return f"{self.own}rate:{queue}"

    @property
    def slowed(self) -> str:
        return f"{self.own}slowed"

    @property
    def tended(self) -> str:
        return f"{self.own}tended"

    @property
    def room(self) -> str:
        return f"{self.own}room"

    def room_of(self, queue: str) -> str:
        return f"{self.room}:{queue}"

    def result(self, job: str) -> str:
        return f"{self.own}result:{job}"

    def batch(self, batch: str) -> str:
        return f"{self.own}batch:{batch}"

    def over(self, batch: str) -> str:
        return f"{self.batch(batch)}:over"

    @property
    def dropped(self) -> str:
        return f"{self.own}dropped"

    def lock(self, digest: str) -> str:
        return f"{self.own}lock:{digest}"

    def waiting(self, digest: str) -> str:
        return f"{self.own}waiting:{digest}"

    @property
    def awaited(self) -> str:
        return f"{self.own}awaited"
