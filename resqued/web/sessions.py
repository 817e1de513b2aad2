"""Who has logged in, and who tries too often. In this process alone: a restart has everybody log in again."""

import hashlib
import secrets
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass

LIFE = 12 * 3600.0  # s
MOST = 10_000  # sessions, or names and addresses that are watched
TRIES, WITHIN = 5, 60.0  # s


@dataclass(frozen=True, slots=True)
class Session:
    who: str
    hashed: str  # what the password was then: with another one, or without, this ends
    until: float


class Sessions:
    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._sessions: OrderedDict[bytes, Session] = OrderedDict()

    def open(self, who: str, hashed: str) -> str:
        """The secret that its owner is known by; only its digest is kept."""
        secret = secrets.token_urlsafe(32)
        with self._lock:
            self._sessions[_digest(secret)] = Session(who, hashed, self._clock() + LIFE)
            while len(self._sessions) > MOST:
                self._sessions.popitem(last=False)
        return secret

    def find(self, secret: str) -> Session | None:
        found = self._sessions.get(_digest(secret))
        return found if found and found.until > self._clock() else None

    def close(self, secret: str) -> None:
        with self._lock:
            self._sessions.pop(_digest(secret), None)


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode(errors="surrogateescape")).digest()


class Attempts:
    """Wrong passwords, by name and by address: after some, either has to wait."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._wrong: OrderedDict[str, deque[float]] = OrderedDict()

    def wait(self, *keys: str) -> float:
        """Seconds until another try; 0: now. A try that may be made counts as wrong until it is `forgiven`."""
        now = self._clock()
        with self._lock:
            rest = max(self._rest(key, now) for key in keys)
            if not rest:
                for key in keys:
                    self._count(key, now)
        return rest

    def forgive(self, *keys: str) -> None:
        with self._lock:
            for key in keys:
                self._wrong.pop(key, None)

    def _rest(self, key: str, now: float) -> float:
        times = self._wrong.get(key, deque())
        return max(0.0, times[0] + WITHIN - now) if len(times) == TRIES else 0.0

    def _count(self, key: str, now: float) -> None:
        self._wrong.setdefault(key, deque(maxlen=TRIES)).append(now)
        self._wrong.move_to_end(key)
        while len(self._wrong) > MOST:
            self._wrong.popitem(last=False)
