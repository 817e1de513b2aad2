"""`resquectl web` as a process: where it listens, what it refuses, and clients that never come to an end."""

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support import redis_server
from tests.support.processes import mortal

CTL = [sys.executable, "-c", "import sys; from resqued.cli.resquectl import main; sys.exit(main())"]


@contextmanager
def serving(redis_url: str, *options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The process, and the address that it has said."""
    command = mortal([*CTL, "--url", redis_url, "web", *options])
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env={**os.environ, "NO_COLOR": "1"}) as process:
        try:
            assert process.stderr
            yield process, json.loads(process.stderr.readline())["address"]
        finally:
            process.kill()


def free() -> str:
    return f"127.0.0.1:{redis_server.free_port()}"


def run(*arguments: str, said: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run([*CTL, *arguments], input=said, capture_output=True, text=True, check=False)


def test_it_serves_until_it_is_told_to_end(redis_url: str) -> None:
    with serving(redis_url, "--listen", free()) as (process, address):
        with urllib.request.urlopen(address) as answer:
            assert answer.status == 200
        with socket.create_connection(("127.0.0.1", int(address.rstrip("/").rpartition(":")[2]))) as slow:
            slow.sendall(b"GET / HTTP/1.1\r\nHost: loc")  # and never goes on
            process.send_signal(signal.SIGTERM)
            assert process.wait(10) == 0
        assert process.stderr
        assert "web.stopped" in process.stderr.read()


def test_it_serves_at_a_socket_which_goes_with_it(redis_url: str, short_path: Path) -> None:
    path = short_path / "web.sock"
    options = ("--listen", f"unix:{path}", "--trusted-header", "X-Remote-User")
    with serving(redis_url, *options) as (process, _), socket.socket(socket.AF_UNIX) as client:
        assert path.stat().st_mode & 0o777 == 0o660
        client.connect(str(path))
        client.sendall(b"GET / HTTP/1.1\r\nHost: page\r\nX-Remote-User: ann\r\nConnection: close\r\n\r\n")
        assert client.recv(100).startswith(b"HTTP/1.1 200")
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 0

    assert not path.exists()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--listen", "0.0.0.0:1"), "whoever reaches http://0.0.0.0:1/ could do anything"),
        (("--listen", "unix:/tmp/x"), "whoever reaches unix:/tmp/x could do anything"),
        (("--listen", "example.org:80"), "expected an address to listen at"),
        (("--password-file", "/nowhere/users"), "make it: resquectl web-user NAME"),
        (("--password-file", "x", "--trusted-header", "y"), "two answers to one question"),
        (("--listen", "unix:/nowhere/web.sock", "--trusted-header", "y"), "cannot listen at unix:/nowhere/web.sock"),
    ],
)
def test_what_is_not_safe_or_cannot_be_is_refused(options: tuple[str, ...], said: str) -> None:
    done = run("web", *options)

    assert done.returncode in (1, 2)
    assert said in done.stderr


def test_a_taken_port_is_said_to_be(redis_server: redis_server.RedisServer) -> None:
    assert "cannot listen" in run("web", "--listen", f"127.0.0.1:{redis_server.port}").stderr


def test_somebody_is_entered_and_taken_out(tmp_path: Path) -> None:
    file = tmp_path / "users"
    options = ("--password-file", str(file))

    assert run("web-user", "ann", *options, said="correct horse\n").stdout == "ann may log in now\n"
    assert file.read_text().startswith("ann:$argon2id$")
    assert "8 characters" in run("web-user", "ann", *options, said="short\n").stderr
    assert run("web-user", "ann", "--remove", *options).stdout == "ann may log in no longer\n"
    assert run("web-user", "a:b", *options, said="correct horse\n").returncode == 1


def test_a_client_that_never_comes_to_an_end_is_shown_the_door(redis_url: str) -> None:
    """One sends its request by drops, one never reads its answer; in between everybody else is served."""
    program = (
        "import sys; from resqued.web import server; server.PATIENCE = 0.3; "
        "from resqued.cli.resquectl import main; sys.exit(main())"
    )
    command = mortal([sys.executable, "-c", program, "--url", redis_url, "web", "--listen", free()])
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr
        address = json.loads(process.stderr.readline())["address"]
        port = int(address.rstrip("/").rpartition(":")[2])
        with (
            socket.create_connection(("127.0.0.1", port)) as drops,
            socket.create_connection(("127.0.0.1", port)) as body,
        ):
            drops.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nX: ")
            body.sendall(b"POST /pause HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nx")
            with urllib.request.urlopen(f"{address}healthz") as answer:
                assert answer.status == 200
            for client in (drops, body):
                client.settimeout(10)
                assert _ends(client)
        process.kill()


def _ends(client: socket.socket) -> bool:
    try:
        while client.recv(65536):
            pass
    except ConnectionResetError:
        pass
    return True
