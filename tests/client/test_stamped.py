"""Jobs that say when they were enqueued."""

import json
import time

import pytest
from redis import Redis

from resqued import Resque


class Mail:
    queue = "mail"

    @staticmethod
    def perform(to: int) -> None:
        pass


@pytest.fixture
def resque(redis_url: str) -> Resque:
    return Resque(redis_url, stamped=True)


def test_a_job_says_when_it_was_enqueued(resque: Resque, redis: Redis) -> None:
    before = time.time()
    resque.enqueue(Mail, 1)
    (job,) = map(json.loads, redis.lrange("resque:queue:mail", 0, -1))

    assert list(job) == ["class", "args", "enqueued_at"]
    assert before - 0.001 <= job["enqueued_at"] <= time.time() + 0.001


def test_what_a_job_says_itself_stays(resque: Resque, redis: Redis) -> None:
    resque.push("mail", {"class": "Mail", "args": [], "enqueued_at": 7})

    assert json.loads(redis.lindex("resque:queue:mail", 0) or "")["enqueued_at"] == 7


def test_it_can_be_taken_off_its_queue_all_the_same(resque: Resque, redis: Redis) -> None:
    for to in (1, 2, 1):
        resque.enqueue(Mail, to)
    name = json.loads(redis.lindex("resque:queue:mail", 0) or "")["class"]
    redis.rpush("resque:queue:mail", json.dumps({"class": name, "args": [True]}), "no job")

    assert resque.dequeue(Mail, 1) == 2
    assert resque.dequeue(Mail) == 2
