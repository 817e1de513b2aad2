"""An entry of a failed list, read leniently: five implementations write it, and whoever has a Redis client.

Nothing here raises, but `job`. The text of an entry is taken apart, never decoded and encoded again: each value stays
the text that it was. What an entry does not say is empty, and of what is no JSON object everything is.
"""

import json
from collections.abc import Mapping
from datetime import datetime

from msgspec import DecodeError, Raw
from msgspec.json import Decoder

from resqued.digest import hexadecimal
from resqued.errors import NotRetryable
from resqued.protocol import payloads, records
from resqued.protocol.identity import unspeakable
from resqued.protocol.payloads import ACTIVE_JOB, dumps, job_class

SHOWN_OF_ID = 12  # of 40 digits: that any two of a million have one id is a chance of 1 to 500
CUT_OFF = " bytes)"  # how `visible.lua` ends the payload of a running job of which it shows a part

FIELDS: Decoder[dict[str, Raw]] = Decoder(dict[str, Raw])


class Entry:
    """`raw`: the text in the list, by which it is known. `is_readable`: whether it is a JSON object."""

    __slots__ = ("_fields", "is_readable", "raw")

    def __init__(self, raw: bytes) -> None:
        self.raw = raw
        self._fields = _fields(raw)
        self.is_readable = bool(self._fields)

    @property
    def id(self) -> str:
        """Short for the whole text. Two that are equal in every byte have the same."""
        return self.whole_id[:SHOWN_OF_ID]

    @property
    def whole_id(self) -> str:
        return hexadecimal(self.raw)

    @property
    def failed_at(self) -> datetime | None:
        return records.moment(self.text("failed_at").encode(errors="replace"))

    @property
    def retried_at(self) -> str:
        """As it stands there: whoever has retried it in place has left it."""
        return self.text("retried_at")

    @property
    def name(self) -> str:
        """The class of the job; with ActiveJob, which wraps them all in one class, the class of what is in it."""
        payload = _fields(self._raw("payload"))
        name = _text(payload.get("class"))
        if name != ACTIVE_JOB:
            return name
        return job_class({"class": name, "args": _value(bytes(payload.get("args", b"")))})

    @property
    def queue(self) -> str:
        return self.text("queue")

    @property
    def exception(self) -> str:
        return self.text("exception")

    @property
    def error(self) -> str:
        return self.text("error")

    @property
    def worker(self) -> str:
        return self.text("worker")

    @property
    def host(self) -> str:
        return self.worker.partition(":")[0]

    @property
    def backtrace(self) -> list[str]:
        lines = _value(self._raw("backtrace"))
        return [str(line) for line in lines] if isinstance(lines, list) else []

    @property
    def tried(self) -> int:
        """How often it was tried; 0 if the entry does not say, as of a job that is tried once."""
        said = _value(self._raw("tried"))
        return said if isinstance(said, int) and not isinstance(said, bool) and said > 0 else 0

    @property
    def tries(self) -> list[dict[str, str]]:
        """How it had failed before: of each try `failed_at`, `exception`, `error`, `worker`, if they are said."""
        said = _value(self._raw("tries"))
        tries = [each for each in said if isinstance(each, dict)] if isinstance(said, list) else []
        return [{key: text for key, text in each.items() if isinstance(text, str)} for each in tries]

    @property
    def payload(self) -> bytes:
        """As it stands there; empty if there is none."""
        return self._raw("payload")

    def text(self, key: str) -> str:
        return _text(self._fields.get(key))

    def _raw(self, key: str) -> bytes:
        return bytes(self._fields.get(key, b""))

    def job(self, to: str = "") -> tuple[str, bytes]:
        """Queue (or another one) and payload, as it was when a worker took it, byte for byte. Raises NotRetryable."""
        if not self.is_readable:
            raise NotRetryable("the entry is no JSON object")
        queue = to or self.queue
        if (why := unspeakable(queue)) is not None:
            raise NotRetryable(f"the name of its queue {why}")
        return queue, self._taken()

    def _taken(self) -> bytes:
        if (raw := self._unwrapped()) is not None:
            return raw
        payload = _fields(self.payload)
        if not _text(payload.get("class")):
            raise NotRetryable("its payload is no job")
        if self._is_wrapped is None and _is_cut_off(payload):
            raise NotRetryable("of its payload only the beginning was recorded")
        return self.payload

    @property
    def _is_wrapped(self) -> bool | None:
        """As the entry of a dropped job says (`dropping.lua`); None if it does not, so that the payload has to tell."""
        said = _value(self._raw("wrapped"))
        return said if isinstance(said, bool) else None

    def _unwrapped(self) -> bytes | None:
        if self._is_wrapped is None:
            return payloads.unwrapped(self.payload)
        return payloads.restored(self.payload) if self._is_wrapped else None

    def retried(self, when: str) -> bytes:
        """The text with `retried_at`, as Ruby's `requeue` and resque-web leave it; all else in it as it was."""
        fields = {**self._fields, "retried_at": dumps(when).encode()}
        return b"{%b}" % b",".join(dumps(key).encode() + b":" + bytes(value) for key, value in fields.items())


def _fields(raw: bytes) -> Mapping[str, Raw | bytes]:
    try:
        return FIELDS.decode(raw)
    except (DecodeError, UnicodeDecodeError, RecursionError):  # a ValidationError, too: JSON, but no object
        return {}


def _text(raw: Raw | bytes | None) -> str:
    value = _value(bytes(raw)) if raw else None
    return value if isinstance(value, str) else ""


def _value(raw: bytes) -> object:
    try:
        value: object = json.loads(raw.decode(errors="surrogateescape")) if raw else None
    except (ValueError, RecursionError):
        return None
    return value


def _is_cut_off(payload: Mapping[str, Raw | bytes]) -> bool:
    """By a peer that found our worker dead, and recorded what `worker:<id>` showed of a large payload."""
    match _value(bytes(payload.get("args", b""))) if CUT_OFF.encode() in bytes(payload.get("args", b"")) else None:
        case [str(text)]:
            return " ... (" in text and text.endswith(CUT_OFF)
        case _:
            return False
