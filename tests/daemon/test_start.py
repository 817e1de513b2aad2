"""What `resqued` does with a configuration before anything runs."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from redis import Redis

from tests.support.daemon import Daemons, popped, push
from tests.support.waiting import eventually

FIVE_MISTAKES = """
[redis]
url = "http://localhost"
[jobs]
modules = ["tracked"]
[pools.mail]
queus = ["mail"]
queues = ["mail:urgent"]
workers = "four"
[shutdown]
grace = -1
"""
PRELOADS = ["master", "worker", "job"]


def resqued(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "resqued", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)


def test_a_file_with_five_mistakes_gets_five_lines_with_their_places_and_78(tmp_path: Path) -> None:
    file = tmp_path / "wrong.toml"
    file.write_text(FIVE_MISTAKES)

    done = resqued("-c", str(file))

    assert done.returncode == 78
    for place in ("redis.url", "pools.mail.queus", "pools.mail.queues[0]", "pools.mail.workers", "shutdown.grace"):
        assert [line for line in done.stderr.splitlines() if line.startswith(f"{file}: {place}: ")]
    assert 'did you mean "queues"?' in done.stderr
    assert "5 mistakes" in done.stderr


def test_a_file_that_is_not_there_is_a_mistake(tmp_path: Path) -> None:
    done = resqued("-c", str(tmp_path / "none.toml"))

    assert done.returncode == 78
    assert "cannot be read" in done.stderr
    assert "Traceback" not in done.stderr


def test_t_imports_the_application_and_starts_nothing(daemons: Daemons, redis: Redis) -> None:
    file = daemons.configured()

    done = resqued("-t", "-c", str(file))

    assert (done.returncode, done.stdout) == (78, "")
    assert "TEST_REDIS_URL" in done.stderr  # the application wants it at import


def application(directory: Path, text: str, preload: str) -> Path:
    (directory / "ownjobs.py").write_text(text)
    file = directory / "own.toml"
    file.write_text(
        f'[redis]\nurl = "redis://127.0.0.1:1/0"\n[jobs]\npath = ["{directory}"]\nmodules = ["ownjobs"]\n'
        f'preload = "{preload}"\n[pools.work]\nqueues = ["work"]\n'
    )
    return file


def test_t_says_ok(tmp_path: Path) -> None:
    file = application(tmp_path, "", "master")

    done = resqued("-t", "-c", str(file))

    assert (done.returncode, done.stdout) == (0, f"{file}: ok\n")


@pytest.mark.parametrize("text", ["import nowhere_to_be_found", "raise SystemExit(0)", "def broken(:"])
def test_an_application_that_does_not_import_is_a_mistake(tmp_path: Path, text: str) -> None:
    done = resqued("-c", str(application(tmp_path, text, "master")))

    assert done.returncode == 78
    assert "ownjobs" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_application_that_starts_a_thread_is_refused_where_a_fork_would_lose_it(tmp_path: Path) -> None:
    text = "import threading\nthreading.Thread(target=threading.Event().wait, daemon=True, name='poller').start()\n"

    done = resqued("-c", str(application(tmp_path, text, "master")))

    assert done.returncode == 78
    assert "poller" in done.stderr
    assert 'jobs.preload = "worker"' in done.stderr


@pytest.mark.parametrize("preload", PRELOADS)
def test_the_application_is_imported_where_preload_says(daemons: Daemons, redis: Redis, preload: str) -> None:
    """A module knows the process that imported it by its pid."""
    module = "import os, redis\nIMPORTED_BY = os.getpid()\n"
    job = "class Who:\n  @staticmethod\n  def perform():\n"
    job += "    with redis.Redis.from_url(os.environ['TEST_REDIS_URL']) as r:\n"
    say = "      r.rpush('test:who', 'master worker job'.split()[[os.getppid(), os.getpid()].index(IMPORTED_BY) + 1]"
    guard = " if IMPORTED_BY in (os.getppid(), os.getpid()) else 'master')\n"
    (daemons.directory / "whojobs.py").write_text(module + job + say + guard)
    settings = f'path = ["{daemons.directory}"]\nmodules = ["whojobs"]\npreload = "{preload}"'
    daemons.start(
        daemons.written(f'[redis]\nurl = "{daemons.url}"\n[jobs]\n{settings}\n[pools.work]\nqueues = ["work"]\n')
    )
    push(redis, "Who")

    assert popped(redis, "test:who") == preload


@pytest.mark.parametrize("closed", [(0,), (2,), (0, 1, 2)])
def test_closed_standard_streams_do_no_harm(daemons: Daemons, redis: Redis, closed: tuple[int, ...]) -> None:
    """What the daemon opens must not be taken for them, nor they for it."""
    close = "; ".join(f"os.close({descriptor})" for descriptor in closed)
    file = daemons.configured(more=f'[log]\nfile = "{daemons.directory}/log"')
    program = f"import os, runpy, sys; {close}; sys.argv = ['resqued', '-c', {str(file)!r}]; "
    program += "runpy.run_module('resqued', run_name='__main__')"
    environment = {**os.environ, "TEST_REDIS_URL": daemons.url}
    with subprocess.Popen([sys.executable, "-c", program], env=environment) as process:
        push(redis, "Fact", "[os.readlink(f'/proc/self/fd/{n}') for n in (0, 1, 2)]")
        streams = popped(redis, "test:facts")
        process.terminate()
        assert process.wait(timeout=20) == 0

    assert streams.count("/dev/null") >= len(closed)
    assert "pipe" not in streams.replace("/dev/null", "") or 2 not in closed
    assert not redis.smembers("resque:workers")


@pytest.mark.parametrize(("key", "path"), [("run_dir", "/dev/full/nowhere"), ("state_dir", "/dev/full")])
def test_a_directory_that_cannot_be_is_said_with_its_key_and_path_before_anything_runs(
    daemons: Daemons,
    redis: Redis,
    key: str,
    path: str,
) -> None:
    file = daemons.configured()
    file.write_text(file.read_text().replace(f'{key} = "{daemons.directory}"', f'{key} = "{path}"'))

    master = daemons.start(file)

    assert master.wait() == 1
    assert f"resqued: daemon.{key}: {path}/" in master.output()
    assert "cannot be written: Not a directory; make room there, " in master.output()
    assert "nothing runs" in master.output()
    assert "Traceback" not in master.output()


@pytest.mark.parametrize(
    ("place", "why"),
    [
        ("/dev", "it is a directory; name a file in it"),
        ("/nowhere/log", f"there is no directory /nowhere, or not for user {os.geteuid()}; make it, or name another"),
    ],
)
def test_why_a_log_cannot_be_written_is_said(tmp_path: Path, place: str, why: str) -> None:
    file = application(tmp_path, "", "master")
    file.write_text(f'{file.read_text()}[log]\nfile = "{place}"\n')

    done = resqued("-t", "-c", str(file))

    assert done.returncode == 78
    assert f"log.file: {place} cannot be written: {why}" in done.stderr


def test_a_log_that_cannot_be_made_after_all_is_said_with_its_key(tmp_path: Path) -> None:
    file = application(tmp_path, "", "master")
    file.write_text(f'{file.read_text()}[log]\nfile = "{tmp_path}/{"x" * 300}"\n')

    done = resqued("-c", str(file))

    assert done.returncode == 1
    assert f"resqued: log.file: {tmp_path}/xxx" in done.stderr
    assert "cannot be written: File name too long; " in done.stderr


def test_a_second_master_of_one_configuration_is_refused(daemons: Daemons) -> None:
    file = daemons.configured()
    first = daemons.start(file)
    first.wait_for_workers(1)

    second = daemons.start(file)

    assert second.wait() == 1
    assert f"another resqued runs with {file}" in second.output()
    assert first.stop() == 0


def test_a_master_takes_the_place_of_one_that_was_killed_while_its_workers_finish(
    daemons: Daemons, redis: Redis
) -> None:
    file = daemons.configured()
    first = daemons.start(file)
    first.wait_for_workers(1)
    push(redis, "Meet")
    popped(redis, "test:met")
    first.process.kill()

    daemons.start(file)

    eventually(lambda: redis.scard("resque:workers") == 2)
    redis.rpush("test:go", "on")
    eventually(lambda: redis.scard("resque:workers") == 1)
    assert redis.llen("resque:failed") == 0
