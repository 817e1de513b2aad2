"""Every JSON text that we write, and how we read what others write."""

import json
import math
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resqued.errors import InvalidPayload, NotEncodable
from resqued.protocol.payloads import Failure, check_queue_name, decode, encode_job, harmless
from tests.protocol import raw
from tests.protocol.raw import captured, is_job_for_all, shortened, strict

# Reading


@pytest.mark.parametrize("text", [*raw.ORDINARY, *raw.NOT_FOR_ALL, *captured()], ids=shortened)
def test_a_job_of_whatever_client_is_read(text: str) -> None:
    document = json.loads(text)

    assert decode(text.encode()).name == document["class"]
    assert decode(text.encode()).document == document


@pytest.mark.parametrize("payload", raw.NO_JOBS, ids=shortened)
def test_what_is_no_job_is_an_invalid_payload(payload: bytes) -> None:
    with pytest.raises(InvalidPayload, match="payload"):
        decode(payload)


@pytest.mark.parametrize(
    ("args", "given_to_perform"),
    [
        ("[]", ()),
        ("[1,[2]]", (1, [2])),
        ("null", ()),
        ("{}", ()),  # what node's cjson makes of []
        ('{"k":1}', ({"k": 1},)),
        ('"text"', ("text",)),
        ("7", (7,)),
        ("false", (False,)),
        ("[{}]", ({},)),
    ],
)
def test_args_become_arguments(args: str, given_to_perform: tuple[object, ...]) -> None:
    assert decode(f'{{"class":"A","args":{args}}}'.encode()).args == given_to_perform


def test_without_args_there_are_no_arguments() -> None:
    assert decode(b'{"class":"A"}').args == ()


def test_the_last_of_two_equal_keys_counts() -> None:
    assert decode(b'{"class":"A","args":[1],"class":"B","args":[2]}').args == (2,)


def test_keys_that_resque_does_not_know_are_kept() -> None:
    assert decode(b'{"class":"A","args":[],"enqueue_timestamp":1.5}').document["enqueue_timestamp"] == 1.5


@pytest.mark.parametrize("number", [2**53 + 1, 12345678901234567890, -(10**30)])
def test_an_integer_is_read_exactly(number: int) -> None:
    assert decode(f'{{"class":"A","args":[{number}]}}'.encode()).args == (number,)


def test_a_payload_may_be_as_long_as_allowed() -> None:
    assert decode(b'{"class":"A"}', max_size=13).name == "A"
    with pytest.raises(InvalidPayload, match="13 bytes is larger than max_payload = 12 bytes"):
        decode(b'{"class":"A"}', max_size=12)


@pytest.mark.parametrize(
    ("payload", "says"),
    [
        (b"no", "payload is not JSON: Expecting value: line 1 column 1"),
        (b"[]", "payload is not a JSON object but list"),
        (b'{"class":"A","args":[NaN]}', "payload is not JSON: NaN is not JSON"),
        (b'{"class":"A","args":[1e400]}', "payload is not JSON: the number 1e400 is too large"),
        (b'{"class":"A","args":["\\ud800"]}', "payload is not JSON: it holds a lone surrogate, which is no text"),
        (b'{"class":"A","args":["\xff"]}', "payload is not JSON: 'utf-8' codec can't decode byte 0xff"),
        (b"[" * 100_000, "payload is not JSON: it is nested too deep"),
        (b'{"args":[]}', 'payload has no "class" that is a non-empty string: None'),
    ],
)
def test_an_invalid_payload_says_what_is_wrong_with_it(payload: bytes, says: str) -> None:
    with pytest.raises(InvalidPayload) as caught:
        decode(payload)

    assert str(caught.value).startswith(says)


@pytest.mark.parametrize("surroundings", ['{"class":"\\ud83d\\ude00","args":%s}', '{"class":%s,"args":[]}'])
def test_a_payload_of_any_depth_is_read_or_refused(surroundings: str) -> None:
    for levels in range(850, 1050):
        payload = (surroundings % ("[" * levels + "]" * levels)).encode()
        try:
            decode(payload)
        except InvalidPayload:
            continue


