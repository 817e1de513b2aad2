"""A socket at which a loop serves strangers without waiting for one."""

import errno
import os
import select
import socket
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from resqued import listening
from resqued.listener import Listener as Place
from resqued.listening import MOST, OUTSIDE, PATIENCE, REST, Listener
from tests.support.waiting import readable

NOW = 1000.0
LONGEST = 100


class Loop:
    """What serves: it sleeps in a poll, and says `served` what it was asked."""

    def __init__(self, path: Path) -> None:
        self.path, self.now = path, NOW
        self.listener = Listener(listening.at(path), path, end=b"\n", longest=LONGEST)
        self.poll = select.poll()
        self.listener.watch(self.poll)
        self.asked: list[bytes] = []

    def turn(self) -> None:
        self.listener.serve(self.now, self._answer)

    def _answer(self, said: bytes) -> bytes:
        self.asked.append(said)
        return b"served " + said + b"\n"

    def wakes(self) -> bool:
        """Whether there is something that wakes it."""
        return bool(self.poll.poll(0))


@pytest.fixture
def loop(tmp_path: Path) -> Iterator[Loop]:
    one = Loop(tmp_path / "control")
    yield one
    one.listener.close()


@pytest.fixture
def comes(loop: Loop) -> Iterator[Callable[..., socket.socket]]:
    """Somebody connects, and perhaps says something."""
    lines: list[socket.socket] = []

    def come(*said: bytes) -> socket.socket:
        line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        lines.append(line)
        line.settimeout(5)
        with listening.address(loop.path) as path:
            line.connect(path)
        for part in said:
            line.sendall(part)
        return line

    yield come
    for line in lines:
        line.close()


Comes = Callable[..., socket.socket]


def said_to(line: socket.socket) -> bytes:
    """All that it was answered until the end of the line."""
    said = b""
    while part := line.recv(65536):
        said += part
    return said


def is_let_go(line: socket.socket) -> bool:
    try:
        return readable(line) and not line.recv(1)
    except ConnectionResetError:
        return True


def test_who_asks_is_answered_and_shown_out(loop: Loop, comes: Comes) -> None:
    line = comes(b"hello\n")
    assert loop.wakes()
    loop.turn()

    assert said_to(line) == b"served hello\n"
    assert not loop.wakes()
    assert loop.listener.wakes_at is None


def test_what_comes_in_pieces_is_put_together(loop: Loop, comes: Comes) -> None:
    line = comes(b"hel")
    loop.turn()
    line.sendall(b"lo\nand more")
    assert loop.wakes()
    loop.turn()

    assert said_to(line) == b"served hello\n"


def test_a_silent_one_costs_no_turns_and_has_to_go_in_time(loop: Loop, comes: Comes) -> None:
    line = comes()
    loop.turn()
    assert not loop.wakes()
    assert loop.listener.wakes_at == NOW + PATIENCE
    loop.now += PATIENCE
    loop.turn()

    assert is_let_go(line)
    assert loop.listener.wakes_at is None


def test_a_silent_one_is_in_nobodys_way(loop: Loop, comes: Comes) -> None:
    comes()
    loop.turn()
    line = comes(b"hello\n")
    loop.turn()

    assert said_to(line) == b"served hello\n"


def test_one_word_a_second_buys_no_time(loop: Loop, comes: Comes) -> None:
    line = comes()
    for _ in range(int(PATIENCE)):
        line.sendall(b".")
        loop.turn()
        loop.now += 1
    loop.turn()

    assert is_let_go(line)


def test_who_says_too_much_is_not_answered(loop: Loop, comes: Comes) -> None:
    line = comes(b"x" * (LONGEST + 1))
    loop.turn()

    assert is_let_go(line)
    assert not loop.asked


def test_a_flood_is_not_taken_in(loop: Loop, comes: Comes) -> None:
    line = comes(b"x" * 100_000)
    loop.turn()

    assert is_let_go(line)
    assert loop.listener.wakes_at is None


def test_who_hangs_up_is_forgotten(loop: Loop, comes: Comes) -> None:
    comes(b"hel").close()
    loop.turn()  # hears what was said
    loop.turn()  # and that there will be no more

    assert not loop.wakes()
    assert loop.listener.wakes_at is None
    assert not loop.asked


def test_who_asks_and_hangs_up_gets_nothing_done(loop: Loop, comes: Comes) -> None:
    """He could not know what came of it, and may have asked again, or somebody else."""
    comes(b"hello\n").close()
    loop.turn()

    assert not loop.asked


