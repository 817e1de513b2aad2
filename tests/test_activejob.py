"""What Rails has wrapped, read and written: the payloads are those of a real ActiveJob (`tests/golden`)."""

import json
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from resqued import activejob
from resqued.activejob import GlobalID, Range, Symbol
from resqued.errors import InvalidPayload, NotEncodable
from resqued.protocol import payloads
from resqued.protocol.payloads import ACTIVE_JOB
from resqued.work import Job
from tests.golden import wrapped

NOW = datetime(2026, 11, 23, 7, 0, 0, 123456, UTC)


def job_in(raw: bytes) -> Job:
    payload = payloads.decode(raw)
    return activejob.opened(Job(payload.name, payload.args, "mailers", payload.document, "vm:1:mailers", 7))


def job_with(*arguments: Any) -> Job:
    return activejob.opened(Job(ACTIVE_JOB, ({"job_class": "MailJob", "arguments": list(arguments)},), "mailers", {}))


def serialized(kind: str, **facts: Any) -> dict[str, Any]:
    return {"_aj_serialized": f"ActiveJob::Serializers::{kind}Serializer", **facts}


# What is said with each argument, in both languages: (case, arguments, keyword arguments)
SAID: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = [
    ("no arguments", (), {}),
    ("positional", ("x", 1, 1.5, None, True, ["a", [2]]), {}),
    ("keywords", (1,), {"to": "ann", "cc": ["bob"]}),
    (
        "symbol keys",
        ({Symbol("to"): "ann", "from": "bob", Symbol("nested"): {Symbol("a"): 1}}, 2),
        {},
    ),
    ("string keys", ({"to": "ann"}, 2), {}),
    ("symbol", (Symbol("ann"),), {}),
    ("date", (date(2026, 11, 23),), {}),
    ("time with offset", (datetime(2026, 11, 23, 7, tzinfo=timezone(timedelta(hours=5, minutes=30))),), {}),
    ("time with zone", (datetime(2026, 11, 23, 7, tzinfo=ZoneInfo("Europe/Paris")),), {}),
    ("range", (Range(1, 3, False), Range(1, 3, True), Range(date(2026, 1, 1), None, False)), {}),
    ("globalid", (GlobalID("gid://shop/Person/7"), GlobalID("gid://shop/Admin::Person/a+b%2Fc%2B%C3%BC")), {}),
]
ONLY_READ: list[tuple[str, tuple[Any, ...]]] = [
    ("indifferent", ({"to": "ann"}, 2)),
    ("datetime", (datetime(2026, 11, 23, 7, 0, 0, 500000, timezone(timedelta(hours=2))),)),
    ("time", (datetime(2026, 11, 23, 7, 0, 0, 123456, UTC),)),
    (
        "duration",
        (
            timedelta(days=1, hours=2),
            timedelta(seconds=90),
            timedelta(seconds=1.5),
            timedelta(seconds=2629746),
            timedelta(0),
        ),
    ),
    ("module", ("Admin::Person",)),
]
DECIMALS = "1", "-12.50", "0", "0.001", "123456789012345678901234567890.5", "1e30", "NaN", "-Infinity", "-0"