@given(raw.anything)
def test_nothing_on_a_queue_makes_the_decoder_raise_anything_else(payload: bytes) -> None:
    try:
        decoded = decode(payload)
    except InvalidPayload as error:
        str(error).encode()
    else:
        assert decoded.name


# Writing jobs


def test_a_job_is_written_as_ruby_writes_it() -> None:
    args = [1, "two", {"k": None, "u": "é😀"}]

    assert encode_job({"args": args, "class": "OkJob"}) == '{"class":"OkJob","args":[1,"two",{"k":null,"u":"é😀"}]}'


def test_further_keys_come_last() -> None:
    assert encode_job({"id": 7, "class": "A"}) == '{"class":"A","args":[],"id":7}'


@pytest.mark.parametrize(
    ("payload", "says"),
    [
        ({}, 'a job needs a "class" that is a non-empty string, not None'),
        ({"class": ""}, "a job needs a \"class\" that is a non-empty string, not ''"),
        ({"class": 5}, 'a job needs a "class" that is a non-empty string, not 5'),
        ({"class": "A", "args": None}, "\"args\" of job 'A' must be a list, not NoneType"),
        ({"class": "A", "args": {}}, "\"args\" of job 'A' must be a list, not dict"),
        ({"class": "A", "args": "x"}, "\"args\" of job 'A' must be a list, not str"),
        ({"class": "A", "args": [math.nan]}, "job 'A': payload.args[0] holds nan, which is not JSON"),
        ({"class": "A", "args": [-math.inf]}, "job 'A': payload.args[0] holds -inf, which is not JSON"),
        ({"class": "A", "args": ["\ud800"]}, "job 'A': payload.args[0] holds a lone surrogate"),
        ({"class": "\udfff"}, "job '\\udfff': payload.class holds a lone surrogate"),
        ({"class": "A", "args": [{"\ud800": 1}]}, "job 'A': a key of payload.args[0] holds a lone surrogate"),
        ({"class": "A", "args": [2**64]}, "job 'A': payload.args[0] holds an integer of more than 64 bits"),
        ({"class": "A", "args": [-(2**63) - 1]}, "job 'A': payload.args[0] holds an integer of more than 64 bits"),
        ({"class": "A", "args": [{"k": b""}]}, "job 'A': payload.args[0].k is a bytes, which JSON cannot say"),
        ({"class": "A", "args": [{1: 2}]}, "payload.args[0] has the key 1; keys are strings in JSON"),
        ({"class": "A", "x": {None: 2}}, "payload.x has the key None; keys are strings in JSON"),
        ({"class": "A", "at": {1, 2}}, "job 'A': payload.at is a set, which JSON cannot say"),
    ],
)
def test_what_some_peer_could_not_read_is_refused(payload: dict[str, Any], says: str) -> None:
    with pytest.raises(NotEncodable) as caught:
        encode_job(payload)

    assert str(caught.value).startswith(says)


@pytest.mark.parametrize("number", [2**64 - 1, -(2**63), 1.7976931348623157e308, 5e-324, True])
def test_the_largest_numbers_are_not_refused(number: float) -> None:
    assert decode(encode_job({"class": "A", "args": [number]}).encode()).args == (number,)


def test_ninety_levels_are_not_too_many_and_ninety_one_are() -> None:
    assert encode_job({"class": "A", "args": nested(89)})
    with pytest.raises(NotEncodable, match="more than 90 levels deep"):
        encode_job({"class": "A", "args": nested(90)})


def test_a_list_that_holds_itself_is_refused() -> None:
    endless: list[object] = []
    endless.append(endless)

    with pytest.raises(NotEncodable, match="more than 90 levels deep"):
        encode_job({"class": "A", "args": endless})


def nested(levels: int) -> list[object]:
    """A list of lists of lists, so many in all."""
    value: list[object] = []
    for _ in range(levels - 1):
        value = [value]
    return value


@given(raw.jobs)
def test_a_job_that_is_written_can_be_read_back(job: dict[str, Any]) -> None:
    payload = decode(encode_job(job).encode())

    assert (payload.name, list(payload.args), payload.document) == (job["class"], job["args"], job)


@given(raw.jobs)
def test_a_job_that_is_written_is_harmless(job: dict[str, Any]) -> None:
    text = encode_job(job)

    assert harmless(text.encode()) == text


