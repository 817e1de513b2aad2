"""The shipped service under a real systemd: its start, its status, its stop, and what its jobs may do."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from time import monotonic

import pytest
from redis import Redis

from tests.support.daemon import popped, push, resque_keys, texts
from tests.support.redis_server import free_port, running
from tests.support.waiting import eventually
from tests.systemd.machine import CHECKOUT
from tests.systemd.service import Service, busy, performs

NO_GRACE = "[shutdown]\ngrace = 0\nterm_timeout = 0.5"


def held_up(service: Service, **settings: str) -> Path:
    """It starts, but its application does not import before the file that is returned is there."""
    gate, is_there = map(service.machine.path, ("/srv/app/gate", "/var/lib/resqued/at-the-gate"))
    for file in (gate, is_there):
        file.unlink(missing_ok=True)
    service.configure(module="gated", **settings)
    service.systemctl("start", "--no-block")
    eventually(is_there.exists, within=10)
    return gate


def test_a_start_waits_for_the_first_worker_to_be_ready(service: Service) -> None:
    gate = held_up(service, jobs='preload = "worker"')

    assert service.show("ActiveState") == "activating"

    gate.touch()
    eventually(service.is_active, within=10)


def test_a_start_may_take_longer_than_the_watchdog_waits(service: Service) -> None:
    service.adjust("[Service]\nWatchdogSec=1\n")
    gate = held_up(service)
    began = monotonic()
    eventually(lambda: monotonic() > began + 2)  # nothing is to happen
    gate.touch()

    eventually(service.is_active, within=10)
    assert service.show("NRestarts") == "0"


def test_a_start_does_not_wait_for_redis(service: Service) -> None:
    service.configure(url=f"redis://127.0.0.1:{free_port()}")
    service.start()

    assert service.is_active()


def test_a_mistake_in_the_configuration_fails_the_start_and_is_not_tried_again(service: Service) -> None:
    service.configure(queue="")

    assert service.systemctl("start").returncode == 1
    assert (service.show("ActiveState"), service.show("ExecMainStatus")) == ("failed", "78")
    assert "pools.work.queues" in service.journal()


def test_instances_run_beside_each_other_in_directories_of_their_own(
    services: Callable[[str], Service], redis: Redis
) -> None:
    mail, reports = services("resqued@mail.service"), services("resqued@reports.service")
    mail.configure(queue="mail")
    reports.configure(queue="reports")
    mail.start()
    reports.start()

    assert performs(redis, "mail")
    assert performs(redis, "reports")
    assert list(mail.machine.path("/run/resqued-mail").glob("mail-*"))
    assert list(mail.machine.path("/var/lib/resqued-reports").glob("reports-*"))


def test_the_password_of_redis_comes_as_a_credential(service: Service) -> None:
    service.machine.write("/etc/resqued/redis-password", "secret\n", 0o600)
    service.adjust("[Service]\nLoadCredential=redis-password:/etc/resqued/redis-password\n")
    with running(password="secret") as server, server.client(password="secret") as client:
        service.configure(url=server.url)
        service.start()

        eventually(lambda: client.smembers("resque:workers"))


def test_systemctl_status_says_how_many_workers_are_busy(service: Service, redis: Redis) -> None:
    service.adjust("[Service]\nWatchdogSec=4\n")  # it is said with each beat
    busy(service, redis, "Meet")
    eventually(lambda: "1 busy" in service.show("StatusText"), within=10)
    redis.rpush("test:go", "on")

    eventually(lambda: "0 busy" in service.show("StatusText"), within=10)


def test_systemctl_status_says_how_long_a_stop_may_take(service: Service, redis: Redis) -> None:
    busy(service, redis, "Meet")
    service.systemctl("stop", "--no-block")

    eventually(lambda: re.search(r"stopping, at most \d+ s", service.show("StatusText")), within=10)
    redis.rpush("test:go", "on")


def test_a_stop_lets_the_running_job_end(service: Service, redis: Redis) -> None:
    busy(service, redis, "Meet")
    service.systemctl("stop", "--no-block")
    eventually(lambda: service.show("ActiveState") == "deactivating")
    redis.rpush("test:go", "on")

    assert popped(redis, "test:done") == "meet"
    eventually(lambda: service.show("ActiveState") == "inactive", within=10)
    assert service.show("Result") == "success"


def test_a_stop_puts_back_what_it_cuts_short_and_leaves_nothing_behind(service: Service, redis: Redis) -> None:
    service.configure(more=NO_GRACE)
    busy(service, redis, "Careful")

    assert service.systemctl("stop").returncode == 0
    assert (service.show("ActiveState"), service.show("Result")) == ("inactive", "success")
    assert [json.loads(job)["class"] for job in texts(redis, "resque:queue:work")] == ["Careful"]
    assert resque_keys(redis) == {"resque:queues", "resque:queue:work", "resque:stat:processed"}
    assert not service.machine.path("/run/resqued").exists()


def test_a_stop_gets_the_time_that_the_configuration_allows_even_if_the_unit_allows_less(
    service: Service, redis: Redis
) -> None:
    service.adjust("[Service]\nTimeoutStopSec=2\n")
    busy(service, redis, "Meet")
    service.systemctl("stop", "--no-block")
    began = monotonic()
    eventually(lambda: monotonic() > began + 3.5, within=10)  # nothing is to happen
    redis.rpush("test:go", "on")

    assert popped(redis, "test:done") == "meet"
    eventually(lambda: service.show("ActiveState") == "inactive", within=10)
    assert service.show("Result") == "success"


MAY = {
    "-os.nice(0) + os.nice(1)": 1,
    "os.sched_setaffinity(0, os.sched_getaffinity(0))": None,
    "__import__('resource').setrlimit(__import__('resource').RLIMIT_CPU, (60, 60))": None,
    "__import__('psutil').virtual_memory().total > 0": True,
    "__import__('psutil').Process().create_time() > 0": True,
    "__import__('multiprocessing').Lock().acquire()": True,
    "__import__('subprocess').run(['true']).returncode": 0,
    "__import__('ctypes').CFUNCTYPE(__import__('ctypes').c_int)(lambda: 7)()": 7,
    "__import__('tempfile').TemporaryFile().close()": None,
    "__import__('socket').getaddrinfo('localhost', 80) != []": True,
    "open(os.environ['STATE_DIRECTORY'] + '/made-by-a-job', 'w').close()": None,
}
MAY_NOT = {
    "__import__('pwd').getpwuid(os.getuid()).pw_name": "resqued",
    "[line.split()[1] for line in open('/proc/self/status') if line.startswith('CapEff:')]": ["0000000000000000"],
    "[line.split()[1] for line in open('/proc/self/status') if line.startswith('NoNewPrivs:')]": ["1"],
    "[line.split()[1] for line in open('/proc/self/status') if line.startswith('Seccomp:')]": ["2"],
    "[path for path in ('/etc', '/usr', '/opt', '/srv/app') if os.access(path, os.W_OK)]": [],
    "os.access('/home', os.R_OK)": False,
    "[name for name in ('mem', 'kmsg', 'vda', 'sda') if os.path.exists(f'/dev/{name}')]": [],
    "__import__('ctypes').CDLL(None).unshare(0x10000000)": -1,  # CLONE_NEWUSER
    "sorted(name for name in os.environ if name.startswith(('NOTIFY_', 'WATCHDOG_', 'LISTEN_')))": [],
}


@pytest.mark.parametrize("facts", [MAY, MAY_NOT], ids=["may", "may not"])
def test_the_sandbox_is_one_for_jobs(service: Service, redis: Redis, facts: dict[str, object]) -> None:
    service.start()
    seen = {}
    for expression in facts:
        push(redis, "Fact", expression)
        seen[expression] = popped(redis, "test:facts")

    assert seen == {expression: repr(fact) for expression, fact in facts.items()}


def test_with_the_documented_drop_in_a_master_that_is_root_performs_jobs_of_another_user(
    service: Service, redis: Redis
) -> None:
    manual = (CHECKOUT / "docs/systemd.md").read_text()
    (drop_in,) = (block for block in re.findall(r"```ini\n(.+?)```", manual, re.DOTALL) if "CAP_SETUID" in block)
    service.adjust(drop_in)
    service.configure(more='user = "nobody"\ngroup = "resqued"\n' + NO_GRACE)
    service.start()
    push(redis, "Fact", "__import__('pwd').getpwuid(os.getuid()).pw_name")
    push(redis, "Careful")

    assert popped(redis, "test:facts") == "'nobody'"
    popped(redis, "test:met")
    service.systemctl("stop")
    assert popped(redis, "test:cleaned") == "up"
