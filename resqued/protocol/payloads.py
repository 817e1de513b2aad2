"""Every JSON text on the wire: what we write, and how we read what others write.

Written: compact, UTF-8 not escaped, `class` before `args`; Ruby's `dequeue` removes a job by comparing texts. Read:
what five implementations write; what is not a job is an `InvalidPayload`, never an exception of the decoder.
"""

import json
import re
import reprlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from resqued.errors import InvalidPayload, NotEncodable
from resqued.protocol.identity import unspeakable
from resqued.value import value

UNKNOWN_CLASS = "InvalidPayload"  # the class in a wrapped payload that named none
LONE_SURROGATE = re.compile(r"[\ud800-\udfff]")
SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")  # as JSON escapes it, half of a pair or alone
ESCAPED_BYTE = re.compile(rb"\\x([89a-f][0-9a-f])")  # as `backslashreplace` writes what is no UTF-8
ESCAPED = re.compile(rb"\\x([0-9a-f]{2})")  # as `dropping.lua` writes such bytes, and the backslash of any `\x`
ACTIVE_JOB = "ActiveJob::QueueAdapters::ResqueAdapter::JobWrapper"
MAX_NESTING = 90  # Ruby's parser stops at 100 and puts a payload one or two levels deeper
MAX_INTEGER = 2**64 - 1
MIN_INTEGER = -(2**63)


