"""Finds every mistake in a file that is TOML but perhaps not a configuration.

msgspec, asked about a whole table, names its first mistake and stops. So the tables are taken apart along the types
of their fields, and msgspec is asked about one value at a time.
"""

from collections.abc import Iterable, Iterator
from typing import Annotated, Literal, TypeGuard, get_args, get_origin

import msgspec
from msgspec.structs import FieldInfo

from resqued.config import kinds
from resqued.config.table import Given, Table
from resqued.config.wording import alternatives, nearest, place_of, shown

Kind = object  # a type, as an annotation writes it
Part = tuple[Kind, object, str]  # kind, value, place


def mistakes(kind: Kind, value: object, place: str = "") -> Iterator[str]:
    """All that keeps `value` from being a `kind`, in the order of the file, each with its place."""
    if _is_table(kind) and isinstance(value, dict):
        yield from _in_table(kind, value, place)
        return
    in_parts = [mistake for part in _parts(kind, value, place) for mistake in mistakes(*part)]
    yield from in_parts or _as_a_whole(kind, value, place)


def _in_table(kind: type[Table], given: Given, place: str) -> Iterator[str]:
    known = {field.encode_name: field for field in msgspec.structs.fields(kind)}
    for key, value in given.items():
        if key in known:
            yield from mistakes(known[key].type, value, place_of(key, place))
        else:
            yield _unknown(key, value, known, place)
    for key, why in kind.contradictions(given):
        yield f"{place}.{key}: {why}" if place else f"{key}: {why}"
    yield from _missing(known, given, place, kind.wanting(given))


def _unknown(key: str, value: object, known: dict[str, FieldInfo], place: str) -> str:
    what = "table" if isinstance(value, dict) else "key"
    meant = nearest(key, known)
    advice = f'did you mean "{meant}"?' if meant else f"known here: {', '.join(known)}"
    return f"{place_of(key, place)}: unknown {what}; {advice}"


def _missing(known: dict[str, FieldInfo], given: Given, place: str, wanting: Iterable[str]) -> Iterator[str]:
    """What has to be in a table and is not. A key that was misspelt is there: it is one mistake, not two."""
    misspelt = {nearest(key, known) for key in given if key not in known}
    needed = {*wanting, *(name for name, field in known.items() if field.required)}
    for name, field in known.items():
        if name in given or name in misspelt:
            continue
        if _is_table(field.type):
            yield from mistakes(field.type, {}, place_of(name, place))  # no table is as good as an empty one
        elif name in needed:
            yield f"{place_of(name, place)}: missing; expected {_expected(field.type)}"


def _parts(kind: Kind, value: object, place: str) -> Iterator[Part]:
    """What a list, or a table with names of the user's own, consists of; nothing for anything else."""
    inner = _bare(kind)
    if get_origin(inner) is tuple and isinstance(value, list):
        item, _ = get_args(inner)
        yield from ((item, part, f"{place}[{index}]") for index, part in enumerate(value))
    elif get_origin(inner) is dict and isinstance(value, dict):
        name, item = get_args(inner)
        for key, part in value.items():
            yield name, key, place_of(key, place)
            yield item, part, place_of(key, place)
    elif isinstance(value, dict):
        yield from ((table, value, place) for table in get_args(inner) if _is_table(table))  # one kind among others


def _as_a_whole(kind: Kind, value: object, place: str) -> Iterator[str]:
    try:
        msgspec.convert(value, kind, dec_hook=kinds.decode)
    except msgspec.ValidationError:
        yield f"{place}: expected {_expected(kind)}, got {shown(value)}{_guess(kind, value)}"


def _expected(kind: Kind) -> str:
    if _is_table(kind):
        return "a table"
    if get_origin(kind) is Literal:
        return alternatives(get_args(kind))
    _, meta = get_args(kind)
    return str(meta.description)


def _guess(kind: Kind, value: object) -> str:
    if get_origin(kind) is Literal and isinstance(value, str) and (meant := nearest(value, get_args(kind))):
        return f'; did you mean "{meant}"?'
    return ""


def _is_table(kind: Kind) -> TypeGuard[type[Table]]:
    return isinstance(kind, type) and issubclass(kind, Table)


def _bare(kind: Kind) -> Kind:
    """`kind` without its description."""
    return get_args(kind)[0] if get_origin(kind) is Annotated else kind
