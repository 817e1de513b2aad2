"""celery, dramatiq and huey: workers that live long and fork for no job."""

import importlib
import json
import re
import shutil
import sys
from abc import ABC
from collections.abc import Callable, Sequence
from itertools import chain
from typing import Any, ClassVar, cast
from uuid import uuid4

from bench.contestants import QUEUE, Argv, Contestant
from bench.stage import APPLICATION, Stage

PATTERNS = "patterns"


class LongLived(Contestant, ABC):
    """Its jobs are in a module of `application`, which finds the Redis in BENCH_REDIS."""

    forks = False
    program: str  # a module to run
    complaint: str  # in its log, for each job that has failed

    def _command(self, port: int, *words: str) -> Argv:
        environment = [f"BENCH_REDIS={self.url(port)}", f"PYTHONPATH={APPLICATION}"]
        return [shutil.which("env") or "env", *environment, sys.executable, "-m", self.program, *words]

    def failed(self, said: Callable[[], str]) -> int:
        return len(re.findall(self.complaint, said()))


class Celery(LongLived):
    """https://docs.celeryq.dev; its pool is the default one, prefork."""

    name = "celery"
    program = "celery"
    complaint = r"raised unexpected"
    options: ClassVar[Sequence[str]] = ()

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage)
        celery: Any = importlib.import_module("celery")
        self._app = celery.Celery(broker=self.url(stage.port))

    def commands(self, port: int, workers: int) -> Sequence[Argv]:
        words = ("--app", "celery_app", "worker", "--queues", QUEUE, "--concurrency", str(workers), *self.options)
        return [self._command(port, *words)]

    def is_ready(self, workers: int, said: Callable[[], str]) -> bool:  # noqa: ARG002  the pool is there before it answers
        return bool(self._app.control.ping(timeout=0.2))

    def enqueue(self, job: str, *args: str) -> None:
        self._app.send_task(job, args, queue=QUEUE)

    def fill(self, count: int, job: str = "Noop") -> None:
        """Copies of a message that was on another queue, each with an id of its own."""
        self._app.send_task(job, queue=PATTERNS)
        message = json.loads(cast("bytes", self.redis.lpop(PATTERNS)))
        message["properties"]["delivery_info"]["routing_key"] = QUEUE
        self.redis.rpush(QUEUE, *(_renamed(message) for _ in range(count)))

    def waiting(self) -> int:
        return self.redis.llen(QUEUE)

    def working(self) -> bool:
        return self.redis.hlen("unacked") > 0


def _renamed(message: dict[str, Any]) -> str:
    name = str(uuid4())
    message["headers"] |= {"id": name, "root_id": name}
    message["properties"] |= {"correlation_id": name, "delivery_tag": str(uuid4())}
    return json.dumps(message)


class Provident(Celery):
    """As its guide to optimizing has it for short tasks; the rest of the work that can be left out is left out."""

    name = "celery, prefetch 128, no gossip"
    options = ("--prefetch-multiplier", "128", "--without-gossip", "--without-mingle", "--without-heartbeat")


class Dramatiq(LongLived):
    """https://dramatiq.io; a process for each worker, with eight threads, as is its default."""

    name = "dramatiq, 8 threads"
    program = "dramatiq"
    complaint = r"Failed to process message"
    told = False
    interval = 1.0
    threads = 8

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage)
        self._dramatiq: Any = importlib.import_module("dramatiq")
        brokers: Any = importlib.import_module("dramatiq.brokers.redis")
        self._broker = brokers.RedisBroker(client=self.redis)

    def commands(self, port: int, workers: int) -> Sequence[Argv]:
        return [self._command(port, "dramatiq_app", "--processes", str(workers), "--threads", str(self.threads))]

    def is_ready(self, workers: int, said: Callable[[], str]) -> bool:
        return said().count("Worker process is ready for action") == workers

    def enqueue(self, job: str, *args: str) -> None:
        self._broker.enqueue(self._message(job, args))

    def _message(self, job: str, args: Sequence[str] = (), **options: str) -> Any:
        return self._dramatiq.Message(QUEUE, job, args, {}, options)

    def fill(self, count: int, job: str = "Noop") -> None:
        """As its enqueue script would."""
        names = [str(uuid4()) for _ in range(count)]
        texts = [self._message(job, redis_message_id=name).encode() for name in names]
        self.redis.hset(f"dramatiq:{QUEUE}.msgs", items=list(chain.from_iterable(zip(names, texts, strict=True))))
        self.redis.rpush(f"dramatiq:{QUEUE}", *names)

    def waiting(self) -> int:
        return self.redis.llen(f"dramatiq:{QUEUE}")


class SingleThreaded(Dramatiq):
    name = "dramatiq, 1 thread"
    threads = 1


class Huey(LongLived):
    """https://huey.readthedocs.io; workers are threads, as is its default."""

    name = "huey"
    program = "huey.bin.huey_consumer"
    complaint = r"Unhandled exception in task"
    plenty = 50_000
    kind = "thread"

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage)
        sys.path.append(str(APPLICATION))
        self._huey, self._tasks = importlib.import_module("huey_app").made(self.url(stage.port))

    def commands(self, port: int, workers: int) -> Sequence[Argv]:
        return [self._command(port, "huey_app.huey", "--workers", str(workers), "--worker-type", self.kind)]

    def is_ready(self, workers: int, said: Callable[[], str]) -> bool:
        return f"started with {workers} {self.kind}" in said()

    def enqueue(self, job: str, *args: str) -> None:
        self._tasks[job](*args)

    def fill(self, count: int, job: str = "Noop") -> None:
        task = self._tasks[job]
        messages = [self._huey.serialize_task(task.s()) for _ in range(count)]
        self.redis.lpush(f"huey.redis.{QUEUE}", *messages)

    def waiting(self) -> int:
        return self.redis.llen(f"huey.redis.{QUEUE}")


class HueyProcesses(Huey):
    """Its documentation names them for work that needs a processor."""

    name = "huey, processes"
    kind = "process"
