"""`dropping.lua` in a real Redis: of a job that is dropped nothing is lost, whatever it is."""

from collections.abc import Callable, Iterator

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from resqued.errors import NotRetryable
from resqued.protocol.failed import Entry
from resqued.protocol.moves import source
from resqued.protocol.payloads import ACTIVE_JOB, encode_job
from tests.protocol import raw
from tests.protocol.raw import captured, is_job_for_all, shortened, strict
from tests.support.redis_server import RedisServer

Dropped = Callable[[bytes], Entry]

KEYS = ["resque:failed", "resque:stat:failed", "resqued:resque:dropped"]
DROP = """
  local k = {failed = KEYS[1], failures = KEYS[2], dropped = KEYS[3], prefix = 'resque:queue:', own = 'resqued:resque:'}
  k.queues, k.date, k.exception, k.who = 'resque:queues', '2026/11/23 07:00:00 UTC', 'Gone', 'vm:1:mail'
  drop('mail', ARGV[1], 'no room', k)
  return redis.call('RPOP', KEYS[1])
"""
LARGE = 2**20
WRITTEN_BY_US = [
    [2**64 - 1],
    [-(2**63)],
    [1e100],
    [-1e-100],
    [{"a": [{}], "b": []}],
    ["C:\\xampp", "\\xff"],
    ["\x7f\0é"],
]
TEXTS = [text * size for text in (b"a", b"\xff", "é".encode()) for size in (70_000, LARGE)]
LOOKS_WRAPPED = [
    b'{"class":"InvalidPayload","args":["no JSON"]}',
    b'{"class":"A","args":["{\\"class\\":\\"A\\"}"]}',
    b'{"class":"A","args":["x ... (70000 bytes)"]}',
    b'{"class":"A","args":["\\\\xff"]}',
]
LOOKS_ESCAPED = [
    *(b"\\xff", b"\\x5c", b"\\\\xff\xff", b"\\\xff\\x\xff\\", b"\\u0041"),
    b'{"class":"A","args":{},"x":"C:\\\\xampp"}',
]
WRAPPERS = ["[]", "[null]", "[{}]", '["{}"]', '[{"job_class":"A"}]']
EVERY = [
    *(text.encode() for text in (*raw.ORDINARY, *raw.NOT_FOR_ALL, *captured())),
    *raw.NO_JOBS,
    *(encode_job({"class": "A", "args": args}).encode() for args in WRITTEN_BY_US),
    *(f'{{"class":"{ACTIVE_JOB}","args":{args}}}'.encode() for args in WRAPPERS),
    *(b'{"class":"A","args":["%b"]}' % text for text in TEXTS),
    *LOOKS_WRAPPED,
    *LOOKS_ESCAPED,
]


@pytest.fixture(name="dropped", scope="module")
def dropped_in_redis(redis_server: RedisServer) -> Iterator[Dropped]:
    with redis_server.client() as client:
        script = client.register_script(source("dropping.lua") + DROP)
        yield lambda payload: Entry(script(KEYS, [payload]))


@pytest.mark.parametrize("payload", EVERY, ids=shortened)
def test_a_job_that_is_dropped_comes_back_in_every_byte(dropped: Dropped, payload: bytes) -> None:
    assert dropped(payload).job() == ("mail", payload)


@settings(deadline=None)
@given(payload=raw.anything | st.lists(st.sampled_from([b"\\", b"x", b"ff", b"5c", b"\xff", b'"'])).map(b"".join))
@example(payload=b"\\x\xff")
def test_whatever_lay_on_a_queue_comes_back(dropped: Dropped, payload: bytes) -> None:
    assert dropped(payload).job() == ("mail", payload)


@pytest.mark.parametrize("payload", EVERY, ids=shortened)
def test_peers_can_read_what_is_recorded(dropped: Dropped, payload: bytes) -> None:
    entry = strict(dropped(payload).raw.decode())

    assert is_job_for_all(entry["payload"])
    assert (entry["exception"], entry["error"], entry["queue"]) == ("Gone", "no room", "mail")


@pytest.mark.parametrize(
    "text", [*map(str.strip, raw.ORDINARY), *captured(), *map(bytes.decode, LOOKS_WRAPPED)], ids=shortened
)
def test_what_is_harmless_stands_there_as_it_is(dropped: Dropped, text: str) -> None:
    assert dropped(text.encode()).payload == text.encode()


def test_a_long_job_stands_there_as_it_is(dropped: Dropped) -> None:
    payload = encode_job({"class": "A", "args": ["é" * 500_000]}).encode()

    assert dropped(payload).payload == payload


def test_a_job_that_is_wrapped_keeps_its_class(dropped: Dropped) -> None:
    assert dropped(b'{"class":"Send::Mail","args":[18446744073709551615]}').name == "Send::Mail"


def test_a_mark_leaves_it_as_it_was(dropped: Dropped) -> None:
    marked = Entry(dropped(b"\xff").retried("2026/11/24 10:00:00 UTC"))

    assert marked.job() == ("mail", b"\xff")


@pytest.mark.parametrize("said", ["true", "false", "null", "1", '"x"'])
@pytest.mark.parametrize("payload", ["null", "5", "{}", '{"args":[1]}', '{"class":1,"args":[""]}'])
def test_what_is_said_of_no_job_makes_none_of_it(said: str, payload: str) -> None:
    with pytest.raises(NotRetryable, match="no job"):
        Entry(f'{{"queue":"mail","payload":{payload},"wrapped":{said}}}'.encode()).job()
