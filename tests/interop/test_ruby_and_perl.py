"""Live workers of Ruby Resque and Perl Resque on one host and one queue with ours: nobody harms another.

Only where RESQUE_RUBY and RESQUE_PERL name checkouts, and their interpreters and libraries are there.
"""

import json
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import permutations
from pathlib import Path
from signal import SIGCONT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2
from typing import Any

import psutil
import pytest
from redis import Redis

from resqued import Resque
from resqued.verdict import DONE
from tests.cli.asking import Ask
from tests.interop.peers import ABSENT, Peer, peer, worker
from tests.store.slates import FAILED, failures, job, slate_at, taken, waiting
from tests.store.slates import push as push_raw
from tests.support.daemon import Daemons, popped, push, texts
from tests.support.lone import lone, wait_until_registered
from tests.support.redis_server import RedisServer
from tests.support.waiting import eventually

PEERS = [
    pytest.param(name, marks=pytest.mark.skipif(bool(why), reason=f"{name}: {why}")) for name, why in ABSENT.items()
]
needs_both = pytest.mark.skipif(any(ABSENT.values()), reason="; ".join(filter(None, ABSENT.values())))
Start = Callable[[str, str], subprocess.Popen[bytes]]
EVERYBODY = "ours", "ruby", "perl"
JOBS = 30


@pytest.fixture(scope="module", name="other", params=PEERS)
def ruby_then_perl(request: pytest.FixtureRequest, redis_server: RedisServer) -> Iterator[Peer]:
    with peer(request.param, redis_server.port) as one:
        yield one


@pytest.fixture(name="start")
def a_worker_of(redis_server: RedisServer, redis: Redis) -> Iterator[Start]:
    """Start a worker of Ruby's or Perl's, of a queue; it lasts as long as the test."""
    with ExitStack() as stack:
        yield lambda name, queue: stack.enter_context(worker(name, redis_server.port, redis, queue))


ENQUEUE = {
    "ruby": 'Resque::Job.create("work", "Say", "é😀")',
    "perl": '$resque->push( work => { class => "Say", args => ["\\x{e9}\\x{1F600}"] } )',
}
FAILURES = {"ruby": "Resque::Failure.all(0, 10)", "perl": "[ $resque->failures->all( 0, 10 ) ]"}
RETRY = {"ruby": "Resque::Failure.requeue(0)", "perl": "$resque->failures->requeue(0)"}


def test_each_performs_what_the_other_enqueues(
    other: Peer, start: Start, redis: Redis, redis_url: str, daemons: Daemons
) -> None:
    other.ask(ENQUEUE[other.name])
    daemon = daemons.start()
    assert popped(redis, "test:said") == "é😀"

    start(other.name, "theirs")
    with Resque(redis=redis_url) as resque:
        resque.enqueue_to("theirs", "Say", 1, "é😀", {"k": [None, 1.5]})
        resque.enqueue_to("theirs", "Say")
        heard = [json.loads(popped(redis, f"test:{other.name}")) for _ in range(2)]

    assert heard == [[1, "é😀", {"k": [None, 1.5]}], []]
    assert failures(redis) == []
    assert daemon.worker_ids()


def test_a_failure_of_ours_is_shown_and_retried_by_others(other: Peer, redis: Redis, redis_url: str) -> None:
    with slate_at(redis_url) as slate:
        push_raw(redis, job("Say", 1, "é"))
        slate.settle(taken(slate), FAILED, ())
        (shown,) = other.ask(FAILURES[other.name])
        other.ask(RETRY[other.name])

        assert (shown["exception"], shown["error"], shown["backtrace"]) == ("ValueError", "no", ["one", "two"])
        assert json.loads(waiting(redis)[0]) == {"class": "Say", "args": [1, "é"]}
        assert slate.settle(taken(slate), DONE, ())


@pytest.mark.parametrize("name", PEERS)
def test_a_failure_of_others_is_shown_and_retried_by_us(name: str, start: Start, redis: Redis, ctl: Ask) -> None:
    start(name, "work")
    push(redis, "FailOnce", "again")
    eventually(lambda: redis.llen("resque:failed"), within=10)
    (listed,) = json.loads(ctl("failed", "list", "--json").out)
    ctl("failed", "retry", "--all")

    assert (listed["class"], listed["queue"]) == ("FailOnce", "work")
    assert "not yet" in listed["error"]
    assert popped(redis, f"test:{name}") == '["again"]'
    assert redis.llen("resque:failed") == 0


