"""The service that we ship, installed in a machine as its first lines say, with the jobs of `tests/apps/`."""

import re
import subprocess

from redis import Redis

from tests.support.daemon import APPS, popped, push
from tests.systemd.machine import CHECKOUT, PYTHON, Machine

SHIPPED = CHECKOUT / "systemd"
CONFIGURATION = """
[redis]
url = "{url}"
[jobs]
path = ["/srv/app"]
modules = ["{module}"]
{jobs}
[pools.work]
queues = ["{queue}"]
{more}
"""
PROGRAM = """#!/usr/bin/env -S LD_LIBRARY_PATH=/opt/python/lib PYTHONPATH=/opt/checkout:/opt/packages {python}
import sys
from resqued.cli.{name} import main
sys.exit(main())
"""
FOR_TESTS = """
[Unit]
DefaultDependencies=no
[Service]
Environment=TEST_REDIS_URL={url}
RestartSec=100ms
TimeoutStartSec=20
TimeoutStopSec=40
"""


def install(machine: Machine) -> None:
    """As the units say, with what pip would have installed."""
    for name in ("resqued", "resquectl"):
        machine.write(f"/opt/resqued/bin/{name}", PROGRAM.format(python=PYTHON, name=name), 0o755)
    machine.write("/etc/sysusers.d/resqued.conf", (SHIPPED / "resqued.sysusers").read_text())
    machine.must("systemd-sysusers", "resqued.conf")
    machine.write("/etc/tmpfiles.d/resqued.conf", (SHIPPED / "resqued.tmpfiles").read_text())
    machine.must("systemd-tmpfiles", "--create", "resqued.conf")
    machine.write("/etc/logrotate.d/resqued", (SHIPPED / "resqued.logrotate").read_text())
    for unit in SHIPPED.glob("*.service"):
        machine.write(f"/etc/systemd/system/{unit.name}", unit.read_text())


class Service:
    """`name`: of the unit, whose configuration is `file`."""

    def __init__(self, machine: Machine, url: str, name: str = "resqued.service") -> None:
        self.machine, self.name, self._url = machine, name, url
        instance = re.search("@(.+).service", name)
        self.file = f"/etc/resqued/{instance[1]}.toml" if instance else "/etc/resqued.toml"
        self._begin = machine.must("journalctl", "-n", "0", "--show-cursor").split()[-1]
        for app in APPS.glob("*.py"):
            machine.write(f"/srv/app/{app.name}", app.read_text())
        self.adjust(FOR_TESTS.format(url=url), "tests")
        self.configure()

    def configure(
        self, *, queue: str = "work", module: str = "tracked", jobs: str = "", more: str = "", url: str = ""
    ) -> None:
        """Write its file; `jobs` goes into that table, `more` behind the only pool. What runs is not told."""
        settings = {"url": url or self._url, "module": module, "queue": queue, "jobs": jobs, "more": more}
        self.machine.write(self.file, CONFIGURATION.format(**settings))

    def adjust(self, settings: str, name: str = "test") -> None:
        """A drop-in, for as long as the test lasts."""
        self.machine.write(f"/run/systemd/system/{self.name}.d/{name}.conf", settings)
        self.machine.must("systemctl", "daemon-reload")

    def systemctl(self, *words: str) -> subprocess.CompletedProcess[str]:
        """`systemctl words… resqued.service`."""
        return self.machine.run("systemctl", *words, self.name)

    def start(self) -> None:
        done = self.systemctl("start")
        assert done.returncode == 0, done.stderr + self.journal()

    def show(self, fact: str) -> str:
        """One of the properties that systemd knows of the service."""
        return self.systemctl("show", "--value", "-p", fact).stdout.strip()

    def is_active(self) -> bool:
        return self.show("ActiveState") == "active"

    def signal(self, name: str) -> None:
        """Send a signal to the master."""
        assert self.systemctl("kill", "--kill-who=main", f"--signal={name}").returncode == 0

    def journal(self) -> str:
        """What it has logged, and systemd about it, since the test began."""
        return self.machine.must("journalctl", "-o", "cat", "-u", self.name, f"--after-cursor={self._begin}")

    def remove(self) -> None:
        """Kill what runs, and forget what the test has adjusted and configured."""
        for words in (["kill", "--signal=KILL"], ["stop"], ["reset-failed"]):
            self.systemctl(*words)
        directory = self.machine.path(f"/run/systemd/system/{self.name}.d")
        for drop_in in directory.glob("*.conf"):
            drop_in.unlink()
        self.machine.path(self.file).unlink(missing_ok=True)


def busy(service: Service, redis: Redis, job: str) -> int:
    """Start it, and have it perform a job that has to be told to go on. The pid of that, in the machine."""
    service.start()
    push(redis, job)
    return int(popped(redis, "test:met"))


def performs(redis: Redis, queue: str = "work") -> bool:
    push(redis, "Say", "here I am", queue=queue)
    return popped(redis, "test:said") == "here I am"
