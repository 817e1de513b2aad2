"""USR1 to the master: everybody goes on in the new log file."""

import json
import signal
from pathlib import Path
from typing import Any

from redis import Redis

from tests.support.daemon import Daemons, popped, push
from tests.support.waiting import eventually

LOGGING_JOB = """
import os, redis
from resqued.log import log

class Log:
    @staticmethod
    def perform():
        with redis.Redis.from_url(os.environ["TEST_REDIS_URL"], socket_timeout=60) as there:
            there.rpush("test:met", "here")
            there.blpop("test:go", timeout=30)
        log.info("job.said")
"""


def lines(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def events(file: Path) -> set[str]:
    return {line["event"] for line in lines(file)}


def test_after_usr1_master_worker_and_a_job_of_before_write_to_the_new_file(daemons: Daemons, redis: Redis) -> None:
    (daemons.directory / "logging_jobs.py").write_text(LOGGING_JOB)
    file = daemons.directory / "log" / "resqued"
    file.parent.mkdir()
    settings = f'modules = ["logging_jobs"]\npath = ["{daemons.directory}"]'
    text = daemons.configured(more=f'[log]\nlevel = "debug"\nfile = "{file}"').read_text()
    kept = [line for line in text.splitlines() if not line.startswith(("path =", "modules ="))]
    master = daemons.start(daemons.written("\n".join(kept).replace("[jobs]", f"[jobs]\n{settings}")))
    push(redis, "Log")
    popped(redis, "test:met")
    old = file.rename(file.with_suffix(".1"))
    master.send(signal.SIGUSR1)
    eventually(lambda: "log.reopened" in events(file))
    redis.rpush("test:go", "on")

    eventually(lambda: {"job.said", "job.done"} <= events(file))
    assert {"master.started", "job.started"} <= events(old)
    assert {"job.said", "job.done"}.isdisjoint(events(old))
    assert master.stop() == 0
    assert "master.stopped" in events(file)