@needs_both
@pytest.mark.parametrize("order", list(permutations(EVERYBODY)), ids="-".join)
def test_nobody_takes_another_for_dead(order: tuple[str, ...], start: Start, redis: Redis, daemons: Daemons) -> None:
    """One after the other starts and is given a job; then a second of each kind starts, and all that start prune."""

    def start_one_more(name: str) -> None:
        before = redis.scard("resque:workers")
        if name == "ours":
            daemons.start().wait_for_workers(1)
        else:
            start(name, "work")
        assert redis.scard("resque:workers") == before + 1

    for name in order:
        start_one_more(name)
        push(redis, "Meet")
        popped(redis, "test:met")
    there = redis.smembers("resque:workers")
    for name in order:
        start_one_more(name)
    assert redis.smembers("resque:workers") >= there
    redis.rpush("test:go", 1, 1, 1)
    assert {popped(redis, "test:done") for _ in order} == {"meet", "ruby", "perl"}

    for number in range(JOBS):
        push(redis, "Say", str(number))
    assert sorted(map(int, heard(redis, JOBS))) == list(range(JOBS))
    assert failures(redis) == []


def heard(redis: Redis, count: int) -> list[str]:
    """What so many jobs have said, wherever they were performed."""
    keys = ("test:said", "test:ruby", "test:perl")
    eventually(lambda: sum(map(redis.llen, keys)) == count, within=20)
    others = [text for key in keys[1:] for text in texts(redis, key)]
    return texts(redis, keys[0]) + [json.loads(text)[0] for text in others]


# signals


@pytest.fixture(name="process", params=["ours", *PEERS])
def somebodys_worker(
    request: pytest.FixtureRequest, start: Start, tmp_path: Path, redis: Redis, redis_url: str
) -> Iterator[subprocess.Popen[bytes]]:
    """An idle worker of the queue `work`: of ours without a master, of Ruby, of Perl."""
    if request.param == "ours":
        with lone(tmp_path, redis, redis_url) as daemon:
            wait_until_registered(redis)
            yield daemon.process
    else:
        yield start(request.param, "work")


def test_quit_finishes_the_job_and_leaves_nothing(process: subprocess.Popen[bytes], redis: Redis) -> None:
    push(redis, "Meet")
    popped(redis, "test:met")
    process.send_signal(SIGQUIT)
    redis.rpush("test:go", 1)

    assert popped(redis, "test:done")
    assert process.wait(10) == 0
    assert [key for key in redis.keys("*") if f":{process.pid}:".encode() in key] == []
    assert redis.smembers("resque:workers") == set()
    assert failures(redis) == []


def test_term_ends_an_idle_worker_and_leaves_nothing(process: subprocess.Popen[bytes], redis: Redis) -> None:
    process.send_signal(SIGTERM)

    assert process.wait(10) == 0
    assert redis.smembers("resque:workers") == set()


def test_usr1_ends_the_job_and_not_the_worker(process: subprocess.Popen[bytes], redis: Redis) -> None:
    push(redis, "Meet")
    popped(redis, "test:met")
    process.send_signal(SIGUSR1)
    eventually(lambda: redis.llen("resque:failed") == 1, within=10)
    push(redis, "Say", "next")

    assert heard(redis, 1) == ["next"]
    assert redis.scard("resque:workers") == 1


def test_usr2_pauses_and_cont_resumes(process: subprocess.Popen[bytes], redis: Redis) -> None:
    push(redis, "Meet")
    popped(redis, "test:met")
    process.send_signal(SIGUSR2)
    push(redis, "Say", "later")
    redis.rpush("test:go", 1)
    popped(redis, "test:done")
    eventually(lambda: "Paused" in " ".join(psutil.Process(process.pid).cmdline()), within=10)
    assert redis.llen("resque:queue:work") == 1
    process.send_signal(SIGCONT)

    assert heard(redis, 1) == ["later"]


# resque-web

PAGES = (
    "/overview",
    "/working",
    "/workers",
    "/queues",
    "/queues/mail",
    "/failed",
    "/stats/resque",
    "/stats/redis",
    "/stats/keys",
)
POISON = b"no JSON", b"null", b'{"class":"Say"}', b'{"class":"<b>","args":[NaN]}', b"\xff", b"[]"
WRAPPER = b'{"class":"ActiveJob::QueueAdapters::ResqueAdapter::JobWrapper","args":%s}'


@pytest.mark.parametrize("other", PEERS[:1], indirect=True)
@pytest.mark.parametrize(
    "raw", [job("Say", 1), *POISON, WRAPPER % b'[{"job_class":"MailJob","arguments":[]}]', WRAPPER % b"[]"], ids=repr
)
def test_resque_web_shows_a_worker_and_a_failure_of_ours(raw: bytes, other: Peer, redis: Redis, redis_url: str) -> None:
    if other.ask('begin; require "resque/server"; require "rack/mock"; true; rescue LoadError; false; end') is False:
        pytest.skip("there is no sinatra for resque-web")
    with slate_at(redis_url) as slate:
        push_raw(redis, raw, raw)
        slate.settle(taken(slate), FAILED, ())
        slate.reserve(("mail",))
        pages = (*PAGES, f"/workers/{slate.worker}", "/failed?class=Say")

        assert {page: status_of(other, page) for page in pages} == dict.fromkeys(pages, 200)


def status_of(ruby: Peer, page: str) -> Any:
    return ruby.ask(f'Rack::MockRequest.new(Resque::Server).get("{page}").status')
