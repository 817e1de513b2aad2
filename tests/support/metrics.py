"""Metrics as a scraper understands them: by the parsers of prometheus_client."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPResponse

from prometheus_client import parser
from prometheus_client.openmetrics import parser as openmetrics

from resqued import listener

OPENMETRICS = {"Accept": "application/openmetrics-text; version=1.0.0"}


class Samples(dict[tuple[str, frozenset[tuple[str, str]]], float]):
    """`samples.of("resqued_jobs_total", pool="mail")`: the sum of those with these labels."""

    def of(self, name: str, **labels: str) -> float:
        found = [value for (called, has), value in self.items() if called == name and set(labels.items()) <= has]
        assert found, f"there is no {name} with {labels}"
        return sum(found)

    @property
    def names(self) -> set[str]:
        return {name for name, _ in self}


def understood(text: str) -> Samples:
    """Of OpenMetrics. Raises ValueError for what is none."""
    families = openmetrics.text_string_to_metric_families(text)  # type: ignore[no-untyped-call]  # it has no types
    return Samples((_key(sample.name, sample.labels), sample.value) for one in families for sample in one.samples)


def understood_in_a_file(text: str) -> Samples:
    """Of the older format."""
    families = parser.text_string_to_metric_families(text)
    return Samples((_key(sample.name, sample.labels), sample.value) for one in families for sample in one.samples)


def _key(name: str, labels: dict[str, str]) -> tuple[str, frozenset[tuple[str, str]]]:
    return name, frozenset(labels.items())


@dataclass(frozen=True)
class Said:
    status: int
    type: str
    text: str


class _Connection(HTTPConnection):
    """To a place as `metrics.listen` names it."""

    def __init__(self, place: str) -> None:
        address = listener.parse(place)
        self.path = address.path
        super().__init__(address.host or "localhost", address.port, timeout=10)

    def connect(self) -> None:
        if not self.path:
            super().connect()
            return
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(10)
        self.sock.connect(self.path)


def ask(place: str, path: str, method: str = "GET", headers: dict[str, str] | None = None) -> Said:
    with _answered(place, path, method, headers or {}) as answer:
        return Said(answer.status, answer.headers["Content-Type"], answer.read().decode())


@contextmanager
def _answered(place: str, path: str, method: str, headers: dict[str, str]) -> Iterator[HTTPResponse]:
    connection = _Connection(place)
    try:
        connection.request(method, path, headers=headers)
        with connection.getresponse() as answer:
            yield answer
    finally:
        connection.close()


def scraped(place: str) -> Samples:
    return understood(ask(place, "/metrics", headers=OPENMETRICS).text)
