"""What systemd is told, as its end of the socket hears it."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path
from time import monotonic_ns

import pytest

from resqued import systemd
from resqued.systemd import Notifier
from tests.support.python import run_python
from tests.support.waiting import readable


class Listener:
    """`name`: what systemd would put into NOTIFY_SOCKET."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(name.replace("@", "\0", 1))

    def heard(self) -> list[str]:
        """The assignments of the next message; none if there is none. It is there once `_say` has returned."""
        return self._socket.recv(65536).decode().split("\n") if readable(self._socket, within=0) else []

    def close(self) -> None:
        self._socket.close()


@pytest.fixture(autouse=True)
def _not_under_systemd(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in systemd.OURS:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(params=["path", "abstract"])
def listener(request: pytest.FixtureRequest, short_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Listener]:
    listener = Listener({"path": f"{short_path}/notify", "abstract": f"@{short_path.name}/notify"}[request.param])
    monkeypatch.setenv("NOTIFY_SOCKET", listener.name)
    yield listener
    listener.close()


def test_ready_brings_a_status_along(listener: Listener) -> None:
    Notifier().ready("4 workers")

    assert listener.heard() == ["READY=1", "STATUS=4 workers"]


def test_reloading_tells_when_it_began_by_the_monotonic_clock(listener: Listener) -> None:
    before = monotonic_ns() // 1000
    Notifier().reloading()
    told, began = listener.heard()

    assert told == "RELOADING=1"
    assert before <= int(began.removeprefix("MONOTONIC_USEC=")) <= monotonic_ns() // 1000


def test_stopping_is_told(listener: Listener) -> None:
    Notifier().stopping()

    assert listener.heard() == ["STOPPING=1"]


def test_a_status_is_told(listener: Listener) -> None:
    Notifier().status("3 busy, 1 idle; größer")

    assert listener.heard() == ["STATUS=3 busy, 1 idle; größer"]


def test_a_status_cannot_say_anything_else(listener: Listener) -> None:
    Notifier().status("refused:\nSTOPPING=1\ud800")

    assert listener.heard() == ["STATUS=refused: STOPPING=1?"]


def test_a_beat_is_told(listener: Listener) -> None:
    Notifier().beat()

    assert listener.heard() == ["WATCHDOG=1"]


def test_more_time_is_asked_for_in_microseconds(listener: Listener) -> None:
    Notifier().extend(1.5)

    assert listener.heard() == ["EXTEND_TIMEOUT_USEC=1500000"]


def test_beats_are_due_twice_in_the_time_that_the_unit_allows(
    listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WATCHDOG_USEC", "30000000")

    assert Notifier().interval == 15


@pytest.mark.parametrize(("whose", "interval"), [("ours", 15), ("another's", None), ("nobody's", None)])
def test_beats_are_due_only_of_the_process_that_they_are_awaited_of(
    listener: Listener, monkeypatch: pytest.MonkeyPatch, whose: str, interval: float | None
) -> None:
    monkeypatch.setenv("WATCHDOG_USEC", "30000000")
    pids = {"ours": os.getpid(), "another's": os.getpid() + 1}
    monkeypatch.setenv("WATCHDOG_PID", str(pids.get(whose, whose)))

    assert Notifier().interval == interval


def test_no_beats_are_due_where_the_unit_awaits_none(listener: Listener) -> None:
    assert Notifier().interval is None


def test_the_watchdog_is_given_patience_and_then_what_the_unit_says(
    listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WATCHDOG_USEC", "30000000")
    notifier = Notifier()
    notifier.watchdog(90)
    notifier.watchdog()

    assert [listener.heard(), listener.heard()] == [["WATCHDOG_USEC=90000000"], ["WATCHDOG_USEC=30000000"]]


def test_a_watchdog_that_the_unit_does_not_have_is_not_called_for(listener: Listener) -> None:
    Notifier().watchdog(90)

    assert listener.heard() == []


BEFORE = """
    import os, sys
    from resqued.systemd import Notifier

    os.environ["WATCHDOG_PID"] = str(os.getpid())
    Notifier().status(f"first: {Notifier().interval}")
    os.execv(sys.executable, [sys.executable, "-c", sys.argv[1]])
"""
AFTER = "from resqued.systemd import Notifier; Notifier().status(f'then: {Notifier().interval}')"


def test_an_executed_image_speaks_as_the_one_before(listener: Listener, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WATCHDOG_USEC", "30000000")
    run_python(BEFORE, AFTER)

    assert [listener.heard(), listener.heard()] == [["STATUS=first: 15.0"], ["STATUS=then: 15.0"]]


@pytest.mark.parametrize("name", ["", "vsock:2:1234", "/nowhere/notify", "@nobody-listens", "/" + "long" * 30])
def test_where_nobody_listens_nothing_happens(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", name)

    Notifier().ready("4 workers")


def test_it_is_known_whether_anybody_listens(listener: Listener, monkeypatch: pytest.MonkeyPatch) -> None:
    heard = Notifier().is_heard
    monkeypatch.delenv("NOTIFY_SOCKET")

    assert (heard, Notifier().is_heard) == (True, False)


def test_without_a_socket_no_beats_are_due(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WATCHDOG_USEC", "30000000")

    assert Notifier().interval is None


def test_a_socket_that_takes_no_more_does_not_hold_the_master_up(
    listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(systemd, "PATIENCE", 0.001)
    most = int(Path("/proc/sys/net/unix/max_dgram_qlen").read_text())
    notifier = Notifier()
    for _ in range(most + 2):
        notifier.beat()

    assert sum(1 for _ in iter(listener.heard, [])) == most + 1


def test_a_child_of_the_master_forgets_what_is_between_systemd_and_the_master(
    listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WATCHDOG_USEC", "30000000")
    monkeypatch.setenv("LISTEN_FDS", "1")
    monkeypatch.setenv("INVOCATION_ID", "stays")
    systemd.forget()

    assert {"NOTIFY_SOCKET", "WATCHDOG_USEC", "LISTEN_FDS"}.isdisjoint(os.environ)
    assert os.environ["INVOCATION_ID"] == "stays"
