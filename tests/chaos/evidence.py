"""Everything that is known at the end of a run, by five witnesses: Redis, ledger, logs, adversary and shell."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha1
from pathlib import Path
from typing import Any

import psutil
from redis import Redis

from resqued.protocol.keys import Keys
from resqued.protocol.moves import source
from tests.chaos.ledger import Ledger
from tests.chaos.masters import Policy
from tests.chaos.script import Pushed

KEYS = Keys()
NAMED = re.compile(rb'"args": ?\["?(?!poison )(\w+)|poison (\d+)')
LASTING = {KEYS.queues, KEYS.failed, KEYS.processed, KEYS.failures}  # what a fleet leaves by intention
PASSING = (
    KEYS.lost(""),
    KEYS.sightings,
    KEYS.look,
    KEYS.prune_lock,
    KEYS.tended,
    KEYS.batch(""),
    KEYS.earlier,
    KEYS.vacant,
    *KEYS.leaders,
)  # what leaves by itself: it has a time to live
LASTS = -1  # what TTL says of a key without any
PIDS = ("job.asked", "job.killed", "worker.killed", "worker.stopped", "worker.died")  # events that are about one
INTERRUPTED = "KeyboardInterrupt"  # the end of a traceback of somebody who was told to end before he could hear it


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the failed list."""

    name: str  # of the job
    exception: str
    error: str
    worker: str


@dataclass(frozen=True, slots=True)
class InRedis:
    """Names of jobs, each as often as it is found."""

    queued: Sequence[str]
    on_slates: Sequence[str]
    failed: Sequence[Entry]
    processed: int  # counters
    failures: int
    times_lost: Mapping[str, int]  # how often a job was found with a dead worker, by its name
    stale: Sequence[str]  # keys that should not be there


@dataclass(frozen=True, slots=True)
class InLogs:
    asked: frozenset[int]  # pids of jobs that a worker asked to stop, or killed
    overstayed: frozenset[int]  # pids of workers that their own master killed
    noise: Sequence[str]  # lines that are no log lines
    events: Mapping[str, int]  # how often each was logged
    buried: frozenset[int] = frozenset()  # pids of workers whose end their own master saw


@dataclass(frozen=True, slots=True)
class Harm:
    """What the adversary did to processes. Times are ns, monotonic."""

    killed: Mapping[int, int]  # pid → when
    stopped: Sequence[tuple[int, int]] = ()  # pid, and when it began

    def stopped_after(self, at: int, *pids: int) -> bool:
        return any(pid in pids and since >= at - 10**10 for pid, since in self.stopped)


@dataclass(frozen=True, slots=True)
class Evidence:
    policy: Policy
    limit: int  # how often a lost job may be put back
    pushed: Sequence[Pushed]
    redis: InRedis
    ledger: Ledger
    logs: InLogs
    harm: Harm
    exits: Sequence[int] = ()  # of masters, as Popen has them
    left_over: Mapping[str, str] = field(default_factory=dict)  # worker → job, when all masters had left
    trouble: Sequence[str] = field(default=())  # what went wrong with the run itself


def in_redis(redis: Redis, pushed: Iterable[Pushed]) -> InRedis:
    queues = [_text(name) for name in redis.smembers(KEYS.queues)]
    return InRedis(
        queued=[name_of(raw) for key in _lists(redis, queues) for raw in redis.lrange(key, 0, -1)],
        on_slates=list(unfinished(redis).held.values()),
        failed=[_entry(json.loads(text)) for text in redis.lrange(KEYS.failed, 0, -1)],
        processed=int(redis.get(KEYS.processed) or 0),
        failures=int(redis.get(KEYS.failures) or 0),
        times_lost=dict(_times_lost(redis, pushed)),
        stale=sorted(_stale(redis, {KEYS.queue(queue) for queue in queues})),
    )


def _lists(redis: Redis, queues: Iterable[str]) -> list[str]:
    """Of jobs: those that wait for their time, too."""
    delayed = [_text(key) for key in redis.scan_iter(match=KEYS.due("[0-9]*"), count=1000)]
    return [*map(KEYS.queue, queues), *delayed]