def dumps(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


# --- written ---


def encode_job(payload: Mapping[str, Any]) -> str:
    """`{"class":…,"args":[…]}` as text, with any further keys after these two.

    Raises NotEncodable where some peer could not read it back: no class, `args` that are no list, NaN, infinity, lone
    surrogates, integers beyond 64 bits, keys that are not strings, more than 90 levels.
    """
    _check_job(payload)
    return dumps({"class": payload["class"], "args": payload.get("args", []), **payload})


def encode_value(value: object) -> str:
    """What a job returned, as JSON. Raises NotEncodable where some peer could not read it back."""
    if (reason := _unreadable(value, "it", 0)) is not None:
        raise NotEncodable(reason)
    return dumps(value)


def _check_job(payload: Mapping[str, Any]) -> None:
    name, args = payload.get("class"), payload.get("args", [])
    if not isinstance(name, str) or not name:
        raise NotEncodable(f'a job needs a "class" that is a non-empty string, not {reprlib.repr(name)}')
    if not isinstance(args, list | tuple):
        raise NotEncodable(f'"args" of job {name!r} must be a list, not {type(args).__name__}')
    if (reason := _unreadable(dict(payload), "payload", 0)) is not None:
        raise NotEncodable(f"job {name!r}: {reason}")


def _unreadable(value: object, place: str, depth: int) -> str | None:
    """Why some peer could not read `value`; None if all can."""
    if not isinstance(value, list | tuple | dict):
        return _unreadable_scalar(value, place)
    if depth >= MAX_NESTING:
        return f"{place} is nested more than {MAX_NESTING} levels deep"
    reasons = (_unreadable(item, inside, depth + 1) for inside, item in _parts(value, place))
    return next(filter(None, reasons), None)


def _unreadable_scalar(value: object, place: str) -> str | None:
    match value:
        case str() if LONE_SURROGATE.search(value):
            return f"{place} holds a lone surrogate, which is no text"
        case int() if not MIN_INTEGER <= value <= MAX_INTEGER:
            return f"{place} holds an integer of more than 64 bits; send it as a string"
        case float() if value - value != 0:
            return f"{place} holds {value!r}, which is not JSON; send null or a string"
        case None | bool() | str() | int() | float():
            return None
        case _:
            return f"{place} is a {type(value).__name__}, which JSON cannot say"


def _parts(value: list[Any] | tuple[Any, ...] | dict[Any, Any], place: str) -> Iterator[tuple[str, object]]:
    """What is in a list or an object, keys among it, each with its place."""
    if not isinstance(value, dict):
        yield from ((f"{place}[{number}]", item) for number, item in enumerate(value))
        return
    for key, item in value.items():
        if not isinstance(key, str):
            raise NotEncodable(f"{place} has the key {reprlib.repr(key)}; keys are strings in JSON")
        yield f"a key of {place}", key
        yield f"{place}.{key}", item


def check_queue_name(queue: str) -> str:
    """The name itself. Raises NotEncodable if it is no text, or would break the worker ids of those who serve it."""
    if not isinstance(queue, str):
        raise NotEncodable(f"the name of a queue is text, not {reprlib.repr(queue)}")
    if (reason := unspeakable(queue)) is not None:
        raise NotEncodable(f"queue name {queue!r} {reason}")
    return queue


@dataclass(frozen=True, slots=True)
class Failure:
    """An entry of the failed list, in the shape of resque 3.0.0, failure/redis.rb: seven keys, always all.

    Of a job that was tried again, one more, and the last line of its backtrace, which every peer shows.
    """

    failed_at: str
    payload: bytes  # as it was on the queue
    exception: str
    error: str
    backtrace: Sequence[str]
    worker: str
    queue: str
    tried: int = 0  # how many tries there were before

    def encode(self) -> str:
        """The payload goes in as the very text that was taken, where that is harmless to every peer; else wrapped."""
        rest = dumps(
            {
                "exception": clean(self.exception),
                "error": clean(self.error),
                "backtrace": [clean(line) for line in self._backtrace()],
                "worker": clean(self.worker),
                "queue": clean(self.queue),
                **({"tried": self.tried + 1} if self.tried else {}),
            }
        )
        return f'{{"failed_at":{dumps(self.failed_at)},"payload":{harmless(self.payload)},{rest[1:]}'

    def _backtrace(self) -> Sequence[str]:
        return [*self.backtrace, f"tried {self.tried + 1} times"] if self.tried else self.backtrace


def harmless(raw: bytes) -> str:
    """`raw` itself if every peer can read it as a job, else `{"class":"<name>","args":["<the raw text>"]}`."""
    try:
        payload = decode(raw)
        _check_job(payload.document)
        if "args" not in payload.document or _breaks_resque_web(payload):
            return wrapped(payload.name, raw)
        return raw.decode()
    except InvalidPayload:
        return wrapped(UNKNOWN_CLASS, raw)
    except NotEncodable:
        return wrapped(payload.name, raw)


def _breaks_resque_web(payload: "Payload") -> bool:
    """Its page asks the first argument of ActiveJob's wrapper for its `job_class` (resque 3.0.0, job_class.erb)."""
    return payload.name == ACTIVE_JOB and not (payload.args and isinstance(payload.args[0], dict))


def wrapped(name: str, raw: bytes) -> str:
    return dumps({"class": clean(name), "args": [raw.decode(errors="backslashreplace")]})


def unwrapped(payload: bytes) -> bytes | None:
    """The raw text that `wrapped` has put into this payload; None if it is not wrapped.

    It is if wrapping what is in it would give the same again. Bytes that were no UTF-8 are bytes again: in their place
    stand escapes that JSON has not, so that no other text is likely to hold them.
    """
    match _shape(payload):
        case {"class": str(), "args": [str(text)], **rest} as shape if not rest:
            candidates = _unescaped(text), text.encode()
            return next(
                (raw for raw in candidates if raw is not None and _shape(harmless(raw).encode()) == shape), None
            )
        case _:
            return None


def restored(payload: bytes) -> bytes | None:
    """The raw text that `dropping.lua` has put into this payload, as its entry says; None if there is none."""
    match _shape(payload):
        case {"args": [str(text)]}:
            return ESCAPED.sub(lambda found: bytes([int(found[1], 16)]), text.encode())
        case _:
            return None


def _shape(payload: bytes) -> Mapping[str, Any] | None:
    try:
        return decode(payload).document
    except InvalidPayload:
        return None


def _unescaped(text: str) -> bytes | None:
    """What `backslashreplace` has made this text of; None if there was nothing to replace."""
    raw = ESCAPED_BYTE.sub(lambda found: bytes([int(found[1], 16)]), text.encode())
    return raw if raw.decode(errors="backslashreplace") == text and not _is_text(raw) else None


def _is_text(raw: bytes) -> bool:
    try:
        raw.decode()
    except UnicodeDecodeError:
        return False
    return True


def clean(text: str) -> str:
    """`text` with what UTF-8 cannot say escaped."""
    return text.encode(errors="backslashreplace").decode()


# --- read ---


@value
class Payload:
    name: str
    args: tuple[Any, ...]
    document: Mapping[str, Any]  # all of it, with keys that Resque does not know


def decode(raw: bytes, max_size: int | None = None) -> Payload:
    """A job out of what lay on a queue, of at most `max_size` bytes. Raises InvalidPayload: what is wrong with it."""
    if max_size is not None and len(raw) > max_size:
        raise InvalidPayload(f"payload of {len(raw)} bytes is larger than max_payload = {max_size} bytes in [jobs]")
    document = _document(raw)
    name = document.get("class")
    if not isinstance(name, str) or not name:
        raise InvalidPayload(f'payload has no "class" that is a non-empty string: {reprlib.repr(name)}')
    return Payload(name, _arguments(document.get("args")), document)


def job_class(document: Mapping[str, Any]) -> str:
    """What the job is called; one that ActiveJob has wrapped by what is inside. Empty if that cannot be told."""
    match document:
        case {"class": name, "args": [{"job_class": str(inner)}, *_]} if name == ACTIVE_JOB:
            return inner
        case {"class": str(name)}:
            return name
        case _:
            return ""


def _document(raw: bytes) -> dict[str, Any]:
    try:
        text = raw.decode()  # strict: json.loads would guess UTF-16 from the first bytes
        document = DECODER.decode(text)
        if "\\" in text and SURROGATE.search(text):  # the first takes no time, and hardly any text has one
            json.dumps(document, ensure_ascii=False).encode()  # a lone one cannot be
    except (ValueError, RecursionError) as error:
        raise InvalidPayload(f"payload is not JSON: {_reason(error)}") from None
    if not isinstance(document, dict):
        raise InvalidPayload(f"payload is not a JSON object but {type(document).__name__}")
    return document


def _reason(error: Exception) -> str:
    match error:
        case UnicodeEncodeError():
            return "it holds a lone surrogate, which is no text"
        case RecursionError():
            return "it is nested too deep"
        case _:
            return str(error)


def _refuse_constant(constant: str) -> object:
    raise ValueError(f"{constant} is not JSON")


def _finite(digits: str) -> float:
    value = float(digits)
    if value - value != 0:
        raise ValueError(f"the number {digits} is too large")
    return value


DECODER = json.JSONDecoder(parse_constant=_refuse_constant, parse_float=_finite)


def _arguments(args: object) -> tuple[Any, ...]:
    """Absent, null and `{}` (node writes it for `[]`) are no arguments; another single value is one argument."""
    if isinstance(args, list):
        return tuple(args)
    return () if args is None or args == {} else (args,)
