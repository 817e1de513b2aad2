"""The processes of a master, as /proc shows them."""

import os
import socket
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

import psutil

from resqued import listener, procfs
from resqued.cli.doctor.about_master import shared
from resqued.cli.doctor.facts import Family, Known, Process, Unknown
from resqued.cli.report import Report
from resqued.listener import Listener

T = TypeVar("T")

STREAMS = range(3)  # under systemd standard output is a socket, and everybody's


def of(report: Known[Report], served: str = "") -> Known[Family]:
    """`served`: where the master itself listens besides its control socket."""
    if isinstance(report, Unknown):
        return report
    if not report.alive:
        return Unknown("the master has ended")
    if report.elsewhere:
        return Unknown("the master runs in another pid namespace: ask in its container")
    processes, again = _processes(report), _processes(report)
    suspicious = shared(processes) & shared(again)  # a job closes what is its worker's, but a moment after its birth
    place = listener.parse(served) if served else None
    return Family(again, _connections(again, suspicious, lambda here: _is_its_own(here, report.directory, place)))


def _processes(report: Report) -> list[Process]:
    return [found for pid, name in _named(report) if (found := _process(pid, name))]


def _named(report: Report) -> Iterator[tuple[int, str]]:
    yield report.status.pid, "the master"
    for worker in report.workers:
        if worker.facts.pid is not None:
            yield worker.facts.pid, f"worker {worker.facts.slot}"
        if worker.row.job_pid is not None:
            yield worker.row.job_pid, f"the job of {worker.facts.slot}"


def _process(pid: int, name: str) -> Process | None:
    """None if it has just ended."""
    try:
        title, opened, limit = _seen(pid, _title), _seen(pid, files), _seen(pid, _limit)
    except (FileNotFoundError, ProcessLookupError):
        return None
    return Process(
        pid,
        name,
        title=title,
        sockets=opened if isinstance(opened, Unknown) else _sockets(opened),
        files=opened if isinstance(opened, Unknown) else len(opened),
        files_limit=limit,
    )


def _seen(pid: int, look: Callable[[int], T]) -> Known[T]:
    """Raises FileNotFoundError or ProcessLookupError if it has ended."""
    try:
        return look(pid)
    except (FileNotFoundError, ProcessLookupError):
        raise
    except PermissionError:
        return Unknown(f"process {pid} is not yours to look into; be root, or its user")
    except (OSError, ValueError) as error:
        return Unknown(f"process {pid} cannot be looked into: {error}")


def _title(pid: int) -> str:
    return procfs.read(f"/proc/{pid}/cmdline").replace(b"\0", b" ").decode(errors="replace")


def files(pid: int) -> dict[int, str]:
    """What a process has open, by descriptor. Raises OSError."""
    directory, found = Path(f"/proc/{pid}/fd"), dict[int, str]()
    for entry in os.listdir(directory):  # noqa: PTH208  names are all that is wanted
        with suppress(FileNotFoundError):  # closed since
            found[int(entry)] = str((directory / entry).readlink())
    return found


def _sockets(opened: dict[int, str]) -> frozenset[int]:
    of_streams = {opened.get(stream) for stream in STREAMS}
    return frozenset(_inode(what) for what in opened.values() if what.startswith("socket:") and what not in of_streams)


def _inode(link: str) -> int:
    return int(link.removeprefix("socket:[").removesuffix("]"))


def _limit(pid: int) -> int:
    for line in procfs.read(f"/proc/{pid}/limits").decode().splitlines():
        if line.startswith("Max open files"):
            soft = line.removeprefix("Max open files").split()[0]
            return 1 << 30 if soft == "unlimited" else int(soft)
    raise ValueError("it has no limit of open files")


# What the sockets are that should not be there


def _connections(
    processes: list[Process], suspicious: set[int], is_its_own: Callable[[object], bool]
) -> dict[int, str]:
    found: dict[int, str] = {}
    for process in processes:
        if isinstance(process.sockets, Unknown) or not process.sockets & (suspicious - found.keys()):
            continue
        described = _described(process.pid, is_its_own)
        found |= {inode: described.get(inode, "") for inode in process.sockets & suspicious}
    return {inode: what for inode, what in found.items() if what}


def _described(pid: int, is_its_own: Callable[[object], bool]) -> dict[int, str]:
    """What its sockets are connected to, or listen at, by inode; without those that do no harm.

    These are the master's own, what carries no conversation (syslog, statsd), and what is not connected to anything.
    """
    with suppress(psutil.Error, OSError):
        opened, connections = files(pid), psutil.Process(pid).net_connections("all")
        return {
            _inode(opened[found.fd]): _shown(found.laddr, found.raddr, found.fd)
            for found in connections
            if found.fd in opened and found.type != socket.SOCK_DGRAM and not is_its_own(found.laddr)
        }
    return {}


def _is_its_own(here: object, directory: Path, served: Listener | None) -> bool:
    """Also by way of a descriptor, which is how a path is shortened that a socket has no room for."""
    if isinstance(here, str):
        is_served = served is not None and here == served.path
        return is_served or Path(here).parent == directory or here.startswith("/proc/self/fd/")
    return served is not None and here == (served.host, served.port)


def _shown(here: object, there: object, descriptor: int) -> str:
    match here, there:
        case str(), _:
            return f"a unix socket {here or 'without a name'} (descriptor {descriptor})"
        case _, tuple() if there:
            return f"a connection to {_joined(there)} (descriptor {descriptor})"
        case tuple(), _ if here:
            return f"a socket that listens at {_joined(here)} (descriptor {descriptor})"
    return f"a socket (descriptor {descriptor})"


def _joined(address: Iterable[object]) -> str:
    return ":".join(map(str, address))