UNFINISHED = """
local queued, held = 0, {}
for _, epoch in ipairs(redis.call('ZRANGE', KEYS[3], 0, -1)) do
  queued = queued + redis.call('LLEN', ARGV[3] .. epoch)
end
for _, aside in ipairs(redis.call('HVALS', KEYS[2])) do queued = queued + tonumber(aside) end
for _, queue in ipairs(redis.call('SMEMBERS', KEYS[1])) do queued = queued + redis.call('LLEN', ARGV[1] .. queue) end
for _, slate in ipairs(redis.call('KEYS', ARGV[2] .. '*')) do
  local payload = redis.call('HGET', slate, 'payload')
  if payload then
    held[#held + 1] = slate:sub(#ARGV[2] + 1)
    held[#held + 1] = payload
  end
end
return {queued, held}
"""


@dataclass(frozen=True, slots=True)
class Unfinished:
    """Of one moment, for jobs move from queues to slates and back."""

    queued: int  # or delayed
    held: Mapping[str, str]  # worker → the name of its job

    def __bool__(self) -> bool:
        return bool(self.queued or self.held)

    @property
    def is_left_to_the_dead(self) -> bool:
        return not self.queued and not any(psutil.pid_exists(pid_of(worker)) for worker in self.held)


def unfinished(redis: Redis) -> Unfinished:
    keys = KEYS.queues, KEYS.asides, KEYS.schedule
    queued, held = redis.eval(UNFINISHED, len(keys), *keys, KEYS.queue(""), KEYS.slate(""), KEYS.due(""))
    workers, payloads = map(_text, held[::2]), map(name_of, held[1::2])
    return Unfinished(queued, dict(zip(workers, payloads, strict=True)))


def pid_of(worker: str) -> int:
    """That a worker's id tells."""
    return int(worker.split(":")[1])


def _entry(document: dict[str, Any]) -> Entry:
    text = json.dumps(document["payload"], separators=(",", ":")).encode()
    return Entry(name_of(text), document["exception"], document["error"], document["worker"])


def name_of(text: bytes | str) -> str:
    """The job's name, out of its payload in whatever form; the text itself if it has none."""
    found = NAMED.search(_raw(text))
    return _text((found[2] or found[1]) if found else text)


def _times_lost(redis: Redis, pushed: Iterable[Pushed]) -> Iterator[tuple[str, int]]:
    counted = {_text(key): redis.get(key) for key in redis.scan_iter(match=KEYS.lost("*"), count=1000)}
    if counted:
        for job in pushed:
            if times := counted.get(KEYS.lost(sha1(job.payload, usedforsecurity=False).hexdigest())):
                yield job.name, int(times)


def _stale(redis: Redis, queues: set[str]) -> Iterator[str]:
    for pattern in KEYS.everything:
        for found in redis.scan_iter(match=pattern, count=1000):
            key = _text(found)
            if key in LASTING | queues or (_passes(redis, key) and redis.ttl(key) != LASTS):
                continue
            yield key


def _passes(redis: Redis, key: str) -> bool:
    """A lock that holds nobody up passes: its job failed with its worker, which had taken it and not begun it."""
    if not key.startswith(KEYS.lock("")):
        return key.startswith(PASSING)
    about = KEYS.registrations, KEYS.queue(""), KEYS.slate(""), KEYS.timestamps("")
    return redis.eval(HELD, 1, key, *about) is None


HELD = f"""{source("holding.lua")}
local k = {{registrations = ARGV[1], prefix = ARGV[2], slates = ARGV[3], timestamps = ARGV[4]}}
return holder(k, KEYS[1])
"""


def in_logs(files: Iterable[Path]) -> InLogs:
    pids: dict[str, set[int]] = {event: set() for event in PIDS}
    noise, events = list[str](), Counter[str]()
    for file in files:
        for line in file.read_text(errors="replace").splitlines():
            if not line.startswith("{"):
                noise.append(line)
                continue
            facts = json.loads(line)
            event = facts["event"]
            events[event] += 1
            if event in PIDS:
                pids[event].add(facts["pid"])
    return InLogs(
        asked=frozenset(pids["job.asked"] | pids["job.killed"]),
        overstayed=frozenset(pids["worker.killed"]),
        noise=_serious(noise),
        events=events,
        buried=frozenset(pids["worker.stopped"] | pids["worker.died"]),
    )


def _serious(noise: list[str]) -> list[str]:
    """Without the tracebacks of those whom an INT met before they could hear it."""
    blocks: list[list[str]] = [[]]
    for line in noise:
        if line.startswith("Traceback"):
            blocks.append([])
        blocks[-1].append(line)
    return [line for block in blocks if block and block[-1] != INTERRUPTED for line in block]


def _raw(value: bytes | str) -> bytes:
    return value if isinstance(value, bytes) else value.encode()


def _text(value: bytes | str) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else value
