"""The locks of jobs of which there may be one only: taken with a place on a queue, looked at, let go of."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import ceil

from resqued.protocol import records
from resqued.protocol.keys import Keys
from resqued.protocol.moves import move
from resqued.store.replies import AT_ONCE, integer, portions, raw, texts, values
from resqued.store.scripts import execute
from resqued.unique import Identity, Scope, UniquePolicy
from resqued.wire import Command, Reply, Wire

LEASE = 7 * 86400  # s for which a lock lives whose job is queued; as in locks.lua
FIELDS = ("shown", "scope", "since", "queue", "worker")


@dataclass(frozen=True, slots=True)
class Held:
    """Why a job was not put on its queue: there is one of its kind."""

    since: str
    place: str  # a queue, or a worker


@dataclass(frozen=True, slots=True)
class Locking:
    """Of jobs of which there may be one only: for each the key of its lock, and what that is about."""

    scope: str = ""  # none of them
    lease: int = 0  # s
    keys: Sequence[str] = ()
    shown: Sequence[str] = ()

    @classmethod
    def of(cls, policy: UniquePolicy, identities: Sequence[Identity], keys: Keys) -> "Locking":
        lease = ceil(policy.seconds) if policy.scope is Scope.PERIOD else LEASE
        locks, shown = [keys.lock(one.digest) for one in identities], [one.shown for one in identities]
        return cls(policy.scope, lease, locks, shown)


@dataclass(frozen=True, slots=True)
class Lock:
    """As it was at one moment."""

    digest: str
    shown: str
    scope: str
    since: datetime | None
    queue: str  # empty if a worker performs its job
    worker: str  # empty if none does
    lives: int | None  # s; None: as long as its worker
    waiting: int  # jobs


class Locks:
    """Of one namespace.

    Every method raises StoreUnavailable if Redis does not answer, and CommandRefused if a key of Resque's has a type
    that is not Resque's.
    """

    def __init__(self, wire: Wire, keys: Keys) -> None:
        self._wire, self._keys = wire, keys

    def all(self) -> list[Lock]:
        """Sorted by what they are about. Looks at every key of the namespace of ours, in portions."""
        keys = sorted(self._found())
        return sorted(
            (lock for portion in portions(keys, AT_ONCE) for lock in self._look(portion)), key=lambda lock: lock.shown
        )

    def release(self, digest: str, *, although_performed: bool = False) -> int:
        """1: let go of. 0: there is no such lock. -1: a worker performs its job, and it is held (`unlock.lua`)."""
        keys = raw(self._keys.lock(digest)), self._keys.awaited
        return integer(execute(self._wire, move("unlock"), keys, (int(although_performed),)))

    def _found(self) -> set[bytes]:
        cursor, found = b"0", set[bytes]()
        while True:
            match self._wire.call("SCAN", cursor, "MATCH", self._keys.lock("*"), "COUNT", 1000):
                case [bytes(cursor), some]:
                    found.update(texts(some))
            if cursor == b"0":
                return found

    def _look(self, keys: Sequence[bytes]) -> Iterator[Lock]:
        digests = [key.decode(errors="replace").rpartition(":")[2] for key in keys]
        commands: list[Command] = []
        for key, digest in zip(keys, digests, strict=True):
            commands += [("HMGET", key, *FIELDS), ("TTL", key), ("LLEN", raw(self._keys.waiting(digest)))]
        replies = self._wire.pipeline(commands)
        for at, digest in enumerate(digests):
            if lock := _lock(digest, *replies[3 * at : 3 * at + 3]):
                yield lock


def _lock(digest: str, fields: Reply, lives: Reply, waiting: Reply) -> Lock | None:
    """None if it is gone meanwhile."""
    shown, scope, since, queue, worker = ((field or b"").decode(errors="surrogateescape") for field in values(fields))
    if not since:
        return None
    seconds = integer(lives)
    return Lock(
        digest,
        shown,
        scope,
        records.moment(since.encode(errors="replace")),
        queue,
        worker,
        seconds if seconds >= 0 else None,
        integer(waiting) // 2,
    )
