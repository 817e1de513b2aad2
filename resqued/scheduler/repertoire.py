"""The schedules that Ruby's clients keep in Redis."""

from collections.abc import Collection

from resqued.errors import CommandRefused
from resqued.log import log
from resqued.recurring import Recurring, Unusable, persistent
from resqued.store.timetable import Timetable


class Repertoire:
    """`ours`: names of the configuration, which goes first."""

    def __init__(self, timetable: Timetable, *, env: str, zone: str, ours: Collection[str]) -> None:
        self._timetable, self._env, self._zone, self._ours = timetable, env, zone, ours

    def read(self) -> list[Recurring]:
        """Those that can be used; what is wrong with the others is said. Raises StoreUnavailable."""
        try:
            found = self._timetable.persistent()
        except CommandRefused as refused:  # whatever else there is to do must not wait for who puts that right
            log.warning("schedule.unreadable", error=str(refused))
            return []
        usable = []
        for one in persistent(found, env=self._env, zone=self._zone):
            if isinstance(one, Unusable):
                log.warning("schedule.unusable", name=one.name, error=one.why)
            elif one.name in self._ours:
                log.warning("schedule.unusable", name=one.name, error="the configuration has a schedule of this name")
            else:
                usable.append(one)
        return usable