@pytest.mark.parametrize(
    "queue", ["", "a:b", "a,b", "a b", "a\n", "<b>", "a&b", "'", '"', "\0", "\x7f", "\u2028", "\ud800"]
)
def test_a_name_that_breaks_worker_ids_is_no_name_for_a_queue(queue: str) -> None:
    with pytest.raises(NotEncodable, match="queue name"):
        check_queue_name(queue)


@pytest.mark.parametrize("queue", ["mail", "é-😀", "a/b.c_d-e", "*", "!x", "a|b", "#1"])
def test_other_names_are(queue: str) -> None:
    assert check_queue_name(queue) == queue


# Writing what peers are to see


@pytest.mark.parametrize("text", [*raw.ORDINARY, *captured()], ids=shortened)
def test_an_ordinary_payload_is_harmless_as_it_is(text: str) -> None:
    assert harmless(text.encode()) == text


@pytest.mark.parametrize("text", raw.NOT_FOR_ALL, ids=shortened)
def test_a_job_that_some_peer_would_choke_on_is_shown_wrapped(text: str) -> None:
    assert json.loads(harmless(text.encode())) == {"class": "A", "args": [text]}


@pytest.mark.parametrize("payload", raw.NO_JOBS, ids=shortened)
def test_what_is_no_job_is_shown_wrapped(payload: bytes) -> None:
    shown = {"class": "InvalidPayload", "args": [payload.decode(errors="backslashreplace")]}

    assert strict(harmless(payload)) == shown


@given(raw.anything)
def test_whatever_lay_on_a_queue_is_harmless_to_show(payload: bytes) -> None:
    shown = harmless(payload)

    assert is_job_for_all(strict(shown))
    assert shown.encode() == payload or payload.decode(errors="backslashreplace") in strict(shown)["args"]


def failure(**facts: Any) -> Failure:
    usual = {"failed_at": "2026/11/23 07:00:00 UTC", "payload": b'{"class":"A","args":[]}', "exception": "ValueError"}
    return Failure(**{**usual, "error": "no", "backtrace": (), "worker": "vm:1:q", "queue": "q", **facts})


def test_a_failure_has_the_seven_keys_of_ruby_in_its_order() -> None:
    assert failure().encode() == (
        '{"failed_at":"2026/11/23 07:00:00 UTC","payload":{"class":"A","args":[]},"exception":"ValueError",'
        '"error":"no","backtrace":[],"worker":"vm:1:q","queue":"q"}'
    )


@pytest.mark.parametrize("payload", ['{"class":"A", "args":[1.0,12345678901234567890,{}],"x":[]}', *captured()])
def test_a_failure_keeps_its_payload_to_the_letter(payload: str) -> None:
    assert f'"payload":{payload},"exception"' in failure(payload=payload.encode()).encode()


@given(raw.anything, st.text(), st.lists(st.text()))
def test_every_failure_can_be_read_by_all(payload: bytes, error: str, backtrace: Iterable[str]) -> None:
    entry = strict(failure(payload=payload, exception=error, error=error, backtrace=backtrace, queue=error).encode())

    assert list(entry) == ["failed_at", "payload", "exception", "error", "backtrace", "worker", "queue"]
    assert is_job_for_all(entry["payload"])
    assert all(isinstance(line, str) for line in [*entry["backtrace"], entry["error"], entry["exception"]])


# ActiveJob

ACTIVE_JOB = "ActiveJob::QueueAdapters::ResqueAdapter::JobWrapper"


@pytest.mark.parametrize("args", ["[]", "[null]", '["text"]', "[[]]"])
def test_a_wrapper_of_activejob_that_breaks_resque_web_is_wrapped_again(args: str) -> None:
    raw = f'{{"class":"{ACTIVE_JOB}","args":{args}}}'

    assert json.loads(harmless(raw.encode())) == {"class": ACTIVE_JOB, "args": [raw]}


def test_a_wrapper_of_activejob_as_rails_writes_it_is_shown_as_it_is() -> None:
    raw = f'{{"class":"{ACTIVE_JOB}","args":[{{"job_class":"MailJob","arguments":[]}}]}}'

    assert harmless(raw.encode()) == raw
