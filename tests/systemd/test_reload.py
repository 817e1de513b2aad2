"""`systemctl reload` of the shipped service, under a real systemd."""

from redis import Redis

from tests.support.daemon import failures, popped
from tests.support.waiting import eventually
from tests.systemd.service import Service, busy, performs


def registered(redis: Redis) -> set[bytes | str]:
    """The only worker, which may be ready before it has found Redis."""
    return eventually(lambda: redis.smembers("resque:workers"))


def test_a_reload_takes_a_new_configuration_over_under_the_same_pid(service: Service, redis: Redis) -> None:
    service.start()
    master = service.show("MainPID")
    service.configure(queue="other")

    assert service.systemctl("reload").returncode == 0
    assert performs(redis, "other")
    assert service.show("MainPID") == master
    assert service.is_active()


def test_a_reload_lets_a_long_job_end(service: Service, redis: Redis) -> None:
    busy(service, redis, "Meet")

    assert service.systemctl("reload").returncode == 0

    redis.rpush("test:go", "on")
    assert popped(redis, "test:done") == "meet"
    assert not failures(redis)


def test_a_reload_with_a_mistake_fails_says_why_and_changes_nothing(service: Service, redis: Redis) -> None:
    service.start()
    master, workers = service.show("MainPID"), registered(redis)
    service.configure(queue="")

    assert service.systemctl("reload").returncode == 1
    assert "pools.work.queues" in service.journal()
    assert performs(redis)
    assert (service.show("MainPID"), redis.smembers("resque:workers")) == (master, workers)
    assert service.is_active()


def test_a_reload_with_an_application_that_does_not_import_fails_likewise(service: Service, redis: Redis) -> None:
    service.start()
    workers = registered(redis)
    service.machine.write("/srv/app/tracked.py", "import something_that_is_not_there")

    assert service.systemctl("reload").returncode == 1
    assert "something_that_is_not_there" in service.journal()
    assert performs(redis)
    assert redis.smembers("resque:workers") == workers
    assert service.is_active()


def test_after_a_refused_reload_a_good_one_is_taken(service: Service, redis: Redis) -> None:
    service.start()
    service.configure(queue="")
    service.systemctl("reload")
    service.configure(queue="other")

    assert service.systemctl("reload").returncode == 0
    assert performs(redis, "other")
