"""A real systemd, booted as process 1 of private namespaces, in which services are started, reloaded and killed.

Network and most files are the host's; /etc is a copy; /run, /opt, /srv, /var/lib and /var/log are empty but for a
Python with the packages of this one (/opt/python) and this checkout. It needs root, cgroup2 and the systemd program.
"""

import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

import psutil

from tests.support.processes import mortal
from tests.support.waiting import eventually

CHECKOUT = Path(__file__).parents[2]
PYTHON = Path("/opt/python/bin") / Path(sys.executable).resolve().name
PROGRAMS = ("unshare", "nsenter", "mount", "systemctl")
SYSTEMD = ("/usr/lib/systemd/systemd", "/lib/systemd/systemd")
ENTER = 'echo $$ >"$1/cgroup.procs" && shift && exec "$@"'
NAMESPACES = ("-m", "-p", "-u", "-i", "-C")
BOOT = """
set -e
systemd=$1 python=$2 packages=$3 checkout=$4
mount --make-rprivate /
mount -t tmpfs -o mode=755 tmpfs /run
mkdir -p /run/etc /run/opt/python /run/opt/packages /run/opt/checkout /run/systemd/system
mount --bind "$python" /run/opt/python
mount --bind "$packages" /run/opt/packages
mount --bind "$checkout" /run/opt/checkout
mount --rbind /run/opt /opt
cp -a /etc/. /run/etc
mount --bind /run/etc /etc
rm -rf /etc/systemd
mkdir -p /etc/systemd/system /etc/sysusers.d /etc/tmpfiles.d
for place in /srv /var/lib /var/log /usr/lib/systemd/system-generators; do
    mkdir -p $place
    mount -t tmpfs -o mode=755 tmpfs $place
done
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mount --make-rshared /
printf '[Unit]\\nDefaultDependencies=no\\n' >/etc/systemd/system/tests.target
container=tests exec "$systemd" --system --unit=tests.target --show-status=no
"""


class Unavailable(Exception):
    """Why there can be no such machine here."""


class Machine:
    """`pid`: of its process 1, as the host counts; `root`: its files, as the host sees them; `cgroup`: all of it."""

    def __init__(self, pid: int, cgroup: Path) -> None:
        self.pid, self.cgroup, self.root = pid, cgroup, Path(f"/proc/{pid}/root")

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """As its root, in its namespaces."""
        argv = ["nsenter", "-t", str(self.pid), *NAMESPACES, *command]
        return subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)

    def must(self, *command: str) -> str:
        """What `command` prints; it has to succeed."""
        done = self.run(*command)
        assert done.returncode == 0, f"{' '.join(command)}: {done.stdout}{done.stderr}"
        return done.stdout

    def write(self, path: str, text: str, mode: int = 0o644) -> None:
        file = self.path(path)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        file.chmod(mode)

    def path(self, path: str) -> Path:
        """An absolute path of the machine, as the host sees it; links in it would lead the host astray."""
        return self.root / path.lstrip("/")

    def host_pid(self, pid: int) -> int:
        """What the host calls a process of the machine."""
        return next(each for each in self._processes() if _innermost(each) == pid)

    def _processes(self) -> Iterator[int]:
        for procs in self.cgroup.rglob("cgroup.procs"):
            yield from map(int, procs.read_text().split())

    def is_up(self) -> bool:
        """Until its process 1 is systemd, what can be asked there is the host's."""
        if Path(f"/proc/{self.pid}/comm").read_text() != "systemd\n":
            return False
        return self.run("systemctl", "is-system-running").stdout.strip() in {"running", "degraded"}


@contextmanager
def booted() -> Iterator[Machine]:
    """Raises Unavailable. It ends with this process, whatever ends that."""
    systemd = _systemd()
    with _cgroup() as cgroup, TemporaryFile("w+") as said, _started(systemd, cgroup, said) as outer:
        eventually(lambda: outer.poll() is not None or _is_up(outer, cgroup), within=20)
        if outer.returncode is not None:
            said.seek(0)
            raise Unavailable(f"no systemd boots here: {said.read().strip()}")
        machine = Machine(_child(outer), cgroup)
        machine.must("systemctl", "start", "systemd-journald")
        yield machine


def _systemd() -> str:
    if os.geteuid() != 0:
        raise Unavailable("only root can boot a systemd")
    if missing := [program for program in PROGRAMS if not shutil.which(program)]:
        raise Unavailable(f"not installed: {', '.join(missing)}")
    for path in SYSTEMD:
        if Path(path).exists():
            return path
    raise Unavailable("systemd is not installed")


@contextmanager
def _cgroup() -> Iterator[Path]:
    mounts = [line.split() for line in Path("/proc/self/mountinfo").read_text().splitlines() if " - cgroup2 " in line]
    if not mounts:
        raise Unavailable("no cgroup2 is mounted")
    cgroup = Path(mounts[0][4]) / f"resqued-tests-{os.getpid()}"
    try:
        cgroup.mkdir()
    except OSError as error:
        raise Unavailable(f"no cgroup can be made: {error}") from None
    try:
        yield cgroup
    finally:
        eventually(lambda: "populated 0" in (cgroup / "cgroup.events").read_text())
        for directory in sorted((path for path in cgroup.rglob("*") if path.is_dir()), reverse=True):
            directory.rmdir()
        cgroup.rmdir()


@contextmanager
def _started(systemd: str, cgroup: Path, said: IO[str]) -> Iterator[subprocess.Popen[bytes]]:
    unshare = ["unshare", *NAMESPACES, "--fork", "--mount-proc", "--kill-child", "/bin/sh", "-c", BOOT, "boot"]
    files = [systemd, sys.base_prefix, sysconfig.get_path("platlib"), str(CHECKOUT)]
    argv = mortal(["/bin/sh", "-c", ENTER, "enter", str(cgroup), *unshare, *files])
    with subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=said, stderr=said, start_new_session=True) as outer:
        try:
            yield outer
        finally:
            outer.kill()


def _is_up(outer: subprocess.Popen[bytes], cgroup: Path) -> bool:
    pid = _child(outer)
    return pid > 0 and Machine(pid, cgroup).is_up()


def _child(outer: subprocess.Popen[bytes]) -> int:
    """Process 1; 0 if it is not there yet."""
    with suppress(psutil.NoSuchProcess):
        for child in psutil.Process(outer.pid).children():
            return child.pid
    return 0


def _innermost(pid: int) -> int:
    """What a process is called in its own namespace."""
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("NSpid:"):
                return int(line.split()[-1])
    return 0
