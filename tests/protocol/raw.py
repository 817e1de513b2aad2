"""What may lie on a queue: ordinary jobs as clients write them, and anything else."""

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

GOLDEN = Path(__file__).parent.parent / "golden"
MAIL_JOB = (
    '{"job_class":"MailJob","job_id":"c2952cb8-9c56-4b81-ac20-d7fcd8b77e9f","provider_job_id":null,"queue_name":"mailers",'
    '"priority":null,"arguments":["x",{"k":1,"_aj_symbol_keys":[]}],"executions":0,"exception_executions":{},'
    '"locale":"en","timezone":null,"enqueued_at":"2026-11-23T07:24:03Z"}'
)
ORDINARY = [
    '{"class":"A","args":[]}',
    '{"class":"A","args":[[]]}',
    '{"class":"A","args":[{}]}',
    '{"class":"A::B","args":[null]}',
    '{"class":"ActiveJob::QueueAdapters::ResqueAdapter::JobWrapper","args":[' + MAIL_JOB + "]}",
    '{"args": [1, "\\u00e9", {"u": "\\ud83d\\ude00"}], "class": "a.b.C", "enqueue_timestamp": 1795418618.86}',  # pyres
    '{"class":"My_Job","args":[{"path":"a\\/b"}],"id":"5f8d0d55b54764421b7156c9","queue_time":1795418618.8692}',  # PHP
    '{"class":"A","queue":"q","args":[]}',  # node
    '{"class":"A","args":[],"x":"\\u00e9 \\"args\\""}',
    '{"class":"é😀","args":["漢字 Привет \x7f \u2028"]}',
    '{"class":"A","args":["\\u0000\\b\\f\\n\\r\\t\\"\\\\\\/"]}',
    '{"class":"A","args":["[ ] { } , : 1. -.5 NaN 01 1e400 12345678901234567890"]}',
    '{"class":"A","args":[0,-0,-1,1.5,-0.5,1e5,1E-5,-2.5e+10,1e99,1e-999,0.1234567890123456789012]}',
    '{"class":"A","args":[9007199254740993,1790000000000000000,9223372036854775807,-999999999999999999]}',
    '{"class":"B","class":"A","args":{},"args":[true,false]}',  # the last one counts, for all
    '{"cl\\u0061ss":"A","\\u0061rgs":[]}',
    '{\n\t"class": "A",\r\n\t"args": [ ]\n}\n',
    '{"class":"A","args":' + "[" * 89 + "]" * 89 + "}",
]
NOT_FOR_ALL = [  # jobs to us, but harm to some peer if it were to read them
    '{"class":"A"}',
    '{"class":"A","args":null}',
    '{"class":"A","args":{}}',
    '{"class":"A","args":{"1":2}}',
    '{"class":"A","args":"x"}',
    '{"class":"A","args":1}',
    '{"class":"A","args":[],"args":{}}',
    '{"class":"A","args":[1],"\\u0061rgs":{}}',
    '{"class":"A","args":{},"x":{"args":[]}}',
    '{"class":"A","args":{},"x":"\\"args\\":[]"}',
    '{"class":"A","args":{"args":[]}}',
    '{"class":"A","args":[123456789012345678901]}',
    '{"class":"A","args":[-9223372036854775809]}',
    '{"class":"A","args":[' + "9" * 400 + "]}",
    '{"class":"A","args":' + "[" * 90 + "]" * 90 + "}",
]
NO_JOBS = [
    b"",
    b" ",
    b"not JSON",
    b"null",
    b"true",
    b"1",
    b"[]",
    b'"x"',
    b"{}",
    b'{"args":[]}',
    b'{"class":null,"args":[]}',
    b'{"class":"","args":[]}',
    b'{"class":1,"args":[]}',
    b'{"class":["A"],"args":[]}',
    b'{"class":"A","args":[]} x',
    b'{"class":"A","args":[]}\0',
    b'{"class":"A","args":[]}\0garbage',
    b'\0{"class":"A","args":[]}',
    b'{"class":"A","args":[],}',
    b"{'class':'A','args':[]}",
    b'{"class":"A","args":[]/**/}',
    b'\xef\xbb\xbf{"class":"A","args":[]}',  # a byte order mark
    '{"class":"A","args":[]}'.encode("utf-16"),
    '{"class":"A","args":[]}'.encode("utf-16-le"),
    *[b'{"class":"A","args":[%s]}' % number for number in (b"NaN", b"Infinity", b"-Infinity", b"nan", b"inf", b"-nan")],
    *[b'{"class":"A","args":[%s]}' % number for number in (b"01", b"-01", b"0x1F", b"-0x1", b"1.", b".5", b"-.5")],
    *[b'{"class":"A","args":[%s]}' % number for number in (b"+1", b"1.e5", b"1e", b"--1", b"1e400", b"-1e400", b"1_0")],
    b'{"class":"A","args":[' + b"9" * 5000 + b"]}",  # more digits than Python reads
    *[b'{"class":"A","args":["%s"]}' % text for text in (b"\x1f", b"\n", b"\t", b"\0", b"[\n]")],
    *[b'{"class":"A","args":["%s"]}' % text for text in (b"\\x", b"\\'", b"\\u12", b"\\u+123", b"\\", b"\\[]")],
    *[b'{"class":"A","args":["%s"]}' % text for text in (b"\\ud800", b"\\udfff", b"\\ud800x", b"\\udc00\\ud800")],
    *[b'{"class":"A","args":["%s"]}' % text for text in (b"\xff", b"\xc3", b"\xc0\xaf", b"\xed\xa0\x80", b"\xe2\x82x")],
    *[
        b'{"class":"A","args":["%s"]}' % text
        for text in (b"\xf4\x90\x80\x80", b"\xe0\x80\xaf", b"\xf0\x80\x80\xaf", b"\xe2\xc3\xa9\x82\xac")
    ],
    b'{"class":"\\ud800","args":[]}',
    b'{"class":"\xff","args":[]}',
    b'{"class":"A","\xff":1,"args":[]}',
    b'{"class":"A","args":[]\x0b}',
    b'{"class":"A","args":[\x0c]}',
    b"[" * 100_000,
    b'{"class":"A","args":' + b"[" * 50_000 + b"]" * 50_000 + b"}",
]