@pytest.mark.parametrize(("case", "args", "kwargs"), SAID, ids=[case for case, _, _ in SAID])
def test_arguments_of_rails_are_those_of_python(case: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    job = job_in(wrapped(case))

    assert (job.args, job.kwargs) == (args, kwargs)
    assert _kinds(job.args) == _kinds(args)


@pytest.mark.parametrize(("case", "args", "kwargs"), SAID, ids=[case for case, _, _ in SAID])
def test_arguments_are_written_as_rails_writes_them(case: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    written = activejob.wrapped("MailJob", args, kwargs, job_id="1", queue="mailers", now=NOW)

    assert json.dumps(written["arguments"]) == json.dumps(_wrapper(case)["arguments"])


@pytest.mark.parametrize(("case", "args"), ONLY_READ, ids=[case for case, _ in ONLY_READ])
def test_arguments_that_python_would_write_otherwise_are_read(case: str, args: tuple[Any, ...]) -> None:
    assert job_in(wrapped(case)).args == args


def test_decimals_keep_every_digit() -> None:
    numbers = tuple(map(Decimal, DECIMALS))
    written = activejob.wrapped("MailJob", numbers, {}, job_id="1", queue="mailers", now=NOW)

    assert list(map(str, job_in(wrapped("decimal")).args[:5])) == [
        "1.0",
        "-12.5",
        "0.0",
        "0.001",
        "123456789012345678901234567890.5",
    ]
    assert written["arguments"] == _wrapper("decimal")["arguments"]


def test_durations_and_moments_are_read_by_rails_as_they_were_meant() -> None:
    moment = datetime(2026, 11, 23, 7, 0, 0, 120000, UTC)
    written = activejob.wrapped("MailJob", (timedelta(seconds=90), moment), {}, job_id="1", queue="m", now=NOW)

    assert written["arguments"][0] == _wrapper("duration")["arguments"][1]
    assert written["arguments"][1] == serialized("Time", value="2026-11-23T07:00:00.120000000Z")


def test_a_wrapper_has_what_that_of_rails_has_in_its_order() -> None:
    written = activejob.wrapped("MailJob", (), {}, job_id="1", queue="mailers", now=NOW)

    assert list(written) == list(_wrapper("no arguments"))
    assert written["enqueued_at"] == "2026-11-23T07:00:00.123456000Z"


def test_the_job_is_the_one_inside_and_the_payload_the_one_outside() -> None:
    job = job_in(wrapped("positional"))

    assert (job.name, job.queue, job.worker, job.run) == ("MailJob", "mailers", "vm:1:mailers", 7)
    assert job.payload["class"] == ACTIVE_JOB


def test_what_activejob_says_of_a_job_is_at_hand() -> None:
    said = job_in(wrapped("set")).active_job

    assert said is not None
    assert (said["executions"], said["locale"], said["timezone"], said["priority"]) == (0, "en", "Paris", 5)
    assert said["provider_job_id"] is None


@pytest.mark.parametrize(
    ("uri", "app", "model", "identity"),
    [
        ("gid://shop/Person/7", "shop", "Person", "7"),
        ("gid://shop/Admin::Person/a+b%2Fc%2B%C3%BC", "shop", "Admin::Person", "a b/c+ü"),
        ("gid://shop/Order/1/2", "shop", "Order", "1/2"),
        ("gid://shop/Person/7?tenant=x", "shop", "Person", "7"),
    ],
)
def test_a_global_id_is_a_text_that_can_be_taken_apart(uri: str, app: str, model: str, identity: str) -> None:
    gid = GlobalID(uri)

    assert (gid, gid.app, gid.model, gid.id) == (uri, app, model, identity)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ([{"_aj_serialized": "TextSerializer", "text": "t"}], "arguments[0] was serialized by 'TextSerializer'"),
        ([1, {"to": [{"_aj_serialized": 5}]}], "arguments[1].to[0] was serialized by 5"),
        ([serialized("Secret", value=1)], "'ActiveJob::Serializers::SecretSerializer', which is not known here"),
        ([serialized("Date", value="2026-02-31")], "arguments[0] is not what it says: ValueError"),
        ([serialized("Date")], "arguments[0] is not what it says: KeyError"),
        (
            [serialized("Symbol", value={"a": 1})],
            "arguments[0] is not what it says: TypeError: value is no text but dict",
        ),
        ([serialized("Time", value=5)], "arguments[0] is not what it says: TypeError"),
        ([serialized("BigDecimal", value="x")], "arguments[0] is not what it says"),
        ([serialized("Duration", value=1e300)], "arguments[0] is not what it says: OverflowError"),
        ([serialized("TimeWithZone", value="2026-11-23T07:00:00Z", time_zone="../etc")], "arguments[0] is not what"),
        ([serialized("Range", begin=serialized("Date", value=""), end=1)], "arguments[0].begin is not what it says"),
        ([{"_aj_globalid": "gid://shop"}], "arguments[0] is not what it says: ValueError: expected gid://app/Model/id"),
        ([{"_aj_globalid": 7}], "arguments[0] is not what it says: TypeError"),
    ],
)
def test_what_cannot_be_read_fails_with_its_place(arguments: list[Any], complaint: str) -> None:
    with pytest.raises(InvalidPayload) as caught:
        job_with(*arguments)

    assert str(caught.value).startswith("ActiveJob's MailJob cannot be performed: ")
    assert complaint in str(caught.value)


def test_arguments_that_are_nested_too_deep_fail() -> None:
    deep: Any = []
    for _ in range(900):
        deep = [deep]

    with pytest.raises(InvalidPayload, match="nested too deep"):
        activejob.opened(Job(ACTIVE_JOB, ({"job_class": "MailJob", "arguments": [deep]},), "mailers", {}))


@pytest.mark.parametrize(
    "args",
    [(), (1,), ({},), ({"job_class": "", "arguments": []},), ({"job_class": "A"},), ({"job_class": "A"}, 2)],
)
def test_a_wrapper_that_wraps_nothing_fails(args: tuple[Any, ...]) -> None:
    with pytest.raises(InvalidPayload, match='not one object with a "job_class"'):
        activejob.opened(Job(ACTIVE_JOB, args, "mailers", {}))


def test_a_hash_that_only_looks_special_stays_a_hash() -> None:
    assert job_with({"_aj_globalid": "gid://shop/Person/7", "more": 1}).args == (
        {"_aj_globalid": "gid://shop/Person/7", "more": 1},
    )


@pytest.mark.parametrize(
    ("value", "complaint"),
    [
        (datetime(2026, 11, 23), "arguments[0] is a datetime without a time zone"),  # noqa: DTZ001  that is the point
        ([{"_aj_globalid": 1}], "arguments[0][0] has the key '_aj_globalid'"),
        ({1: 2}, "arguments[0] has the key 1"),
    ],
)
def test_what_activejob_cannot_say_is_refused(value: Any, complaint: str) -> None:
    with pytest.raises(NotEncodable) as caught:
        activejob.wrapped("MailJob", (value,), {}, job_id="1", queue="mailers", now=NOW)

    assert complaint in str(caught.value)


def _wrapper(case: str) -> dict[str, Any]:
    wrapper: dict[str, Any] = json.loads(wrapped(case))["args"][0]
    return wrapper


def _kinds(value: Any) -> Any:
    match value:
        case dict():
            return {str(key): (type(key), _kinds(item)) for key, item in value.items()}
        case Range() | list() | tuple():
            return type(value), [_kinds(item) for item in value]
        case _:
            return type(value)
