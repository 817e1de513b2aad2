"""Entries of failed lists, as others write them and as nobody should."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from resqued.errors import NotRetryable
from resqued.protocol.failed import Entry
from resqued.protocol.payloads import Failure
from tests.golden import Implementation, seen

PERLS, PYRES = "Resque::Failure::Job", "type: <type 'exceptions.ValueError'>"


def of(implementation: Implementation, moment: str) -> Entry:
    return Entry(seen(implementation, moment)["resque:failed"]["value"][0].encode())


def entry(payload: bytes, queue: str = "mail") -> Entry:
    """As our own worker records it."""
    return Entry(
        Failure("2026/11/23 07:08:59 UTC", payload, "ValueError", "no", [], "vm:1:mail", queue).encode().encode()
    )


def foreign(payload: str, queue: str = '"mail"', more: str = "") -> Entry:
    return Entry(f'{{"queue":{queue},"payload":{payload}{more}}}'.encode())


# What others write


@pytest.mark.parametrize(
    ("implementation", "moment", "facts"),
    [
        ("ruby", "after failure", ("BoomJob", "boom", "RuntimeError", 'boom ["x"]', "vm", "2026-11-23T07:33:54+00:00")),
        ("perl", "after failure", ("BoomJob", "boom", PERLS, "boom line one", "vm", "2026-11-23T07:13:18+00:00")),
        ("node", "after failure", ("BoomJob", "boom", "TypeError", 'boom ["x"]', "vm", "2026-11-23T07:34:19+00:00")),
        ("pyres", "after boom", ("BoomJob.BoomJob", "boom", "type", PYRES, "vm", None)),
    ],
)  # fmt: skip
def test_what_peers_record_is_understood(
    implementation: Implementation, moment: str, facts: tuple[str | None, ...]
) -> None:
    one = of(implementation, moment)

    at = one.failed_at and one.failed_at.isoformat()
    assert (one.name, one.queue, one.exception, one.error, one.host, at) == facts


@pytest.mark.parametrize(
    ("implementation", "moment", "payload"),
    [
        ("ruby", "after failure", b'{"class":"BoomJob","args":["x"]}'),
        ("node", "after failure", b'{"class":"BoomJob","queue":"boom","args":["x"]}'),
        ("pyres", "after boom", b'{"args": [], "class": "BoomJob.BoomJob", "enqueue_timestamp": 1795418621.410154}'),
    ],
)
def test_the_payload_of_a_peers_entry_is_its_very_text(
    implementation: Implementation, moment: str, payload: bytes
) -> None:
    assert of(implementation, moment).job() == ("boom", payload)


def test_that_it_was_retried_in_place_is_seen() -> None:
    assert of("ruby", "after failed requeue").retried_at == "2026/11/23 07:34:01 UTC"


def test_with_active_job_the_class_is_that_of_the_job_inside() -> None:
    wrapper = "ActiveJob::QueueAdapters::ResqueAdapter::JobWrapper"

    assert foreign(f'{{"class":"{wrapper}","args":[{{"job_class":"MailJob"}}]}}').name == "MailJob"
    assert foreign(f'{{"class":"{wrapper}","args":[]}}').name == wrapper


# Byte for byte


@pytest.mark.parametrize(
    "raw",
    [
        b'{"class":"Echo","args":[]}',
        b'{ "args" : [ 1.0 , 1e3, 12345678901234567890123 ] , "class" : "Echo" }',
        b'{"class":"Echo","args":["\\u00e9\\/\xc3\xa9"],"z":{},"a":[]}',
        b'{"class":"Echo"}',
        b'{"class":"Echo","args":{}}',
        b"not JSON",
        b"\xff\xfe{",
        b'{"class":"Echo","args":["\xff"]}',
        b'{"class":"Echo","args":["\\ud800"]}',
        b'{"class":"Echo","args":[1e999]}',
        b'{"class":"Echo","x":"a\\\\xff"}',
        b"[" * 200,
        b"5",
        b"null",
        b"",
    ],
)
def test_the_job_is_what_lay_on_the_queue_in_every_byte(raw: bytes) -> None:
    assert entry(raw).job() == ("mail", raw)


@given(st.binary(max_size=60) | st.text(max_size=60).map(lambda text: text.encode(errors="surrogatepass")))
def test_whatever_lay_on_the_queue_comes_back(raw: bytes) -> None:
    assume(b"\\x" not in raw)  # in what is no UTF-8 it cannot be told from an escaped byte

    assert entry(raw).job() == ("mail", raw)


def test_a_job_whose_only_argument_is_a_text_is_not_unwrapped() -> None:
    raw = b'{"class":"Echo","args":["{\\"class\\":\\"Other\\"}"]}'

    assert entry(raw).job() == ("mail", raw)


def test_a_mark_leaves_every_value_the_text_that_it_was() -> None:
    one = foreign('{"class": "A", "args": [1.0, {}, 12345678901234567890]}', more=',"retried_at":null,"x":"\\u00e9"')
    marked = one.retried("2026/11/23 07:08:59 UTC")

    assert marked == (
        b'{"queue":"mail","payload":{"class": "A", "args": [1.0, {}, 12345678901234567890]},'
        b'"retried_at":"2026/11/23 07:08:59 UTC","x":"\\u00e9"}'
    )
    assert Entry(marked).retried_at == "2026/11/23 07:08:59 UTC"


# What cannot be retried


@pytest.mark.parametrize(
    ("one", "why"),
    [
        (Entry(b""), "no JSON object"),
        (Entry(b"garbage"), "no JSON object"),
        (Entry(b"[1]"), "no JSON object"),
        (Entry(b"\xff" * 9), "no JSON object"),
        (Entry(b'{"payload":' + b"[" * 100_000 + b"]" * 100_000 + b"}"), "no JSON object"),
        (foreign('{"class":"A"}', queue="null"), "is empty"),
        (foreign('{"class":"A"}', queue='"a:b"'), "contains ':'"),
        (foreign("null"), "no job"),
        (foreign("5"), "no job"),
        (foreign('{"class":null}'), "no job"),
        (Entry(b'{"payload":{"class":"A"},"queue":"\xff"}'), "contains '.*udcff'"),
        (foreign('{"class":"A","args":["{\\"class\\":\\"A\\",\\"args\\":[\\"xx ... (70000 bytes)"]}'), "the beginning"),
    ],
)
def test_what_says_no_job_is_refused_with_the_reason(one: Entry, why: str) -> None:
    with pytest.raises(NotRetryable, match=why):
        one.job()


def test_another_queue_is_as_good_as_its_own() -> None:
    assert foreign('{"class":"A"}', queue="7").job(to="other") == ("other", b'{"class":"A"}')


@given(st.binary(max_size=80))
def test_nothing_that_is_asked_of_any_text_raises(raw: bytes) -> None:
    one = Entry(raw)

    assert isinstance(one.id, str)
    assert {type(fact) for fact in (one.name, one.queue, one.exception, one.error, one.host, one.retried_at)} == {str}
    assert one.backtrace == [] or one.is_readable
    assert one.failed_at is None or one.failed_at.tzinfo


def test_an_entry_is_known_by_its_text() -> None:
    assert entry(b"1").id == entry(b"1").id != entry(b"2").id
    assert entry(b"1").whole_id.startswith(entry(b"1").id)


def test_a_date_is_one() -> None:
    assert entry(b"1").failed_at == datetime(2026, 11, 23, 7, 8, 59, tzinfo=UTC)
    assert json.loads(entry(b"1").raw)["failed_at"] == "2026/11/23 07:08:59 UTC"
