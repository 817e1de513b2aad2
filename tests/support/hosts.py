"""Hosts, as far as the kernel can tell: each has processes, a name, a disk, and a cable to Redis of its own.

They are namespaces of this machine. When the tests end, whatever ends them, the kernel takes all of it away.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from random import randrange
from shutil import which

import psutil
from redis import Redis

from tests.support.daemon import Daemon, text_of
from tests.support.processes import mortal
from tests.support.redis_server import RedisServer, running
from tests.support.waiting import eventually

ROOT = Path(__file__).parents[2]
BE_A_HOST = 'hostname "$1" && mount -t tmpfs disk "$2" && echo up; sleep infinity & wait'  # and bury who has no parents
PATIENCE = 10.0  # s


class Unavailable(Exception):
    """There can be no hosts here; the message says why."""


class Resident(Daemon):
    """A daemon on a host. Its pids are those that the test sees; in worker ids they are others."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path, redis: Redis, pids: str) -> None:
        super().__init__(process, log, redis)
        self._master = eventually(lambda: self._entered(pids), within=PATIENCE)

    def _entered(self, pids: str) -> int:
        """`process` stays outside; its child is in the namespace, and soon a master."""
        assert self.process.poll() is None, self.output()
        return next((one.pid for one in psutil.Process(self.process.pid).children() if namespace(one.pid) == pids), 0)

    @property
    def pid(self) -> int:
        return self._master

    def send(self, number: int) -> None:
        os.kill(self._master, number)

    def worker_ids(self) -> list[str]:
        """By their log: other hosts may have the same pids, and the same name."""
        ids = {text_of(member) for member in self._redis.smembers("resque:workers")}
        return sorted(ids & {line["worker"] for line in self.logged("worker.ready")})


def namespace(pid: int) -> str:
    """In which pid namespace a process is; empty if it is gone."""
    with suppress(OSError):
        return str(Path(f"/proc/{pid}/ns/pid").readlink())
    return ""


@dataclass(frozen=True)
class Cable:
    near: str  # name of the end on this machine; on the host it is `eth0`
    redis: str  # address of Redis, at the near end
    address: str  # at the far end


class Host:
    """`first` is its process 1, as this machine knows it. `disk`: a directory whose files only this host sees."""

    def __init__(self, name: str, first: int, cable: Cable, disk: Path) -> None:
        self.name, self.first, self.cable, self.disk = name, first, cable, disk
        self._pids = namespace(first)
        self._residents: list[Resident] = []

    def start(self, file: Path, redis: Redis, env: Mapping[str, str]) -> Resident:
        """A daemon with this configuration file."""
        log = file.parent / f"{file.stem}.{self.cable.near}.{len(self._residents)}.log"
        command = [sys.executable, "-m", "resqued", "-c", str(file)]
        with log.open("wb") as out:
            process = subprocess.Popen(
                self._inside("--net", "--pid", "--uts", "--mount", *command),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                env={**os.environ, "PYTHONPATH": str(ROOT), **env},
                process_group=0,
            )
        self._residents.append(resident := Resident(process, log, redis, self._pids))
        return resident

    def pull_the_cable(self) -> None:
        """Nothing passes any more, and nobody is told. Who connects anew finds that there is no network."""
        run(self._inside("--net", "ip", "link", "set", "eth0", "down"))

    def cut_the_cable(self) -> None:
        """The same at the other end: from inside there is still a network, which only never answers."""
        run(["ip", "link", "set", self.cable.near, "down"])

    def mend_the_cable(self) -> None:
        run(["ip", "link", "set", self.cable.near, "up"])
        run(self._inside("--net", "ip", "link", "set", "eth0", "up"))

    def freeze(self) -> None:
        """Stop every process, as a hypervisor may."""
        self._send(signal.SIGSTOP)

    def thaw(self) -> None:
        self._send(signal.SIGCONT)
        for resident in self._residents:  # which stops with its child
            resident.process.send_signal(signal.SIGCONT)

    def power_off(self) -> None:
        """Nobody on it gets to do anything any more."""
        with suppress(ProcessLookupError):
            os.kill(self.first, signal.SIGKILL)
        eventually(lambda: not self._processes())
        for resident in self._residents:
            resident.wait()

    def dismantle(self) -> None:
        """Without this the kernel would keep the cable for minutes, for connections that were never closed."""
        with suppress(subprocess.CalledProcessError):  # it has gone by itself
            run(["ip", "link", "delete", self.cable.near])
        self.power_off()

    def _send(self, number: int) -> None:
        for pid in self._processes():
            with suppress(ProcessLookupError):
                os.kill(pid, number)

    def _processes(self) -> list[int]:
        return [pid for pid in psutil.pids() if namespace(pid) == self._pids]

    def _inside(self, *words: str) -> list[str]:
        return [found("nsenter"), "--target", str(self.first), *words]


@contextmanager
def network(names: Sequence[str], directory: Path) -> Iterator[tuple[RedisServer, list[Host]]]:
    """A Redis, and hosts of these names with a cable to it. Raises Unavailable where that cannot be had."""
    mark, disk = randrange(1 << 9), directory / "disk"
    net = f"198.{18 + mark % 2}.{mark // 2}"  # of those for such tests (RFC 2544)
    disk.mkdir()
    with ExitStack() as held:
        hosts = []
        for number, name in enumerate(names):
            cable = Cable(f"rq{mark}.{number}.{os.getpid()}"[:15], f"{net}.1", f"{net}.{number + 2}")
            hosts.append(Host(name, held.enter_context(_booted(name, cable, disk)), cable, disk))
        options = ("--bind", "127.0.0.1", f"{net}.1", "--protected-mode", "no")
        server = held.enter_context(running(*options))
        try:
            yield server, hosts
        finally:
            for host in hosts:
                host.dismantle()


@contextmanager
def _booted(name: str, cable: Cable, disk: Path) -> Iterator[int]:
    """The host's first process."""
    argv = [found("unshare"), "--net", "--pid", "--uts", "--fork", "--mount-proc", "--kill-child=KILL"]
    with subprocess.Popen(
        [*mortal(argv), "/bin/sh", "-c", BE_A_HOST, "sh", name, disk],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as outside:
        assert outside.stdout
        try:
            if (said := outside.stdout.readline()) != "up\n":
                raise Unavailable(f"no namespaces: {said.strip()}")
            (first,) = psutil.Process(outside.pid).children()
            _plug_in(cable, first.pid)
            yield first.pid
        finally:
            outside.kill()


def _plug_in(cable: Cable, first: int) -> None:
    inside = [found("nsenter"), "--target", str(first), "--net", "ip"]
    ends = ["type", "veth", "peer", "name", "eth0", "netns", str(first)]
    try:
        run([found("ip"), "link", "add", "name", cable.near, *ends])
    except subprocess.CalledProcessError as error:
        raise Unavailable(error.stderr.strip()) from error
    run(["ip", "address", "add", cable.redis, "peer", cable.address, "dev", cable.near])
    run(["ip", "link", "set", cable.near, "up"])
    run([*inside, "link", "set", "lo", "up"])
    run([*inside, "address", "add", cable.address, "peer", cable.redis, "dev", "eth0"])
    run([*inside, "link", "set", "eth0", "up"])


def found(program: str) -> str:
    if path := which(program):
        return path
    raise Unavailable(f"there is no {program}")


def run(command: Sequence[str]) -> None:
    subprocess.run(command, capture_output=True, text=True, check=True)
