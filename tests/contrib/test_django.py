"""A Django project of another hand, performed; and jobs that wait for a transaction."""

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import django
import psutil
import pytest
from django.apps import apps as registered
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import connection, transaction
from redis import Redis

import resqued
from resqued import NotEncodable, WrongArguments, destination, testing
from resqued.config import Jobs
from resqued.contrib.django import apps, enqueue_on_commit
from resqued.entry import preloading
from tests.support.daemon import Daemon, failures, popped, push
from tests.support.deployment import Deployment, pool
from tests.support.python import run_python

SETTINGS = """
SECRET_KEY = "x"
INSTALLED_APPS = ["shop.apps.Shop", "stock", "idle"]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "%s", "CONN_MAX_AGE": %s}}
"""
APPS = """
from django.apps import AppConfig

class Shop(AppConfig):
    name = "shop"

    def ready(self):
        from django.db import connection
        connection.ensure_connection()  # as somebody does who reads a setting from a table
"""
JOBS = """
import os, signal
from django.db import connection
from django.db.backends.signals import connection_created
from resqued import hooks, job
from tracked import say

OPENED = []
def note(connection, **_):
    OPENED.append(connection.alias)
    connection.opened_by = os.getpid()
connection_created.connect(note)

@hooks.before_first_fork
def look(worker):
    connection.ensure_connection()  # every process of a job is forked with this one

def whose():
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    mine = "own" if connection.opened_by == os.getpid() else "shared"
    return f"{mine} {len(OPENED)}"

def mourn(error):
    say("test:mourned", whose())

@job(queue="work")
def look_up():
    say("test:whose", f"{whose()} {os.getpid()}")

@job(queue="work", on_failure_mourn=mourn)
def die():
    os.kill(os.getpid(), signal.SIGKILL)
"""
MAIL = """
from tracked import say

class Count:
    @staticmethod
    def perform():
        say("test:said", "counted")
"""


def started(deployment: Deployment, more: str = "", *, max_age: int | None = None) -> Daemon:
    """Its module `jobs` that is one, its package `jobs`, and an application without."""
    for package in ("mysite", "shop", "stock", "stock/jobs", "idle"):
        (deployment.app / package).mkdir()
        deployment.write(f"{package}/__init__", "")
    deployment.write("mysite/settings", SETTINGS % (deployment.app / "db.sqlite3", max_age))
    deployment.write("shop/apps", APPS)
    deployment.write("shop/jobs", JOBS)
    deployment.write("stock/jobs/counting", MAIL)
    deployment.configure(pool(more=more), jobs='django = "mysite.settings"')
    return deployment.start()


def open_databases(process: psutil.Process) -> list[str]:
    return [file.path for file in process.open_files() if file.path.endswith("db.sqlite3")]


def test_no_connection_is_on_both_sides_of_a_fork(deployment: Deployment, redis: Redis) -> None:
    master = started(deployment, "jobs_per_fork = 2")
    assert open_databases(psutil.Process(master.pid)) == []

    for _ in range(3):
        push(redis, "shop.jobs.look_up")
        assert popped(redis, "test:whose").startswith("own ")
    push(redis, "die")
    assert popped(redis, "test:mourned").startswith("own ")
    push(redis, "Count")
    assert popped(redis, "test:said") == "counted"
    assert [entry["exception"] for entry in failures(redis)] == ["Resque::DirtyExit"]


@pytest.mark.parametrize(("max_age", "shared"), [(None, True), (0, False)])
def test_several_jobs_of_a_process_share_its_own_connection_as_requests_would(
    deployment: Deployment, redis: Redis, max_age: int | None, *, shared: bool
) -> None:
    for _ in range(2):
        push(redis, "look_up")
    started(deployment, "jobs_per_fork = 2", max_age=max_age)

    first, second = popped(redis, "test:whose"), popped(redis, "test:whose")
    assert (first[:4], second[:4]) == ("own ", "own ")
    assert first.split()[2] == second.split()[2], "one process"
    assert (first == second) is shared


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ("1/0", "ZeroDivisionError: division by zero ({file}:1)"),
        ("INSTALLED_APPS = ['gone']", "ModuleNotFoundError: No module named 'gone'"),
        (None, "ModuleNotFoundError: No module named 'broken'; is it below one of the directories of jobs.path?"),
    ],
)
def test_a_project_that_cannot_be_set_up_is_a_mistake(deployment: Deployment, text: str | None, mistake: str) -> None:
    file = deployment.app / "broken.py"
    if text is not None:
        file.write_text(text)
    deployment.configure(jobs='django = "broken"')
    command = [sys.executable, "-m", "resqued", "-t", "-c", str(deployment.file)]
    told = subprocess.run(command, capture_output=True, text=True, check=False).stderr

    assert f"jobs.django: broken cannot be set up: {mistake.format(file=file)}" in told


