"""A lock on a file, as long as somebody has its descriptor."""

import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from resqued.lock import Lock
from tests.support.forks import forked
from tests.support.python import run_python


@pytest.fixture(name="file")
def path_of_a_lock(tmp_path: Path) -> Path:
    return tmp_path / "lock"


def is_free(file: Path) -> bool:
    try:
        Lock(file).close()
    except BlockingIOError:
        return False
    return True


def descriptors(process: object = "self") -> list[Path]:
    return list(Path(f"/proc/{process}/fd").iterdir())


def test_a_lock_has_one_holder(file: Path) -> None:
    with Lock(file), pytest.raises(BlockingIOError):
        Lock(file)


def test_a_lock_that_was_closed_is_free(file: Path) -> None:
    with Lock(file):
        pass

    assert is_free(file)


def test_a_lock_may_be_closed_twice(file: Path) -> None:
    lock = Lock(file)
    lock.close()
    lock.close()

    assert is_free(file)


def test_who_does_not_get_a_lock_keeps_no_descriptor(file: Path) -> None:
    with Lock(file):
        before = descriptors()

        assert not is_free(file)
        assert len(descriptors()) == len(before)


def test_a_lock_is_for_its_owner(file: Path) -> None:
    with Lock(file):
        assert file.stat().st_mode & 0o777 == 0o600


def test_where_there_can_be_no_file_there_is_no_lock(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Lock(tmp_path / "nowhere" / "lock")


def in_a_child(act: Callable[[], object]) -> None:
    pid = os.fork()
    if pid == 0:
        try:
            act()
        finally:
            os._exit(0)
    os.waitpid(pid, 0)


def test_a_child_that_lets_go_does_not_open_the_lock_of_its_parent(file: Path) -> None:
    with Lock(file) as lock:
        in_a_child(lock.close)

        assert not is_free(file)


def test_a_child_that_has_let_go_does_not_outlive_its_parent_as_the_holder(file: Path) -> None:
    lock = Lock(file)
    with forked(lock.close):
        lock.close()

        assert is_free(file)


def test_a_child_that_has_not_let_go_holds_on(file: Path) -> None:
    lock = Lock(file)
    with forked():
        lock.close()

        assert not is_free(file)


def test_a_holder_that_was_killed_holds_nothing(file: Path) -> None:
    with forked(lambda: Lock(file)) as holder:
        before = is_free(file)
        os.kill(holder, signal.SIGKILL)
        os.waitid(os.P_PID, holder, os.WEXITED | os.WNOWAIT)

        assert (before, is_free(file)) == (False, True)


def test_a_program_that_the_holder_starts_does_not_hold_it(file: Path) -> None:
    with Lock(file), subprocess.Popen(["cat"], stdin=subprocess.PIPE, close_fds=False) as program:
        assert file not in [descriptor.readlink() for descriptor in descriptors(program.pid)]


BECOMES = """
    import os, sys
    from pathlib import Path
    from resqued.lock import Lock

    file = Path(sys.argv[1])
    if len(sys.argv) == 2:
        lock = Lock(file)
        os.set_inheritable(lock.fileno(), True)
        os.execv(sys.executable, [*sys.orig_argv, str(lock.fileno())])
    lock = Lock(file, int(sys.argv[2]))
    assert lock.fileno() == int(sys.argv[2])
    try:
        Lock(file)
    except BlockingIOError:
        print("ours")
    lock.close()
    Lock(file)
    print("free")
"""


def test_the_next_image_of_the_holder_goes_on_holding_it(file: Path) -> None:
    assert run_python(BECOMES, file).split() == ["ours", "free"]


def test_who_inherits_a_file_that_another_has_locked_does_not_get_the_lock(file: Path) -> None:
    other = os.open(file, os.O_RDWR | os.O_CREAT)
    with Lock(file):
        with pytest.raises(BlockingIOError):
            Lock(file, other)
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(other)
