"""ActiveJob, the jobs of Rails: what is in the wrapper in which they come, read and written (Rails 7.2, arguments.rb).

    from resqued import activejob

    activejob.GlobalID("gid://shop/Person/7").model  # "Person"

| in Ruby | in Python |
|---|---|
| symbol | `Symbol`, a str |
| hash, whatever its keys; one with indifferent access | dict with str keys; those that were symbols are `Symbol` |
| keyword arguments | keyword arguments |
| Date; Time and DateTime; Time with a zone | date; datetime with an offset; datetime with a ZoneInfo. To microseconds |
| Duration | timedelta: a month is 30.436875 days there |
| BigDecimal; Range; a module or class | Decimal; `Range`; its name |
| a record, or whatever has a GlobalID | `GlobalID`, a str |
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple, Self
from urllib.parse import unquote_plus
from zoneinfo import ZoneInfo

from resqued.errors import InvalidPayload, NotEncodable
from resqued.work import Job

GID = re.compile(r"gid://([^/?#]+)/([^/?#]+)/([^?#]+)(\?[^#]*)?", re.ASCII)
GLOBAL_ID, SERIALIZED = "_aj_globalid", "_aj_serialized"
INDIFFERENT, SYMBOLS, KEYWORDS = "_aj_hash_with_indifferent_access", "_aj_symbol_keys", "_aj_ruby2_keywords"
RESERVED = {GLOBAL_ID, SERIALIZED, INDIFFERENT, SYMBOLS, KEYWORDS}
PREFIX = "ActiveJob::Serializers::"


class Symbol(str):
    """A symbol of Ruby."""

    __slots__ = ()


class GlobalID(str):
    """Where a record is to be found: `gid://shop/Person/7`. Raises ValueError if it is none."""

    __slots__ = ()

    def __new__(cls, uri: str) -> Self:
        if not GID.fullmatch(uri):
            raise ValueError(f"expected gid://app/Model/id, got {uri!r}")
        return super().__new__(cls, uri)

    @property
    def app(self) -> str:
        return self._part(1)

    @property
    def model(self) -> str:
        """The class in Ruby: `Admin::Person`."""
        return unquote_plus(self._part(2))

    @property
    def id(self) -> str:
        """Of a composite primary key all parts, with a slash between them, as they stand in the URI."""
        given = self._part(3)
        return given if "/" in given else unquote_plus(given)

    def _part(self, number: int) -> str:
        found = GID.fullmatch(self)
        assert found is not None
        return found[number]


class Range(NamedTuple):
    """`begin..end` or, without its end, `begin...end`. None: open on that side."""

    begin: Any
    end: Any
    exclude_end: bool


# --- read ---


def opened(wrapper: Job) -> Job:
    """The job that is in a wrapper. Raises InvalidPayload for what cannot be read."""
    match wrapper.args:
        case [{"job_class": str(job_class), "arguments": list(arguments)} as wrapped] if job_class:
            args = _all_read(arguments, job_class)
        case _:
            raise InvalidPayload('what ActiveJob has wrapped is not one object with a "job_class" and "arguments"')
    kwargs = args.pop() if arguments and isinstance(arguments[-1], dict) and KEYWORDS in arguments[-1] else {}
    return replace(wrapper, name=job_class, args=tuple(args), kwargs=kwargs, active_job=wrapped)


def _all_read(arguments: list[Any], job_class: str) -> list[Any]:
    try:
        return [_read(value, f"arguments[{number}]") for number, value in enumerate(arguments)]
    except _Unreadable as error:
        raise InvalidPayload(f"ActiveJob's {job_class} cannot be performed: {error}") from None
    except RecursionError:
        raise InvalidPayload(f"ActiveJob's {job_class} cannot be performed: arguments are nested too deep") from None


class _Unreadable(Exception):
    pass


def _read(value: Any, place: str) -> Any:
    match value:
        case list():
            return [_read(item, f"{place}[{number}]") for number, item in enumerate(value)]
        case {"_aj_serialized": serializer}:
            return _deserialized(serializer, value, place)
        case {"_aj_globalid": uri} if len(value) == 1:
            return _made(GlobalID, uri, place)
        case dict():
            return _hash(value, place)
        case _:
            return value


def _hash(value: Mapping[str, Any], place: str) -> dict[str, Any]:
    marker = next((key for key in (INDIFFERENT, SYMBOLS, KEYWORDS) if key in value), None)
    symbols = value[SYMBOLS] if marker == SYMBOLS and isinstance(value[SYMBOLS], list) else ()
    return {
        Symbol(key) if key in symbols else key: _read(item, f"{place}.{key}")
        for key, item in value.items()
        if key != marker
    }


def _deserialized(serializer: Any, value: Mapping[str, Any], place: str) -> Any:
    known = isinstance(serializer, str) and serializer.startswith(PREFIX)
    if not known or (reads := READERS.get(serializer.removeprefix(PREFIX))) is None:
        raise _Unreadable(f"{place} was serialized by {serializer!r}, which is not known here")
    return _made(lambda given: reads(given, place), value, place)


def _made(make: Callable[[Any], Any], given: Any, place: str) -> Any:
    try:
        return make(given)
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, InvalidOperation) as error:
        raise _Unreadable(f"{place} is not what it says: {type(error).__name__}: {error}") from None


def _text(value: Mapping[str, Any]) -> str:
    if not isinstance(value["value"], str):
        raise TypeError(f"value is no text but {type(value['value']).__name__}")
    return value["value"]


def _zoned(value: Mapping[str, Any], _place: str) -> datetime:
    moment = datetime.fromisoformat(value["value"])
    return moment.astimezone(ZoneInfo(value["time_zone"])) if "time_zone" in value else moment


def _range(value: Mapping[str, Any], place: str) -> Range:
    begin, end = _read(value["begin"], f"{place}.begin"), _read(value["end"], f"{place}.end")
    return Range(begin, end, value["exclude_end"] is True)


READERS: Mapping[str, Callable[[Mapping[str, Any], str], object]] = {
    "SymbolSerializer": lambda value, _: Symbol(_text(value)),
    "DateSerializer": lambda value, _: date.fromisoformat(value["value"]),
    "DateTimeSerializer": lambda value, _: datetime.fromisoformat(value["value"]),
    "TimeSerializer": lambda value, _: datetime.fromisoformat(value["value"]),
    "TimeWithZoneSerializer": _zoned,
    "DurationSerializer": lambda value, _: timedelta(seconds=value["value"]),
    "BigDecimalSerializer": lambda value, _: Decimal(value["value"]),
    "RangeSerializer": _range,
    "ModuleSerializer": lambda value, _: _text(value),
}


# --- written ---


def wrapped(
    job_class: str, args: tuple[Any, ...], kwargs: Mapping[str, Any], *, job_id: str, queue: str, now: datetime
) -> dict[str, Any]:
    """The argument of the wrapper, as Rails would write it. Raises NotEncodable for what ActiveJob cannot say."""
    arguments = [_written(value, f"arguments[{number}]") for number, value in enumerate(args)]
    if kwargs:
        keywords = _each_written(kwargs, "keyword arguments")
        arguments.append({**keywords, KEYWORDS: list(kwargs)})
    return {
        "job_class": job_class,
        "job_id": job_id,
        "provider_job_id": None,
        "queue_name": queue,
        "priority": None,
        "arguments": arguments,
        "executions": 0,
        "exception_executions": {},
        "locale": None,  # and no time zone: Rails then takes its own
        "timezone": None,
        "enqueued_at": _iso(now),
        "scheduled_at": None,
    }


def _written(value: Any, place: str) -> Any:  # noqa: PLR0911  a table of kinds
    match value:
        case Symbol():
            return _serialized("Symbol", value=str(value))
        case GlobalID():
            return {GLOBAL_ID: str(value)}
        case Range():
            begin, end = _written(value.begin, f"{place}.begin"), _written(value.end, f"{place}.end")
            return _serialized("Range", begin=begin, end=end, exclude_end=value.exclude_end)
        case list() | tuple():
            return [_written(item, f"{place}[{number}]") for number, item in enumerate(value)]
        case Mapping():
            symbols = [str(key) for key in value if isinstance(key, Symbol)]
            return {**_each_written(value, place), SYMBOLS: symbols}
        case datetime():
            return _moment(value, place)
        case date():
            return _serialized("Date", value=value.isoformat())
        case timedelta():
            seconds = value.total_seconds()
            seconds = int(seconds) if seconds.is_integer() else seconds
            return _serialized("Duration", value=seconds, parts=[[_written(Symbol("seconds"), place), seconds]])
        case Decimal():
            return _serialized("BigDecimal", value=_digits(value))
        case _:
            return value  # whatever JSON cannot say is refused with the whole payload


def _each_written(value: Mapping[Any, Any], place: str) -> dict[str, Any]:
    for key in value:
        if not isinstance(key, str) or key in RESERVED:
            raise NotEncodable(f"{place} has the key {key!r}, which ActiveJob keeps for itself or cannot say")
    return {str(key): _written(item, f"{place}.{key}") for key, item in value.items()}


def _serialized(kind: str, **facts: Any) -> dict[str, Any]:
    return {SERIALIZED: f"{PREFIX}{kind}Serializer", **facts}


def _moment(value: datetime, place: str) -> dict[str, Any]:
    if value.utcoffset() is None:
        raise NotEncodable(f"{place} is a datetime without a time zone, which means another moment in Ruby")
    if isinstance(value.tzinfo, ZoneInfo) and value.tzinfo.key:
        return _serialized("TimeWithZone", value=_iso(value), time_zone=value.tzinfo.key)
    return _serialized("Time", value=_iso(value))


def _iso(moment: datetime) -> str:
    """With the nine digits that Ruby writes."""
    text = moment.isoformat(timespec="microseconds")
    seconds, offset = text[:26], text[26:]
    return f"{seconds}000{'Z' if moment.tzinfo is UTC else offset}"


def _digits(number: Decimal) -> str:
    if not number.is_finite():
        return str(number)
    whole, _, fraction = format(number, "f").partition(".")
    return f"{whole}.{fraction.rstrip('0') or '0'}"
