"""A log in a file, which logrotate rotates, under a real systemd."""

import shutil

import pytest
from redis import Redis

from tests.support.waiting import eventually
from tests.systemd.service import SHIPPED, Service, performs

LOG = "/var/log/resqued/resqued.log"


@pytest.fixture
def logging(service: Service) -> Service:
    """It runs, and writes into a file."""
    service.configure(more=f'[log]\nfile = "{LOG}"')
    service.start()
    eventually(service.machine.path(LOG).exists)
    return service


def test_what_logrotate_does_at_last_makes_a_new_log(logging: Service, redis: Redis) -> None:
    log = logging.machine.path(LOG)
    log.rename(log.with_suffix(".old"))
    script = (SHIPPED / "resqued.logrotate").read_text().partition("postrotate\n")[2].partition("endscript")[0]
    logging.machine.must("sh", "-ec", script)

    eventually(log.exists)
    assert performs(redis)


@pytest.mark.skipif(not shutil.which("logrotate"), reason="logrotate is not installed")
def test_logrotate_rotates_the_log(logging: Service, redis: Redis) -> None:
    rotated = logging.machine.run("logrotate", "--force", "--state", "/run/rotated", "/etc/logrotate.d/resqued")

    assert (rotated.returncode, rotated.stderr) == (0, "")
    assert logging.machine.path(LOG + ".1").exists()
    eventually(logging.machine.path(LOG).exists)
    assert performs(redis)
