"""Reading what any client says about its workers."""

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resqued.protocol import records
from resqued.protocol.payloads import ACTIVE_JOB

SEVEN = datetime(2026, 11, 23, 7, tzinfo=UTC)

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.sampled_from(["queue", "payload", "run_at", "class", "x"]), inner)
    ),
)


def view(worker_id: str) -> records.WorkerView:
    return records.view(worker_id, record=None, started=None, heartbeat=None)


@pytest.mark.parametrize(
    "written",
    [
        b"2026-11-23 07:00:00 +0000",  # resqued, Ruby
        b"2026-11-23 08:00:00 +0100",
        b"2026/11/23 07:00:00 UTC",  # resqued, Perl
        b"2026-11-23 07:00:00 UTC",
        b"2026-11-23T07:00:00Z",  # resqued, Ruby, Go
        b"2026-11-23T07:00:00+00:00",
        b"2026-11-23T02:00:00-05:00",
        b"2026-11-23 07:00:00.000000000 +0000 UTC m=+0.012",
        b"Mon Nov 23 2026 07:00:00 GMT+0000 (Coordinated Universal Time)",  # node
        b"Mon Nov 23 2026 08:00:00 GMT+0100 (Central European Standard Time)",
        b"1795417200",  # node, pyres
        b"1795417200.0",
    ],
)
def test_a_date_of_any_implementation_is_read(written: bytes) -> None:
    assert records.moment(written) == SEVEN


def test_fractions_of_a_second_are_kept_as_far_as_python_has_them() -> None:
    assert records.moment(b"2026-11-23T07:00:00.123456789Z") == SEVEN.replace(microsecond=123456)


def test_a_date_keeps_its_zone() -> None:
    moment = records.moment(b"2026-11-23 08:00:00 +0100")

    assert moment is not None
    assert moment.tzinfo == timezone(timedelta(hours=1))


@pytest.mark.parametrize(
    "written",
    [
        None,
        b"",
        b"now",
        b"2026/11/23 07:00:00",
        b"2026-02-31 07:00:00 UTC",
        b"2026-11-23 25:00:00 UTC",
        b"Mon Foo 23 2026 07:00:00 GMT+0000",
        b"9" * 400,
        b"\xff",
    ],
)
def test_what_is_no_date_or_has_no_zone_is_not_known(written: bytes | None) -> None:
    assert records.moment(written) is None


@pytest.mark.parametrize(
    ("worker_id", "host", "pid", "queues"),
    [
        ("vm:4711:critical,mail", "vm", 4711, ("critical", "mail")),
        ("vm:4711-poller:mail", "vm", 4711, ("mail",)),  # goworker
        ("vm:4711-0:mail", "vm", 4711, ("mail",)),
        ("vm:4711:a:b,c", "vm", 4711, ("a:b", "c")),
        ("vm:none:q", "vm", None, ("q",)),
        ("vm:4711:", "vm", 4711, ()),
        ("vm:4711", "vm", None, ()),
        ("vm", "vm", None, ()),
        ("", "", None, ()),
    ],
)
def test_an_id_has_a_host_a_pid_and_queues_where_it_says_so(
    worker_id: str, host: str, pid: int | None, queues: tuple[str, ...]
) -> None:
    worker = view(worker_id)

    assert (worker.host, worker.pid, worker.queues) == (host, pid, queues)


def test_a_record_says_what_is_performed() -> None:
    record = b'{"queue":"ok","run_at":"2026/11/23 07:00:00 UTC","payload":{"class":"OkJob","args":[1]}}'

    assert records.working(record) == records.Working("ok", "OkJob", {"class": "OkJob", "args": [1]}, SEVEN)


def test_no_record_means_idle() -> None:
    assert records.working(None) is None
    assert records.working(b"") is None


def test_a_record_that_says_nothing_still_means_working() -> None:
    assert records.working(b"null") == records.Working("", "", {}, None)


@settings(deadline=None)
@given(st.binary() | ANYTHING.map(lambda value: json.dumps(value).encode()), st.text())
def test_no_record_and_no_id_is_an_error(raw: bytes, worker_id: str) -> None:
    worker = records.view(worker_id, record=raw, started=raw, heartbeat=raw)

    assert worker.id == worker_id


# When a job was enqueued


@pytest.mark.parametrize(
    "said",
    [
        b'{"class":"A","args":[],"enqueued_at":1795417200}',
        b'{"class":"A","args":[],"enqueue_timestamp":1795417200.0}',
        b'{"class":"A","args":[],"queue_time":1795417200000}',
        b'{"class":"A","args":[],"queued_at":"1795417200"}',
        b'{"class":"A","args":[],"at":"2026-11-23T07:00:00Z","enqueued_at":null}',
        b'{"class":"%s","args":[{"enqueued_at":"2026-11-23T07:00:00.000000000Z"}]}' % ACTIVE_JOB.encode(),
    ],
)
def test_when_a_job_was_enqueued_is_found_in_the_words_of_each_client(said: bytes) -> None:
    assert records.enqueued(said) == SEVEN


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"\xff",
        b"[1]",
        b'{"class":"A","args":[{"enqueued_at":1795417200}]}',
        b'{"enqueued_at":true}',
        b'{"enqueued_at":1e400}',
        b'{"enqueued_at":NaN}',
        b'{"enqueued_at":-5}',
        b'{"enqueued_at":[1]}',
        b'{"enqueued_at":"yesterday"}',
        b'{"enqueued_at":' + b"9" * 400 + b"}",
    ],
)
def test_who_does_not_say_it_does_not_break_us(said: bytes) -> None:
    assert records.enqueued(said) is None


def test_when_a_worker_of_node_showed_itself() -> None:
    assert records.pinged(b'{"time":1795417200,"name":"vm:1","queues":"ok"}') == SEVEN
    assert [records.pinged(text) for text in (b"", b"{}", b'{"time":"x"}')] == [None] * 3