def shortened(payload: object) -> str:
    """For the name of a test."""
    return repr(payload)[:50]


def captured() -> Iterator[str]:
    """Every job that other implementations put on their queues."""
    for file in sorted(GOLDEN.glob("*.json")):
        for dump in json.loads(file.read_text(encoding="utf-8")).values():
            for key, entry in dump.items():
                if key.startswith("resque:queue:"):
                    yield from entry["value"]


def strict(text: str) -> dict[str, Any]:
    """A JSON object, read without mercy. Raises ValueError for what is none, or is not UTF-8 when it is decoded."""
    document = json.loads(text, parse_constant=_refused, parse_float=_finite)
    json.dumps(document, ensure_ascii=False).encode()
    assert isinstance(document, dict)
    return document


def _refused(constant: str) -> object:
    raise ValueError(constant)


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError(digits)
    return number


def is_job_for_all(document: dict[str, Any]) -> bool:
    """Whether no peer stumbles over it."""
    name, args = document.get("class"), document.get("args")
    return isinstance(name, str) and name != "" and isinstance(args, list) and depth(document) <= 90


def depth(value: object) -> int:
    match value:
        case dict():
            return 1 + max(map(depth, value.values()), default=0)
        case list():
            return 1 + max(map(depth, value), default=0)
        case _:
            return 0


# Strategies

text = st.text(st.characters(exclude_categories=["Cs"]))
small_numbers = st.integers(1 - 10**18, 10**19 - 1) | st.floats(-1e99, 1e99)
values = st.recursive(
    st.none() | st.booleans() | small_numbers | text,
    lambda inner: st.lists(inner) | st.dictionaries(text, inner),
    max_leaves=20,
)
jobs = st.fixed_dictionaries(
    {"class": st.text(st.characters(exclude_categories=["Cs"]), min_size=1), "args": st.lists(values)}
)
pieces = st.sampled_from(
    [
        *'{}[],:"\\0.-+eE \n\0\x1f\x7fé漢😀\x0b',
        *('"class":', '"args":', '"A"', "[]", "{}", "true", "null", "\\u0061", "\\ud83d", "\\ude00"),
        *("1", "1.5", "1e5", "1e99", "1e400", "-0", "0x1F", "01", "NaN", "Infinity", "9" * 19),
    ]
)
broken = st.builds(
    lambda job, at, length, piece: job[: at % (len(job) + 1)] + piece + job[at % (len(job) + 1) + length :],
    st.sampled_from([*(job.encode() for job in ORDINARY + NOT_FOR_ALL), *(job for job in NO_JOBS if len(job) < 1000)])
    | st.builds(lambda job: json.dumps(job).encode(), jobs),
    st.integers(0, 1000),
    st.integers(0, 3),
    pieces.map(str.encode) | st.binary(max_size=4),
)
anything = st.binary() | broken | st.lists(pieces).map("".join).map(str.encode)
