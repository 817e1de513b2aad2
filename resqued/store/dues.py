"""What a job owes at its end, as it stands on its worker's slate (`dues.lua`): written by it, read by a pruner."""

import json
from dataclasses import dataclass

from resqued.errors import InvalidPayload
from resqued.promises import Promise
from resqued.protocol import delayed
from resqued.protocol.keys import Keys
from resqued.protocol.payloads import clean, dumps
from resqued.verdict import Verdict
from resqued.work import Work

LONGEST_ERROR = 1000  # characters of what is remembered of each try


def written(promise: Promise, keys: Keys) -> str:
    """One object of names of keys and of facts. How many tries there were is added in Redis."""
    said: dict[str, object] = {"queues": keys.queues, "queue": keys.queue(""), "prefix": keys.prefix}
    said |= {"earlier": keys.earlier, "asides": keys.asides}
    if retry := promise.retry:
        said["counter"], said["last"], said["tries"] = keys.tries(counted_as(promise))
        said |= {"limit": retry.limit, "lost": retry.if_lost(), "discards": retry.dead == "discard"}
    if promise.unique and promise.identity:
        digest = promise.identity.digest
        said |= {"lock": keys.lock(digest), "waiting": keys.waiting(digest), "awaited": keys.awaited}
        said |= {"scope": promise.unique.scope, "shown": promise.identity.shown}
    if limit := promise.limit:
        said |= {"turn": limit.name, "most": limit.most, "limits": keys.limits}
    if promise.opens_at_end:
        said["locks"] = [clean(keys.foreign_lock(name)) for name in promise.opens_at_end]
    return dumps(said)


def counted_as(promise: Promise) -> str:
    """By resque-retry."""
    from resqued.protocol import retries  # noqa: PLC0415  most workers never need to know how Ruby writes a value

    return retries.counted_as(promise.name, promise.args)


def item(work: Work) -> str:
    """The job as it lies among delayed ones; empty for what cannot lie there, as it is no job."""
    try:
        return delayed.item(work.payload.decode(), work.queue)
    except (InvalidPayload, UnicodeDecodeError):
        return ""


def failure(verdict: Verdict, worker: str, now: str) -> str:
    """One try, in short, for the list of all of them."""
    said = {"failed_at": now, "exception": verdict.exception, "error": verdict.error[:LONGEST_ERROR], "worker": worker}
    return dumps({name: clean(value) for name, value in said.items()})


@dataclass(frozen=True, slots=True)
class Dues:
    """What a pruner has to know of them."""

    tried: int = 0  # how many tries there were before
    lost: tuple[float, ...] = ()  # s until each further try

    @property
    def pause(self) -> float | None:
        """Seconds until a job whose worker has died is tried again; None: it is not."""
        return self.lost[min(self.tried, len(self.lost) - 1)] if self.lost else None


def read(text: bytes) -> Dues:
    """Leniently: a later version may have written it."""
    match _object(text):
        case {"tried": int(tried), "limit": int(limit), "lost": [*pauses]}:
            seconds = tuple(float(pause) for pause in pauses if isinstance(pause, int | float) and pause >= 0)
            return Dues(tried, seconds if tried < limit else ())
        case {"tried": int(tried)}:  # cjson writes no pauses as {}
            return Dues(tried)
        case _:
            return Dues()


def _object(text: bytes) -> object:
    try:
        return json.loads(text)
    except ValueError:
        return None
