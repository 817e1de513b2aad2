"""Engines of SQLAlchemy on both sides of a fork."""

from pathlib import Path

import psutil
import pytest
from redis import Redis
from sqlalchemy import create_engine
from sqlalchemy.ext.asyncio import create_async_engine

from resqued import hooks, performer
from resqued.contrib import sqlalchemy
from resqued.verdict import DONE
from resqued.work import Job
from tests.support.daemon import popped, push
from tests.support.deployment import Deployment, pool

JOBS = """
import asyncio, os, signal
from sqlalchemy import create_engine, event, text
from sqlalchemy.ext.asyncio import create_async_engine
from resqued import hooks, job
from resqued.contrib.sqlalchemy import dispose_after_fork
from tracked import say

engine = create_engine("sqlite:///{file}")
later = create_async_engine("sqlite+aiosqlite:///{file}")
dispose_after_fork(engine, later)

@event.listens_for(engine, "connect")
def note(connection, record):
    record.info["opened by"] = os.getpid()

@event.listens_for(later.sync_engine, "connect")
def note_later(connection, record):
    record.info["opened by"] = id(asyncio.get_running_loop())

def look_up():
    with engine.connect() as connection:
        connection.execute(text("SELECT 1"))
        return connection.connection.info["opened by"]

look_up()  # as somebody does who reads a setting from a table

@hooks.before_first_fork
def look(worker):
    look_up()  # every process of a job is forked with this one

def whose():
    return "own" if look_up() == os.getpid() else "shared"

@job(queue="work")
def tell():
    with engine.connect() as connection:
        number = id(connection.connection.dbapi_connection)
    say("test:whose", f"{{whose()}} {{number}} {{os.getpid()}}")

@job(queue="work", on_failure_tell=lambda error: say("test:mourned", whose()))
def die():
    os.kill(os.getpid(), signal.SIGKILL)

@job(queue="work")
async def tell_later():
    async with later.connect() as connection:
        await connection.execute(text("SELECT 1"))
        raw = await connection.get_raw_connection()
        mine = raw.info["opened by"] == id(asyncio.get_running_loop())
    say("test:later", "own" if mine else "of another loop")
"""


@pytest.fixture(name="deployment")
def with_a_database(deployment: Deployment) -> Deployment:
    deployment.write("database", JOBS.format(file=deployment.app / "db.sqlite3"))
    deployment.configure(pool(more="jobs_per_fork = 2"), modules=["database"])
    return deployment


def open_databases(pid: int) -> list[str]:
    return [file.path for file in psutil.Process(pid).open_files() if Path(file.path).suffix == ".sqlite3"]


def test_no_connection_is_on_both_sides_of_a_fork_and_each_process_keeps_its_own(
    deployment: Deployment, redis: Redis
) -> None:
    for _ in range(2):
        push(redis, "tell")
    master = deployment.start()

    first, second = popped(redis, "test:whose"), popped(redis, "test:whose")
    assert (first[:4], second) == ("own ", first)
    assert open_databases(master.pid) == []


def test_a_process_that_stands_by_or_only_mourns_has_its_own(deployment: Deployment, redis: Redis) -> None:
    deployment.start()
    push(redis, "tell")
    assert popped(redis, "test:whose").startswith("own ")
    push(redis, "die")
    assert popped(redis, "test:mourned") == "own"


def test_an_asynchronous_job_has_none_of_the_loop_of_another(deployment: Deployment, redis: Redis) -> None:
    for _ in range(3):
        push(redis, "tell_later")
    deployment.start()

    assert [popped(redis, "test:later") for _ in range(3)] == ["own"] * 3


def test_a_pool_is_of_a_process_but_one_of_asyncio_of_a_job(monkeypatch: pytest.MonkeyPatch) -> None:
    """As an asyncio driver whose connections hold no thread would show: a thread ends the process anyway."""
    for name in hooks.registered:
        monkeypatch.setitem(hooks.registered, name, [])
    engine, later = create_engine("sqlite://"), create_async_engine("sqlite+aiosqlite://")
    sqlalchemy.dispose_after_fork(engine, later)
    pools = []

    class Note:
        @staticmethod
        async def perform() -> None:
            pools.append((engine.pool, later.sync_engine.pool))

    for _ in range(2):
        assert performer.perform(Note, Job("Note", (), "q", {}), forked=False) is DONE
    (pool_1, later_1), (pool_2, later_2) = pools
    assert pool_1 is pool_2
    assert later_1 is not later_2
