"""Schedules, for those who operate them: what is kept in Redis, when each last ticked, which are not wanted."""

import time
from collections.abc import Callable, Sequence
from datetime import datetime

from resqued.protocol import dates, records
from resqued.protocol.keys import Keys
from resqued.recurring import Recurring
from resqued.store.catalog import Catalog
from resqued.store.replies import integer, name_of, raw, texts, values
from resqued.store.timetable import Timetable
from resqued.wire import Wire


class Agenda:
    """Of one namespace. Every method raises StoreUnavailable, and CommandRefused if a key has a wrong type."""

    def __init__(self, wire: Wire, keys: Keys, *, clock: Callable[[], float] = time.time) -> None:
        self._wire, self._keys, self._clock = wire, keys, clock

    def persistent(self) -> dict[str, bytes]:
        """The schedules kept in Redis, by name."""
        facts = texts(self._wire.call("HGETALL", self._keys.persistent))
        return {name_of(name): text for name, text in zip(facts[::2], facts[1::2], strict=True)}

    def disabled(self) -> set[str]:
        return set(map(name_of, texts(self._wire.call("HKEYS", self._keys.disabled))))

    def disable(self, name: str) -> bool:
        """It enqueues nothing any more, on no host. Whether that is new."""
        return self._wire.call("HSETNX", self._keys.disabled, raw(name), dates.recorded(self._clock())) == 1

    def enable(self, name: str) -> bool:
        """Whether it was disabled."""
        return self._wire.call("HDEL", self._keys.disabled, raw(name)) == 1

    def ticks(self, schedules: Sequence[Recurring]) -> list[int | None]:
        """The last tick of each, if there was one."""
        return Timetable(self._wire, self._keys, "").ticks(schedules)

    def last_enqueued(self, names: Sequence[str]) -> list[datetime | None]:
        """When the job of each was last enqueued by a scheduler, ours or Ruby's."""
        if not names:
            return []
        said = self._wire.call("HMGET", self._keys.last_enqueued, *map(raw, names))
        return list(map(records.moment, values(said)))

    def all_last_enqueued(self, most: int) -> dict[str, datetime]:
        """The same, of every one; of more than `most` nothing."""
        if integer(self._wire.call("HLEN", self._keys.last_enqueued)) > most:
            return {}
        said = texts(self._wire.call("HGETALL", self._keys.last_enqueued))
        at = zip(map(name_of, said[::2]), map(records.moment, said[1::2]), strict=True)
        return {name: moment for name, moment in at if moment is not None}

    def run(self, one: Recurring) -> None:
        """Enqueue its job now, beside its ticks."""
        Catalog(self._wire, self._keys).enqueue(one.queue, one.payload)

    def leaders(self) -> tuple[str | None, str | None]:
        """Who holds the lock of Ruby's schedulers, and who that of node's."""
        ruby, node = (name_of(who) if who else None for who in values(self._wire.call("MGET", *self._keys.leaders)))
        return ruby, node
