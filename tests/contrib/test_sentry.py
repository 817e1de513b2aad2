"""Failures of jobs, as Sentry gets them: with its own transport, over HTTP, from processes that end at once."""

import gzip
import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Queue
from typing import Any

import pytest
from redis import Redis

from tests.support.daemon import Daemon, popped, push
from tests.support.deployment import Deployment, pool

Event = dict[str, Any]

JOBS = """
import os, signal, sys
import sentry_sdk
from resqued import hooks, job
from resqued.contrib.sentry import ResquedIntegration
from tracked import say

sentry_sdk.init(dsn="http://key@127.0.0.1:{port}/1", integrations=[ResquedIntegration()], {options})
sentry_sdk.set_tag("application", "shop")

@job(queue="work")
def wrong(*args):
    sentry_sdk.add_breadcrumb(message="about to fail")
    raise ValueError("boom")

@job(queue="work", timeout=0.2)
def slow():
    signal.pause()

@job(queue="work")
def die():
    os.kill(os.getpid(), signal.SIGKILL)

@job(queue="work")
def speak():
    sentry_sdk.capture_message("said by a job that succeeds")
    say("test:said", "spoken")
"""


@pytest.fixture(name="events")
def received_events() -> Iterator["Queue[Event]"]:
    """What a Sentry on `events.port` is told."""
    events: Queue[Event] = Queue()

    class Sentry(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            text = gzip.decompress(body) if self.headers["Content-Encoding"] == "gzip" else body
            documents = [json.loads(line) for line in text.decode().splitlines()]
            for document in documents:
                if "platform" in document:
                    events.put(document)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_args: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Sentry) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        events.port = server.server_address[1]  # type: ignore[attr-defined]
        yield events
        server.shutdown()
        thread.join()


Start = Callable[..., Daemon]


@pytest.fixture(name="start")
def start_with_sentry(deployment: Deployment, events: "Queue[Event]") -> Start:
    def start(options: str = "", more: str = "", jobs: str = "") -> Daemon:
        deployment.write("watched", JOBS.format(port=events.port, options=options))  # type: ignore[attr-defined]
        deployment.configure(pool(more=more), modules=["watched"], jobs=jobs)
        return deployment.start()

    return start


def exception(event: Event) -> tuple[str, str]:
    raised = event["exception"]["values"][-1]
    return raised["type"], raised["value"]


def test_what_a_job_raises_is_reported_once_with_where_it_was(
    start: Start, redis: Redis, events: "Queue[Event]"
) -> None:
    daemon = start()
    (worker,) = daemon.worker_ids()
    push(redis, "wrong", "secret")
    event = events.get(timeout=10)

    assert exception(event) == ("ValueError", "boom")
    assert event["tags"] == {"queue": "work", "class": "wrong", "worker": worker, "application": "shop"}
    assert (event["transaction"], event["contexts"]["job"]) == ("wrong", {"run": 1})
    assert [crumb["message"] for crumb in event["breadcrumbs"]["values"]] == ["about to fail"]
    assert event["exception"]["values"][-1]["mechanism"] == {"type": "resqued", "handled": False}

    push(redis, "speak")
    assert events.get(timeout=10)["message"] == "said by a job that succeeds"
    assert events.empty()


def test_what_a_worker_sees_is_reported_too_and_not_by_it(start: Start, redis: Redis, events: "Queue[Event]") -> None:
    daemon = start(options="send_default_pii=True, traces_sample_rate=1.0")
    told = []
    for name in ("slow", "die", "gone"):
        push(redis, name, *(["ann"] if name == "gone" else []))
        told.append(events.get(timeout=10))

    assert [exception(event)[0] for event in told] == ["JobTimeout", "DirtyExit", "UnknownJob"]
    assert [event["fingerprint"] for event in told][1] == ["DirtyExit", "die"]
    assert [event["tags"]["class"] for event in told] == ["slow", "die", "gone"]
    assert told[2]["contexts"]["job"]["args"] == ["ann"]
    assert [worker.num_threads() for worker in daemon.workers()] == [1]


@pytest.mark.parametrize("preload", ["worker", "job"])
def test_wherever_the_application_is_imported(start: Start, redis: Redis, events: "Queue[Event]", preload: str) -> None:
    start(jobs=f'preload = "{preload}"', more="jobs_per_fork = 5")
    for name in ("speak", "wrong", "die"):
        push(redis, name)

    assert popped(redis, "test:said") == "spoken"
    assert events.get(timeout=10)["message"]
    assert [exception(events.get(timeout=10))[0] for _ in range(2)] == ["ValueError", "DirtyExit"]