def test_without_django_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("resqued.contrib.django")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "django", None)
    registry = preloading.registry(Jobs(django="mysite.settings"))
    with pytest.raises(resqued.ConfigError, match=r'jobs.django: .*django.* here; do: pip install "resqued\[django\]"'):
        registry.load()


def test_a_worker_of_a_project_loads_nothing_that_only_clients_need() -> None:
    loaded = run_python("import sys\nfrom resqued.contrib.django import project, apps\nprint(*sys.modules)")

    assert {"redis", "rich", "resqued.client", "resqued.api"}.isdisjoint(loaded.split())


# Transactions


@resqued.job(queue="mail")
def welcome(address: str, copies: int = 1) -> None: ...


@pytest.fixture(scope="module", autouse=True)
def _project() -> None:
    databases = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
    settings.configure(DATABASES=databases, INSTALLED_APPS=["resqued.contrib.django"])
    django.setup()


@pytest.fixture
def jobs() -> Iterator[list[testing.Enqueued]]:
    with testing.collected() as collected:
        yield collected
    connection.close()


def test_a_job_waits_for_the_commit_with_the_arguments_of_before(jobs: list[testing.Enqueued]) -> None:
    given = ["ann"]
    with transaction.atomic():
        enqueue_on_commit(welcome, "ann", copies=2)
        enqueue_on_commit(Digest, given)
        given.append("bob")
        assert jobs == []

    assert [(job.queue, job.args) for job in jobs] == [("mail", ("ann", 2)), ("digests", (["ann"],))]


def test_what_is_rolled_back_enqueues_nothing(jobs: list[testing.Enqueued]) -> None:
    with transaction.atomic():
        enqueue_on_commit(welcome, "ann")
        transaction.set_rollback(True)

    assert jobs == []


def test_without_a_transaction_it_does_not_wait(jobs: list[testing.Enqueued]) -> None:
    enqueue_on_commit(welcome, "ann")

    assert len(jobs) == 1


class Digest:
    queue = "digests"

    @staticmethod
    def perform(addresses: list[str]) -> None: ...


class Homeless:
    perform = staticmethod(print)


def test_what_cannot_be_sent_is_refused_while_it_can_be_rolled_back(jobs: list[testing.Enqueued]) -> None:
    with pytest.raises(WrongArguments):
        enqueue_on_commit(welcome)  # type: ignore[call-overload]  # as mypy says, too
    with pytest.raises(NotEncodable, match="which JSON cannot say"):
        enqueue_on_commit(Digest, object())
    with pytest.raises(NotEncodable, match="names no queue"):
        enqueue_on_commit(Homeless)


# Settings


def test_the_settings_say_where_jobs_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(destination, "_stated", None)
    monkeypatch.setattr(settings, "RESQUED", {"redis": "redis://db.example:7000/2"}, raising=False)
    registered.get_app_config("resqued").ready()

    assert str(destination.place()) == str(apps._place({"redis": "redis://db.example:7000/2", "namespace": "resque"}))


@pytest.mark.parametrize(
    ("stated", "mistake"),
    [
        ("redis://:secret@db", r"RESQUED: expected a dict with redis and namespace, got a str$"),
        ({"redis": 6379}, r"RESQUED: expected text, got something else: redis"),
        ({"url": "x"}, r"RESQUED: unknown: 'url'; known: redis, namespace"),
        ({"redis": "nowhere:port"}, r"RESQUED\['redis'\]: .*port"),
    ],
)
def test_settings_that_say_something_else_are_refused(stated: Any, mistake: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=mistake):
        apps._place(stated)
