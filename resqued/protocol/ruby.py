"""How Ruby writes a value as text, which stands in the keys of its plugins (tried with Ruby 3.1)."""

import json
import unicodedata
from collections.abc import Iterable
from typing import Any

from resqued.protocol.payloads import dumps

ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\f": "\\f", "\v": "\\v"}
ESCAPES |= {"\b": "\\b", "\a": "\\a", "\033": "\\e"}
QUADRILLION, LAST_OF_FOUR_DIGITS = 1e15, 0xFFFF
NOT_PRINTED = {"Cc", "Cn", "Zl", "Zp"}
NEXT_LINE = "\x85"  # a control character, and yet printed


def inspect(value: Any, arrow: str = "=>") -> str:
    """`value.inspect`. `arrow`: what is between key and value; since Ruby 3.4 it has spaces around it."""
    match value:
        case dict():
            return _braced(", ", (f"{inspect(key)}{arrow}{inspect(item, arrow)}" for key, item in value.items()))
        case list() | tuple():
            return f"[{', '.join(inspect(item, arrow) for item in value)}]"
        case str():
            return _quoted(value)
        case None:
            return "nil"
        case _:
            return _number(value)


def joined(values: Any, separator: str = "-") -> str:
    """`values.join(separator)`: lists in lists are joined, too."""
    return separator.join(joined(each, separator) if isinstance(each, list) else _shown(each) for each in values)


def generated(value: Any) -> str:
    """As the gem json writes it."""
    match value:
        case dict():
            return _braced(",", (f"{dumps(key)}:{generated(item)}" for key, item in value.items()))
        case list() | tuple():
            return f"[{','.join(map(generated, value))}]"
        case float():
            return _number(value)
        case _:
            return dumps(value)


def _braced(separator: str, items: Iterable[str]) -> str:
    return f"{{{separator.join(items)}}}"


def _shown(value: Any) -> str:
    match value:
        case None:
            return ""
        case str():
            return value
        case _:
            return inspect(value)


def _number(value: Any) -> str:
    text = json.dumps(value)  # true and false, too
    if not isinstance(value, float):
        return text
    if QUADRILLION <= abs(value) < 10 * QUADRILLION and text.endswith(".0"):  # Python writes it without an exponent
        sign, digits = text[: text.startswith("-")], text.removesuffix(".0").lstrip("-").rstrip("0")
        return f"{sign}{digits[0]}.{digits[1:] or '0'}e+15"
    return text if "." in text else text.replace("e", ".0e")


def _quoted(text: str) -> str:
    shown = (_escaped(character, following) for character, following in zip(text, f"{text[1:]} ", strict=False))
    return f'"{"".join(shown)}"'


def _escaped(character: str, following: str) -> str:
    if (escape := ESCAPES.get(character)) is not None:
        return escape
    if character == "#" and following in "{$@":
        return "\\#"
    if character == NEXT_LINE or unicodedata.category(character) not in NOT_PRINTED:
        return character
    code = ord(character)
    return f"\\u{{{code:X}}}" if code > LAST_OF_FOUR_DIGITS else f"\\u{code:04X}"
