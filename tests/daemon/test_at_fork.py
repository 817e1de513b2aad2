"""Which at-fork handlers run around a job: the standard library's locks are made anew only where that is needed."""

import json
from typing import Any

import pytest
from redis import Redis

from tests.support.daemon import Daemons, popped, push

APPLICATION = """
import json, logging, os, random, threading
from concurrent.futures import ThreadPoolExecutor
from resqued import hooks
from tracked import say

ran = []
os.register_at_fork(after_in_child=lambda: ran.append("application"))

@hooks.before_fork
def look(job):
    global lock, ran
    lock, ran = id(threading._active_limbo_lock), []

class Facts:
    queue = "work"

    @staticmethod
    def perform():
        logging.getLogger().warning("this takes a lock")
        with ThreadPoolExecutor(1) as pool:
            answer = pool.submit(int, "7").result(timeout=10)
        main = threading.main_thread()
        say("test:facts", json.dumps({
            "made anew": id(threading._active_limbo_lock) != lock,
            "ran": ran,
            "answer": answer,
            "main": main is threading.current_thread(),
            "native": main.native_id == os.getpid(),
            "random": random.random(),
        }))

class Forks:
    queue = "work"

    @staticmethod
    def perform():
        pid = os.fork()
        if pid == 0:
            say("test:facts", json.dumps({"made anew": id(threading._active_limbo_lock) != lock}))
            os._exit(0)
        os.waitpid(pid, 0)
"""
THREAD = """
import time
threading.Thread(target=time.sleep, args=(3600,), daemon=True).start()
"""


def facts(
    daemons: Daemons,
    redis: Redis,
    *,
    job: str = "Facts",
    at_fork: str = "needed",
    preload: str = "master",
    more: str = "",
) -> list[dict[str, Any]]:
    """What two jobs say, each in a process of its own."""
    module = daemons.directory / "app" / "forking.py"
    module.parent.mkdir()
    module.write_text(APPLICATION + more)
    text = daemons.configured(jobs=f'preload = "{preload}"').read_text()
    text = text.replace("path = [", f'path = ["{module.parent}", ').replace('["tracked"]', '["tracked", "forking"]')
    lines = [f'at_fork = "{at_fork}"' if line.startswith("at_fork") else line for line in text.splitlines()]
    daemons.start(daemons.written("\n".join(lines)))
    push(redis, job)
    push(redis, job)
    return [json.loads(popped(redis, "test:facts")) for _ in range(2)]


def test_locks_are_not_made_anew_where_nobody_can_hold_them(daemons: Daemons, redis: Redis) -> None:
    assert [fact["made anew"] for fact in facts(daemons, redis)] == [False, False]


def test_a_setting_has_them_made_anew_always(daemons: Daemons, redis: Redis) -> None:
    assert [fact["made anew"] for fact in facts(daemons, redis, at_fork="all")] == [True, True]


def test_a_second_thread_has_them_made_anew(daemons: Daemons, redis: Redis) -> None:
    found = facts(daemons, redis, preload="worker", more=THREAD)

    assert [fact["made anew"] for fact in found] == [True, True]


@pytest.mark.parametrize("at_fork", ["needed", "all"])
def test_threads_locks_and_the_main_thread_are_in_order(daemons: Daemons, redis: Redis, at_fork: str) -> None:
    found = facts(daemons, redis, at_fork=at_fork)

    assert [(fact["answer"], fact["main"]) for fact in found] == [(7, True)] * 2


def test_the_main_thread_knows_its_native_id_although_nobody_else_tells_it(daemons: Daemons, redis: Redis) -> None:
    assert [fact["native"] for fact in facts(daemons, redis)] == [True, True]


def test_handlers_of_the_application_run_always(daemons: Daemons, redis: Redis) -> None:
    assert [fact["ran"] for fact in facts(daemons, redis)] == [["application"]] * 2


def test_random_numbers_are_others_in_each_job(daemons: Daemons, redis: Redis) -> None:
    first, second = facts(daemons, redis)

    assert first["random"] != second["random"]


def test_a_process_that_a_job_forks_has_all_made_anew(daemons: Daemons, redis: Redis) -> None:
    assert [fact["made anew"] for fact in facts(daemons, redis, job="Forks")] == [True, True]
