"""As much of HTTP as there is."""

import json

import pytest

from resqued.metrics import asking
from resqued.metrics.asking import Answer, Health
from resqued.metrics.exposition import Format

PAGES = {"/metrics": lambda format_: Answer(200, format_.value, b"figures\n"), "/healthz": lambda _: Health().answer()}


def answered(*lines: str) -> tuple[int, dict[str, str], str]:
    """Status, head and body."""
    head, _, body = asking.answer(PAGES, "\r\n".join(lines).encode()).partition(asking.END)
    status, *fields = head.decode().split("\r\n")
    assert status.startswith("HTTP/1.1 ")
    return int(status.split()[1]), dict(field.split(": ", 1) for field in fields), body.decode()


def test_a_page_is_answered_whole_and_then_it_is_over() -> None:
    status, head, body = answered("GET /metrics HTTP/1.1", "Host: localhost")

    assert (status, body) == (200, "figures\n")
    assert (head["Content-Length"], head["Connection"], head["Cache-Control"]) == ("8", "close", "no-store")


@pytest.mark.parametrize(
    ("accept", "format_"),
    [
        ("Accept: application/openmetrics-text;version=1.0.0;q=0.5,text/plain;q=0.1", Format.OPENMETRICS),
        ("ACCEPT:Application/OpenMetrics-Text", Format.OPENMETRICS),
        ("Accept: */*", Format.PROMETHEUS),
        ("X-Accept: application/openmetrics-text", Format.PROMETHEUS),
        ("Host: localhost", Format.PROMETHEUS),
    ],
)
def test_who_asks_for_openmetrics_gets_it(accept: str, format_: Format) -> None:
    assert answered("GET /metrics HTTP/1.1", accept)[1]["Content-Type"] == format_.value


def test_a_head_is_a_head() -> None:
    status, head, body = answered("HEAD /metrics HTTP/1.0")

    assert (status, head["Content-Length"], body) == (200, "8", "")


def test_what_stands_behind_a_question_mark_is_nothing_to_us() -> None:
    assert answered("GET /metrics?x=/healthz HTTP/1.1")[2] == "figures\n"


def test_who_is_lost_is_told_where_to_go() -> None:
    assert answered("GET / HTTP/1.1")[::2] == (404, "there is /metrics, /healthz\n")


@pytest.mark.parametrize("path", ["/metrics/", "/metrics/../../etc/passwd", "//metrics", "/%6detrics", "/METRICS"])
def test_there_are_no_other_pages(path: str) -> None:
    assert answered(f"GET {path} HTTP/1.1")[0] == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "TRACE"])
def test_nothing_can_be_changed(method: str) -> None:
    status, head, _ = answered(f"{method} /metrics HTTP/1.1", "Content-Length: 3")

    assert (status, head["Allow"]) == (405, "GET, HEAD")


@pytest.mark.parametrize(
    "line",
    [
        "",
        "GET",
        "GET /metrics",
        "GET /metrics HTTP/2",
        "GET  /metrics HTTP/1.1",
        "get /metrics HTTP/1.1",
        "GET metrics HTTP/1.1",
        "GET http://localhost/metrics HTTP/1.1",
        "GET /\x00 HTTP/1.1",
        "GET /é HTTP/1.1",
        "GET /" + "x" * 1001 + " HTTP/1.1",
        '{"wish": "pause"}',
    ],
)
def test_what_is_no_request_is_refused(line: str) -> None:
    assert answered(line)[0] == 400


def test_health_says_why() -> None:
    bad = Health(("pool mail is degraded",), ("pool web is paused",)).answer()

    assert bad.status == 503
    assert json.loads(bad.body) == {
        "status": "failing",
        "reasons": ["pool mail is degraded"],
        "warnings": ["pool web is paused"],
    }
    assert Health((), ("pool web is paused",)).answer().status == 200
