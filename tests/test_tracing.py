"""Spans of OpenTelemetry, as a collector gets them: from clients, through Redis, out of the processes of jobs."""

import json
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from queue import Empty, Queue
from threading import Thread
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags
from redis import Redis

from resqued import Resque
from tests.support.daemon import Daemons, daemons, popped, push

PARENT = SpanContext(0x0AF7651916CD43DD8448EB211C80319C, 0xB7AD6B7169203331, is_remote=False, trace_flags=TraceFlags(1))
TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


class Collector:
    """Of OTLP over HTTP."""

    def __init__(self) -> None:
        self.spans: Queue[Span] = Queue()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.headers.get("Content-Encoding") == "gzip":
                    import gzip  # noqa: PLC0415

                    body = gzip.decompress(body)
                for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
                    for scope in resource.scope_spans:
                        for span in scope.spans:
                            outer.spans.put(span)
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def next(self) -> Span:
        return self.spans.get(timeout=10)


@pytest.fixture
def collector() -> Iterator[Collector]:
    one = Collector()
    thread = Thread(target=one.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield one
    one.server.shutdown()
    thread.join()
    one.server.server_close()


@pytest.fixture
def fleet(tmp_path: Path, redis: Redis, redis_url: str) -> Iterator[Daemons]:
    with daemons(tmp_path, redis, redis_url) as started:
        yield started


def attributes(of: Any) -> dict[str, str]:
    return {pair.key: pair.value.string_value for pair in of.attributes}


def test_a_job_is_part_of_the_trace_that_enqueued_it(
    fleet: Daemons, redis: Redis, redis_url: str, collector: Collector
) -> None:
    daemon = fleet.start(jobs="tracing = true", env={"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url})
    with Resque(redis_url, tracing=True) as resque, trace.use_span(NonRecordingSpan(PARENT)):
        resque.push("work", {"class": "Say", "args": ["hello"]})
    assert popped(redis, "test:said") == "hello"
    span = collector.next()

    assert (span.name, span.kind) == ("process work", Span.SPAN_KIND_CONSUMER)
    assert (int.from_bytes(span.trace_id, "big"), int.from_bytes(span.parent_span_id, "big")) == (
        PARENT.trace_id,
        PARENT.span_id,
    )
    said = attributes(span)
    assert (said["messaging.system"], said["messaging.destination.name"], said["resque.class"]) == (
        "resque",
        "work",
        "Say",
    )
    redis.rpush("resque:queue:work", json.dumps({"class": "Boom", "args": [], "traceparent": ["no", "context"]}))
    failed = collector.next()
    assert failed.parent_span_id == b""
    assert failed.status.code == failed.status.STATUS_CODE_ERROR
    assert attributes(failed.events[0])["exception.type"] == "ValueError"
    assert "boom" in attributes(failed.events[0])["exception.stacktrace"]
    assert daemon.stop() == 0


def test_all_jobs_of_a_process_are_told_at_its_end(fleet: Daemons, redis: Redis, collector: Collector) -> None:
    for number in range(3):
        push(redis, "Say", str(number))
    env = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url}
    daemon = fleet.start(jobs="tracing = true", pool="jobs_per_fork = 10", env=env)

    assert [popped(redis, "test:said") for _ in range(3)] == ["0", "1", "2"]
    assert len({collector.next().trace_id for _ in range(3)}) == 3
    assert daemon.stop() == 0
    with pytest.raises(Empty):
        collector.spans.get_nowait()


def test_a_collector_that_is_away_costs_no_job(fleet: Daemons, redis: Redis) -> None:
    daemon = fleet.start(jobs="tracing = true", env={"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"})
    for text in ("one", "two"):
        push(redis, "Say", text)
        assert popped(redis, "test:said") == text

    assert daemon.stop() == 0
    assert redis.llen("resque:failed") == 0


def test_without_a_span_there_is_nothing_to_say(redis: Redis, redis_url: str) -> None:
    with Resque(redis_url, tracing=True) as resque:
        resque.push("work", {"class": "Say", "args": []})

    assert redis.lrange("resque:queue:work", 0, -1) == [b'{"class":"Say","args":[]}']


def test_the_context_stands_behind_what_every_peer_reads(redis: Redis, redis_url: str) -> None:
    with Resque(redis_url, tracing=True) as resque, trace.use_span(NonRecordingSpan(PARENT)):
        resque.push("work", {"class": "Say", "args": [1]})

    (raw,) = redis.lrange("resque:queue:work", 0, -1)
    assert raw == f'{{"class":"Say","args":[1],"traceparent":"{TRACEPARENT}"}}'.encode()


@pytest.mark.parametrize(
    ("statement", "loaded"),
    [
        ("import resqued.entry.daemon", "opentelemetry"),
        ("from resqued import Resque\nResque('127.0.0.1:1')", "resqued.tracing"),  # redis-py loads what there is
    ],
)
def test_nothing_is_loaded_where_nothing_is_traced(statement: str, loaded: str) -> None:
    program = f"{statement}\nimport sys\nprint(*(name for name in sys.modules if name.startswith({loaded!r})))"
    run = subprocess.run([sys.executable, "-c", program], stdout=subprocess.PIPE, check=True, text=True)

    assert run.stdout.strip() == ""


def test_who_wants_spans_without_the_packages_is_told_what_to_do() -> None:
    program = (
        "import sys\nsys.modules['opentelemetry'] = None\nfrom resqued import Resque\n"
        "Resque('127.0.0.1:1', tracing=True)"
    )
    run = subprocess.run([sys.executable, "-c", program], stderr=subprocess.PIPE, check=False, text=True)

    assert "pip install 'resqued[tracing]'" in run.stderr.splitlines()[-1]
