"""As much of HTTP as is needed to be asked for metrics and health: a request without a body, one answer, the end."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from resqued.metrics.exposition import Format

END = b"\r\n\r\n"  # of a request
LONGEST = 8192  # bytes of one: browsers, and proxies, have much to say
MOST = 32  # who may ask at a time
PATIENCE = 2.0  # s that each of them has, who is near and wants little
REQUEST = re.compile(rb"([A-Z]{1,20}) (/[!-~]{0,1000}) HTTP/1\.[01]")
ASKED_FOR = ("GET", "HEAD")
REASONS = {200: "OK", 400: "Bad Request", 404: "Not Found", 405: "Method Not Allowed", 503: "Service Unavailable"}
PLAIN, JSON = "text/plain; charset=utf-8", "application/json"


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    type: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Health:
    """`reasons` against it, which make it 503, and `warnings`, which do not."""

    reasons: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    def answer(self) -> Answer:
        said = {"status": "failing" if self.reasons else "ok", "reasons": self.reasons, "warnings": self.warnings}
        return Answer(503 if self.reasons else 200, JSON, json.dumps(said).encode() + b"\n")


Page = Callable[[Format], Answer]


def answer(pages: Mapping[str, Page], request: bytes) -> bytes:
    """The whole answer to a request, which came without its `END`. `pages`: by path."""
    line, *fields = request.split(b"\r\n")
    if not (asked := REQUEST.fullmatch(line)):
        return _written(Answer(400, PLAIN, b"this is no request of HTTP/1\n"))
    method, path = asked[1].decode(), asked[2].decode().partition("?")[0]
    if method not in ASKED_FOR:
        return _written(Answer(405, PLAIN, b"there is only GET, and HEAD\n"))
    page = pages.get(path)
    answered = page(_wanted(fields)) if page else Answer(404, PLAIN, f"there is {', '.join(pages)}\n".encode())
    return _written(answered, without_body=method == "HEAD")


def _wanted(fields: list[bytes]) -> Format:
    """OpenMetrics for who asks for it; a person, and an old scraper, get the other."""
    accepted = b",".join(field.partition(b":")[2] for field in fields if field.lower().startswith(b"accept:"))
    return Format.OPENMETRICS if b"application/openmetrics-text" in accepted.lower() else Format.PROMETHEUS


def _written(answered: Answer, *, without_body: bool = False) -> bytes:
    head = [
        f"HTTP/1.1 {answered.status} {REASONS[answered.status]}",
        f"Content-Type: {answered.type}",
        f"Content-Length: {len(answered.body)}",
        "Cache-Control: no-store",
        "X-Content-Type-Options: nosniff",
        "Connection: close",
        *(["Allow: GET, HEAD"] if answered.status == 405 else []),  # noqa: PLR2004
    ]
    return "\r\n".join(head).encode() + END + (b"" if without_body else answered.body)
