"""Slates on a real Redis, and what peers do to them."""

import json
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

from redis import Redis

from resqued import address
from resqued.protocol.identity import Registration, WorkerId
from resqued.protocol.keys import Keys
from resqued.store.slate import Slate
from resqued.verdict import Outcome, Verdict
from resqued.wire import lean
from resqued.work import Work

WORKER = "vm:4711:mail,low"
QUEUES = ("mail", "low")
NOW = 1795418461.5  # 2026-11-23 07:21:01 UTC
SLATE = f"resqued:resque:slate:{WORKER}"
SHOWN = f"resque:worker:{WORKER}"
FAILED = Verdict(Outcome.FAILED, "ValueError", "no", ("one", "two"))
REGISTRATION = Registration("mail", 0, "1.0.0", boot="b", pids="pid:[1]", pid=4711, born=1, nonce="n")


@contextmanager
def slate_at(
    url: str, worker: str = WORKER, *, clock: Callable[[], float] = lambda: NOW, registers: bool = True
) -> Iterator[Slate]:
    """The slate of `worker`, which is registered unless told otherwise, on a connection of its own."""
    with closing(lean.connect(address.parse(url), name="slate")) as wire:
        identity = WorkerId.parse(worker)
        assert identity is not None
        slate = Slate(wire, Keys(), worker=identity, registration=REGISTRATION, clock=clock)
        if registers:
            slate.register()
        yield slate


def job(name: str = "Echo", *args: object) -> bytes:
    return json.dumps({"class": name, "args": args}, separators=(",", ":")).encode()


def push(redis: Redis, *jobs: bytes, queue: str = "mail") -> None:
    redis.sadd("resque:queues", queue)
    redis.rpush(f"resque:queue:{queue}", *jobs)


def taken(slate: Slate, *queues: str) -> Work:
    """The job that the slate reserves, which there must be."""
    work = slate.reserve(queues or QUEUES)
    assert isinstance(work, Work)
    return work


def waiting(redis: Redis, queue: str = "mail") -> list[bytes | str]:
    return redis.lrange(f"resque:queue:{queue}", 0, -1)


def failures(redis: Redis) -> list[dict[str, object]]:
    return [json.loads(entry) for entry in redis.lrange("resque:failed", 0, -1)]


def counted(redis: Redis, what: str = "processed", worker: str = WORKER) -> tuple[int, int]:
    """A counter, in all and of one worker."""
    everybody, one = redis.mget(f"resque:stat:{what}", f"resque:stat:{what}:{worker}")
    return int(everybody or 0), int(one or 0)


def strike_off_like_ruby(redis: Redis, worker: str = WORKER) -> None:
    """A Ruby or Perl worker prunes what has no resque in its title: the job fails, nothing of the worker is left."""
    if shown := redis.get(f"resque:worker:{worker}"):
        entry = {"payload": json.loads(shown)["payload"], "exception": "Resque::DirtyExit", "worker": worker}
        redis.rpush("resque:failed", json.dumps(entry))
    redis.srem("resque:workers", worker)
    redis.delete(f"resque:worker:{worker}", f"resque:worker:{worker}:started")
    redis.hdel("resque:workers:heartbeat", worker)
    redis.delete(f"resque:stat:processed:{worker}", f"resque:stat:failed:{worker}")


def strike_off_like_pyres(redis: Redis, worker: str = WORKER) -> None:
    """A pyres worker prunes what has no pyres in its title, and leaves the job where it is."""
    redis.srem("resque:workers", worker)
    redis.delete(f"resque:worker:{worker}:started")
    redis.delete(f"resque:stat:processed:{worker}", f"resque:stat:failed:{worker}")
