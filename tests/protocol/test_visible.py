"""`visible.lua` in a real Redis: what a worker shows of its job to peers, whatever it is."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given, settings

from resqued.protocol.moves import source
from resqued.protocol.payloads import encode_job, harmless
from tests.protocol import raw
from tests.protocol.raw import captured, is_job_for_all, shortened, strict
from tests.support.redis_server import RedisServer

Visible = Callable[[bytes], bytes]


@pytest.fixture(name="visible", scope="module")
def visible_in_redis(redis_server: RedisServer) -> Iterator[Visible]:
    with redis_server.client() as client:
        script = client.register_script(source("visible.lua") + "return visible(ARGV[1])")
        yield lambda payload: script(args=[payload])


@pytest.mark.parametrize("text", [*raw.ORDINARY, *captured()], ids=shortened)
def test_an_ordinary_payload_is_shown_as_it_is(visible: Visible, text: str) -> None:
    assert visible(text.encode()).decode() == text


@pytest.mark.parametrize("text", raw.NOT_FOR_ALL, ids=shortened)
def test_a_job_that_some_peer_would_choke_on_is_shown_wrapped(visible: Visible, text: str) -> None:
    shown = strict(visible(text.encode()).decode())

    assert shown in ({"class": "A", "args": [text]}, {"class": "InvalidPayload", "args": [text]})


@pytest.mark.parametrize("payload", raw.NO_JOBS, ids=shortened)
def test_what_is_no_job_is_shown_wrapped(visible: Visible, payload: bytes) -> None:
    assert visible(payload) != payload
    assert is_job_for_all(strict(visible(payload).decode()))


@settings(deadline=None)
@given(payload=raw.anything)
def test_whatever_lay_on_a_queue_is_harmless_to_show(visible: Visible, payload: bytes) -> None:
    shown = visible(payload)

    assert is_job_for_all(strict(shown.decode()))


@settings(deadline=None)
@given(payload=raw.anything)
def test_what_is_shown_as_it_is_is_harmless_by_all_rules(visible: Visible, payload: bytes) -> None:
    shown = visible(payload)

    assert shown != payload or harmless(payload).encode() == payload


@settings(deadline=None)
@given(job=raw.jobs)
def test_a_job_that_we_enqueued_is_shown_as_it_is(visible: Visible, job: dict[str, Any]) -> None:
    text = encode_job(job).encode()

    assert visible(text) == text


@settings(deadline=None)
@given(job=raw.jobs)
def test_a_job_is_shown_as_it_is_however_it_is_escaped_and_spaced(visible: Visible, job: dict[str, Any]) -> None:
    text = json.dumps(job, indent=1).encode()

    assert visible(text) == text


@pytest.mark.parametrize("text", ["漢字" * 5000, "é" * 20_000, "😀" * 10_000, "a" * 65_000], ids=shortened)
def test_a_long_payload_is_shown_as_it_is(visible: Visible, text: str) -> None:
    payload = encode_job({"class": "A", "args": [text]}).encode()

    assert visible(payload) == payload


@pytest.mark.parametrize("text", ["a" * 65_536, "é" * 50_000, "😀" * 300_000, '"\\' * 50_000], ids=shortened)
def test_a_very_long_payload_is_shown_by_its_beginning(visible: Visible, text: str) -> None:
    payload = encode_job({"class": "A::B", "args": [text]})
    shown = strict(visible(payload.encode()).decode())
    beginning, _, length = shown["args"][0].partition(" ... ")

    assert payload.startswith(beginning)
    assert len(beginning.encode()) > 1000
    assert (shown["class"], length) == ("A::B", f"({len(payload.encode())} bytes)")


@pytest.mark.parametrize("size", [1, 1000, 65_000, 1_000_000])
def test_bytes_that_are_no_text_are_shown_escaped_and_by_their_beginning(visible: Visible, size: int) -> None:
    shown = visible(b'\xff\n\0\x7f\\"' + b"\x80" * size)
    document = strict(shown.decode())

    assert document["class"] == "InvalidPayload"
    assert document["args"][0].startswith('\\xff\n\0\x7f\\"\\x80')
    assert len(shown) < 6000


def test_a_long_job_that_some_peer_would_choke_on_is_shown_in_full(visible: Visible) -> None:
    text = '{"args":{},"class":"A","x":"' + "é" * 20_000 + '"}'

    assert strict(visible(text.encode()).decode()) == {"class": "A", "args": [text]}


def test_cjson_is_left_to_other_scripts_as_it_was(visible: Visible, redis_server: RedisServer) -> None:
    visible(b'{"class":"A","args":[]}')
    with redis_server.client() as client:
        told = client.eval("return {cjson.decode_max_depth(), tostring(cjson.decode_invalid_numbers())}", 0)

    assert told == [1000, b"true"]


@pytest.mark.parametrize("args", ["[]", "[null]", '["text"]', "[[]]", "[[1]]", "[{}]"])
def test_a_wrapper_of_activejob_that_breaks_resque_web_is_wrapped_again(visible: Visible, args: str) -> None:
    """Its page asks the first argument for its `job_class`."""
    payload = f'{{"class":"ActiveJob::QueueAdapters::ResqueAdapter::JobWrapper","args":{args}}}'

    assert visible(payload.encode()) != payload.encode()
