"""How a Redis server is set up and how it feels, as far as it matters to queues, and what stands at the keys there."""

import re
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from statistics import median

from resqued.errors import CommandRefused
from resqued.protocol.keys import Keys
from resqued.store.replies import name_of, pipelined, raw, texts
from resqued.wire import Reply, Wire

PINGS = 5
INTEGER = re.compile(r"-?[0-9]{1,19}")


@dataclass(frozen=True, slots=True)
class Server:
    """What a server says of itself. None: it does not say."""

    version: str
    latency: float  # s, half of the round trips are faster
    ahead: float  # s by which its clock is ahead of ours
    policy: str | None  # what it throws away when its memory is full
    memory_limit: int | None  # bytes; 0: none
    memory_used: int
    appends: bool | None  # to a file, each change
    append_sync: str | None
    snapshots: str | None  # when it makes them; empty: never
    writes_well: bool  # the last snapshot and the last append succeeded
    clients: int
    clients_limit: int | None


@dataclass(frozen=True, slots=True)
class Misfit:
    """A key with something that no Resque client can do anything with."""

    key: str
    found: str
    wanted: str


class Checkup:
    """Every method raises StoreUnavailable, and CommandRefused."""

    def __init__(self, wire: Wire, keys: Keys) -> None:
        self._wire, self._keys = wire, keys

    def server(self) -> Server:
        facts, settings, (latency, ahead) = self._info(), self._settings(), self._clock()
        return Server(
            version=facts.get("redis_version", ""),
            latency=latency,
            ahead=ahead,
            policy=facts.get("maxmemory_policy"),
            memory_limit=_number(facts.get("maxmemory")),
            memory_used=_number(facts.get("used_memory")) or 0,
            appends=facts["aof_enabled"] == "1" if "aof_enabled" in facts else None,
            append_sync=settings.get("appendfsync"),
            snapshots=settings.get("save"),
            writes_well={facts.get("rdb_last_bgsave_status"), facts.get("aof_last_write_status")} <= {"ok", None},
            clients=_number(facts.get("connected_clients")) or 0,
            clients_limit=_number(settings.get("maxclients") or facts.get("maxclients")),
        )

    def misfits(self, queues: Iterable[str]) -> Iterator[Misfit]:
        """Of the keys that stand alone, and of those of these queues, of our workers, and of limits in use."""
        wanted = {**self._types(), **self._types_of_ours(), **self._types_of_each(queues)}
        types = pipelined(self._wire, [("TYPE", raw(key)) for key in wanted])
        for (key, kind), found in zip(wanted.items(), map(_text, types), strict=True):
            if found not in (kind, "none"):
                yield Misfit(key, f"a {found}", kind)
        yield from self._odd_counters()

    def _odd_counters(self) -> Iterator[Misfit]:
        """What cannot be counted on: INCR refuses it, after whatever the same script has done before."""
        for key in (self._keys.processed, self._keys.failures):
            with suppress(CommandRefused):  # it is of another type, which has been said
                value = _text(self._wire.call("GET", key))
                if value and not INTEGER.fullmatch(value):
                    yield Misfit(key, "text that is no number", "number")

    def _types(self) -> dict[str, str]:
        keys = self._keys
        return {
            keys.queues: "set",
            keys.workers: "set",
            keys.heartbeats: "hash",
            keys.failed: "list",
            keys.processed: "string",
            keys.failures: "string",
            keys.pause: "string",
            keys.registrations: "hash",
            keys.sightings: "hash",
            keys.paused: "hash",
            keys.schedule: "zset",
            keys.persistent: "hash",
            keys.last_enqueued: "hash",
            keys.failed_queues: "set",
            keys.changed: "set",
            keys.prune_lock: "string",
            **dict.fromkeys(keys.leaders, "string"),
        }

    def _types_of_ours(self) -> dict[str, str]:
        keys = self._keys
        return {
            **dict.fromkeys((keys.limits, keys.asides, keys.slowed, keys.dropped, keys.awaited), "hash"),
            **dict.fromkeys((keys.ticks, keys.disabled, keys.errands), "hash"),
            keys.room: "zset",
            **dict.fromkeys((keys.earlier, keys.vacant), "list"),
            **dict.fromkeys(map(keys.history, ("minutes", "hours", "queues")), "list"),
            **dict.fromkeys((keys.look, keys.trim, keys.tended, keys.history("turn")), "string"),
        }

    def _types_of_each(self, queues: Iterable[str]) -> dict[str, str]:
        keys, workers, limits = self._keys, self._fields(self._keys.registrations), self._fields(self._keys.limits)
        queues = list(queues)
        return {
            **dict.fromkeys(map(keys.queue, queues), "list"),
            **dict.fromkeys(map(keys.rate, queues), "list"),
            **dict.fromkeys(map(keys.slate, workers), "hash"),
            **dict.fromkeys(map(keys.processed_by, workers), "string"),
            **dict.fromkeys(map(keys.failures_of, workers), "string"),
            **dict.fromkeys(map(keys.held, limits), "hash"),
            **dict.fromkeys(map(keys.aside, limits), "list"),
            **dict.fromkeys(map(keys.called, limits), "list"),
        }

    def _fields(self, key: str) -> list[str]:
        """None if it is of another type, which is said."""
        try:
            return [name_of(name) for name in texts(self._wire.call("HKEYS", key))]
        except CommandRefused:
            return []

    def _info(self) -> dict[str, str]:
        """Empty for a user who may not ask."""
        try:
            lines = _text(self._wire.call("INFO")).splitlines()
        except CommandRefused:
            return {}
        return {name: value for name, colon, value in (line.partition(":") for line in lines) if colon}

    def _settings(self) -> Mapping[str, str]:
        """A server in a cloud does not always tell."""
        try:
            return {name: self._setting(name) for name in ("save", "appendfsync", "maxclients")}
        except CommandRefused:
            return {}

    def _setting(self, name: str) -> str:
        reply = self._wire.call("CONFIG", "GET", name)
        return _text(reply[1]) if isinstance(reply, list) and len(reply) > 1 else ""

    def _clock(self) -> tuple[float, float]:
        """How long a round trip takes, and how far ahead the server's clock is, by the fastest of them."""
        trips = []
        for _ in range(PINGS):
            began = time.monotonic()
            theirs = self._epoch()
            took = time.monotonic() - began
            trips.append((took, theirs + took / 2 - time.time()))
        return median(took for took, _ in trips), min(trips)[1]

    def _epoch(self) -> float:
        reply = self._wire.call("TIME")
        assert isinstance(reply, list)
        seconds, microseconds = map(_text, reply)
        return int(seconds) + int(microseconds) / 1e6


def _text(reply: Reply) -> str:
    return reply.decode(errors="replace") if isinstance(reply, bytes) else ""


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isdecimal() else None
