"""Every page over what each implementation has left in Redis, at every moment at which it was looked at."""

import html
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest
from redis import Redis
from starlette.testclient import TestClient

from tests import golden
from tests.golden import Implementation

LISTS = ("/", "/queues", "/workers", "/running", "/failed", "/delayed", "/recurring", "/statistics")
LINK = re.compile(r'<(?:th|td)[^>]*><a href="(/[a-z/]+\?[^"]*)"')


def moments(implementation: Implementation) -> list[str]:
    return list(json.loads((Path(golden.__file__).parent / f"{implementation}.json").read_text(encoding="utf-8")))


def pages(page: TestClient) -> Iterator[tuple[str, str]]:
    """Each list, and all that its rows lead to."""
    for address in LISTS:
        text = page.get(address).text
        yield address, text
        for link in map(html.unescape, LINK.findall(text)):
            answer = page.get(link)
            assert answer.status_code == 200, link
            yield link, answer.text


@pytest.mark.parametrize("implementation", get_args(Implementation))
def test_every_page_can_be_shown(page: TestClient, redis: Redis, implementation: Implementation) -> None:
    for moment in moments(implementation):
        redis.flushdb()
        golden.restore(redis, golden.seen(implementation, moment))
        for address, text in pages(page):
            assert "</html>" in text, (moment, address)
            assert 'id="trouble"' not in text, (moment, address)


@pytest.mark.parametrize(
    ("implementation", "moment", "said"),
    [
        ("ruby", "after failure", ("BoomJob", "RuntimeError", 'boom ["x"]', "ruby_common.rb:15", " ago")),
        ("perl", "after failure", ("BoomJob", "Resque::Failure::Job", "boom line one", "line two")),
        ("perl", "after die ref", ("Boom1Job", "Exited with status 768")),
        ("node", "after failure", ("BoomJob", "TypeError", 'boom ["x"]', "node_common.js:8:47", "2026-11-23 07:34:19")),
        ("node", "after scheduler cleaned the stuck worker", ("DieJob", "killed by vm", "queue#forceCleanWorker")),
        ("pyres", "after boom", ("BoomJob.BoomJob", "  return payload_class.perform", "ValueError: boom", "07:23:41")),
    ],
)
def test_a_failure_of_each_is_shown_with_its_backtrace(
    page: TestClient, redis: Redis, implementation: Implementation, moment: str, said: tuple[str, ...]
) -> None:
    golden.restore(redis, golden.seen(implementation, moment))
    newest = next(link for link in map(html.unescape, LINK.findall(page.get("/failed").text)))
    text = html.unescape(page.get(newest).text)

    for words in said:
        assert words in text