def test_there_is_room_for_a_few_and_who_waits_outside_does_not_wake_the_loop(loop: Loop, comes: Comes) -> None:
    silent = [comes() for _ in range(MOST)]
    late = comes(b"late\n")
    loop.turn()
    assert not loop.wakes()
    loop.turn()
    assert not loop.asked

    silent[0].close()
    assert loop.wakes()
    loop.turn()
    assert loop.wakes()
    loop.turn()
    assert said_to(late) == b"served late\n"


def test_who_waits_outside_comes_in_when_the_silent_have_had_their_time(loop: Loop, comes: Comes) -> None:
    for _ in range(MOST):
        comes()
    late = comes(b"late\n")
    loop.turn()
    loop.now += PATIENCE
    loop.turn()
    assert loop.wakes()
    loop.turn()

    assert said_to(late) == b"served late\n"


def test_a_crowd_is_sent_away_by_the_kernel(loop: Loop) -> None:
    lines = [socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) for _ in range(MOST + OUTSIDE + 50)]
    try:
        for line in lines:
            line.setblocking(False)
        with listening.address(loop.path) as path:
            came = [line for line in lines if line.connect_ex(path) == 0]
        loop.turn()

        assert len(came) <= OUTSIDE + 1
    finally:
        for line in lines:
            line.close()


def test_an_answer_that_nobody_takes_is_given_up(loop: Loop, comes: Comes) -> None:
    line = comes(b"hello\n")
    loop.listener.serve(loop.now, lambda _: b"x" * 10_000_000)
    assert not loop.wakes()  # until there is room for more
    line.recv(65536, socket.MSG_WAITALL)
    loop.now += PATIENCE
    loop.turn()

    assert 0 < len(said_to(line)) < 9_000_000
    assert loop.listener.wakes_at is None


def test_a_long_answer_goes_as_it_is_taken(loop: Loop, comes: Comes) -> None:
    line, answer = comes(b"hello\n"), os.urandom(3_000_000)
    loop.listener.serve(loop.now, lambda _: answer)
    said = b""
    while len(said) < len(answer):
        said += line.recv(1 << 20)
        loop.turn()

    assert said == answer
    assert said_to(line) == b""


def test_without_descriptors_it_rests(loop: Loop, comes: Comes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever waits would wake the loop again and again, for nothing."""
    line = comes(b"hello\n")

    class NoMore:
        def accept(self) -> None:
            raise OSError(errno.EMFILE, "too many open files")

        def fileno(self) -> int:
            return door.fileno()

    door = loop.listener._listening
    monkeypatch.setattr(loop.listener, "_listening", NoMore())
    loop.turn()
    assert not loop.wakes()
    assert loop.listener.wakes_at == NOW + REST
    monkeypatch.undo()
    loop.now += REST
    loop.turn()

    assert said_to(line) == b"served hello\n"


# The file


def test_only_its_owner_may_come(loop: Loop) -> None:
    assert stat.S_IMODE(loop.path.stat().st_mode) == 0o600


def test_what_a_dead_one_has_left_is_replaced(loop: Loop) -> None:
    listening.at(loop.path).close()

    assert loop.path.is_socket()


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="there is no /proc")
def test_a_path_may_be_longer_than_a_sockets(tmp_path: Path) -> None:
    directory = tmp_path / ("long" * 40)
    directory.mkdir()
    with listening.at(directory / "control") as door, socket.socket(socket.AF_UNIX) as line:
        with listening.address(directory / "control") as path:
            line.connect(path)
        connection, _ = door.accept()
        connection.close()

    assert (directory / "control").is_socket()


def test_a_place_is_a_port_or_a_path_for_a_group(tmp_path: Path) -> None:
    path = tmp_path / "socket"
    with listening.bound(Place("::1", 0)) as port, listening.bound(Place(path=str(path))):
        assert (port.family, port.getsockname()[0]) == (socket.AF_INET6, "::1")
        assert stat.S_IMODE(path.stat().st_mode) == 0o660
    with listening.bound(Place(path=str(path))):  # which nobody has taken away
        assert path.is_socket()


def test_nobody_is_driven_from_his_place(loop: Loop, tmp_path: Path) -> None:
    (mine := tmp_path / "mine").write_text("mine")
    for path in (loop.path, mine):
        with pytest.raises(FileExistsError):
            listening.bound(Place(path=str(path)))

    assert mine.read_text() == "mine"


def test_it_takes_its_file_away(loop: Loop) -> None:
    loop.listener.remove()

    assert not loop.path.exists()
