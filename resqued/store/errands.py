"""What somebody has the page do that takes longer than he will wait: how far it is, for whoever looks, wherever."""

import json
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Literal

from resqued.protocol.keys import Keys
from resqued.store.replies import texts
from resqued.wire import Command, Wire

KEPT = 86400  # s
MOST = 20  # that are remembered
SILENT = 30.0  # s after which one that does not report is taken for dead
STOP = ".stop"  # behind an id: somebody wants it to end

State = Literal["running", "done", "stopped", "failed", "lost"]


@dataclass(frozen=True, slots=True)
class Errand:
    """`seen` of `whole` entries were looked at, `done` so many; times are epoch seconds."""

    id: str
    what: str
    about: str  # which entries
    who: str
    began: float
    told: float  # when it last reported
    whole: int = 0
    seen: int = 0
    done: int = 0
    refused: Mapping[str, int] = field(default_factory=dict)  # by reason
    state: State = "running"
    problem: str = ""


class Errands:
    """Every method raises StoreUnavailable if Redis does not answer."""

    def __init__(self, wire: Wire, keys: Keys, *, clock: Callable[[], float] = time.time) -> None:
        self._wire, self._key, self._clock = wire, keys.errands, clock

    def begin(self, what: str, about: str, who: str, whole: int) -> Errand:
        now = self._clock()
        errand = Errand(secrets.token_hex(8), what, about, who, began=now, told=now, whole=whole)
        forgotten = [name for old in self.all()[MOST - 1 :] for name in (old.id, old.id + STOP)]
        self._wire.transaction([("HDEL", self._key, *forgotten)] * bool(forgotten) + self._kept(errand))
        return errand

    def tell(self, errand: Errand) -> bool:
        """Write how far it is. Whether somebody wants it to end."""
        *_, wish = self._wire.pipeline([*self._kept(errand), ("HEXISTS", self._key, errand.id + STOP)])
        return wish == 1

    def stop(self, errand_id: str) -> None:
        """It ends after the portion that is under way."""
        if any(errand.id == errand_id and errand.state == "running" for errand in self.all()):
            self._wire.call("HSET", self._key, errand_id + STOP, "1")

    def all(self) -> list[Errand]:
        """The newest first. One that does not report any more is `lost`: its process has ended."""
        facts = texts(self._wire.call("HGETALL", self._key))
        found = (_errand(text) for name, text in zip(facts[::2], facts[1::2], strict=True) if not _is_wish(name))
        return sorted((self._judged(errand) for errand in found if errand), key=lambda one: one.began, reverse=True)

    def _judged(self, errand: Errand) -> Errand:
        is_lost = errand.state == "running" and self._clock() - errand.told > SILENT
        return replace(errand, state="lost") if is_lost else errand

    def _kept(self, errand: Errand) -> list[Command]:
        text = json.dumps(asdict(replace(errand, told=self._clock())))
        return [("HSET", self._key, errand.id, text), ("EXPIRE", self._key, KEPT)]


def _is_wish(name: bytes) -> bool:
    return name.endswith(STOP.encode())


def _errand(text: bytes) -> Errand | None:
    """None for what another version wrote."""
    try:
        return Errand(**json.loads(text))
    except (ValueError, TypeError):
        return None
