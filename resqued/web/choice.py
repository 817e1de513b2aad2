"""Which failed jobs somebody wants to see: the fields of a search, as a filter, and in words."""

from collections.abc import Mapping
from datetime import datetime

from resqued.telling import times
from resqued.telling.failures import Filter, Patterns, glob
from resqued.web.visit import Refused
from resqued.web.words import Words

FIELDS = {
    "class": "Class",
    "queue": "Queue",
    "exception": "Exception",
    "host": "Host",
    "text": "Text in the message",
    "since": "Failed since",
    "until": "Failed before",
}
LONGEST = 200  # characters


def fields(words: Words) -> dict[str, str]:
    return {name: words.text(name)[:LONGEST] for name in FIELDS}


def filter_of(fields: Mapping[str, str]) -> Filter:
    """Raises Refused where a time cannot be understood."""
    return Filter(
        names=_glob(fields["class"]),
        queues=_glob(fields["queue"]),
        exceptions=_glob(fields["exception"]),
        hosts=_glob(fields["host"]),
        message=fields["text"] or None,
        since=_moment(fields["since"]),
        until=_moment(fields["until"]),
    )


def in_words(fields: Mapping[str, str]) -> str:
    said = [f"{name} {value!r}" for name, value in fields.items() if value]
    return ", ".join(said) or "all"


def _glob(text: str) -> Patterns:
    return (glob(text),) if text else ()


def _moment(text: str) -> datetime | None:
    try:
        return times.moment(text) if text else None
    except ValueError as error:
        raise Refused(400, f"{error}. Nothing was done.") from None
