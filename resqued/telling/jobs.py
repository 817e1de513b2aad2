"""A job as an operator wants to see it, whoever wrote it."""

import json
from collections.abc import Mapping
from typing import Any

from resqued.errors import InvalidPayload
from resqued.protocol import payloads, records
from resqued.protocol.payloads import ACTIVE_JOB, Payload
from resqued.telling.times import iso

NO_JOB = "(no job)"


def class_in(raw: bytes) -> str:
    """What the job is called; of ActiveJob's wrapper what it wraps."""
    payload = decoded(raw)
    return class_of(payload.document) if payload else NO_JOB


def class_of(document: Mapping[str, Any]) -> str:
    """The same of a payload that is decoded already, by whom and how ever; empty if it names none."""
    name = document.get("class")
    if not isinstance(name, str):
        return ""
    called = payloads.job_class(document)
    return called if called == name else f"{called} (ActiveJob)"


def queue_in(raw: bytes) -> str:
    """The one that a delayed job goes to; empty if it says none."""
    payload = decoded(raw)
    queue = payload.document.get("queue") if payload else None
    return queue if isinstance(queue, str) else ""


def arguments_in(raw: bytes) -> str:
    """As JSON; those of a job that ActiveJob has wrapped as they are inside; of what is no job its text."""
    match payload := decoded(raw):
        case None:
            return shown(raw)
        case Payload(name, ({"arguments": list(arguments)}, *_)) if name == ACTIVE_JOB:
            return payloads.dumps(arguments)
    return payloads.dumps(list(payload.args))


def arguments_of(document: Mapping[str, Any]) -> str:
    """The same of a payload that is decoded already; what is no JSON in them is shown as Python's decoder took it."""
    return json.dumps(document.get("args", []), ensure_ascii=False, separators=(",", ":"))


def document(position: int, raw: bytes) -> dict[str, Any]:
    """A job on a queue, complete."""
    payload = decoded(raw)
    return {
        "position": position,
        "class": payload.name if payload else None,
        "args": list(payload.args) if payload else None,
        "enqueued": iso(records.enqueued(raw)),
        "text": shown(raw),
    }


def decoded(raw: bytes) -> Payload | None:
    try:
        return payloads.decode(raw)
    except InvalidPayload:
        return None


def shown(raw: bytes) -> str:
    return raw.decode(errors="backslashreplace")
