"""From text to plain values: what TOML says, before anybody asks whether it makes sense."""

import re
import tomllib

AT = re.compile(r"(?s)(?P<what>.*) \(at (?:line (?P<line>\d+), column (?P<column>\d+)|end of document)\)")
REMEDIES = {  # by how tomllib's message begins
    "Invalid value": "text is written in quotes, lists in [brackets], yes and no as true and false",
    "Cannot overwrite a value": "a key can be given only once",
    "Cannot declare": "a table can be opened only once",
    "Cannot mutate": "a table can be opened only once",
}
REMEDY = 'a line is key = value, [table] or # comment, and text is written in "quotes"'


class NotToml(ValueError):
    """The text is not TOML. The message says where and why."""


def load(text: str) -> dict[str, object]:
    """The tables and values of `text`. Raises NotToml for the first place that cannot be read."""
    _refuse_lone_surrogates(text)
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise NotToml("lists or tables are nested too deeply to be read; flatten them") from None
    except tomllib.TOMLDecodeError as error:
        raise NotToml(_explained(str(error), text)) from None
    except ValueError:  # int() refuses more than 4300 digits, and tomllib passes that on
        raise NotToml("a number has too many digits to be read; shorten it") from None


def _explained(message: str, text: str) -> str:
    found = AT.fullmatch(message)
    what = found["what"] if found else message
    where = f"line {found['line']}, column {found['column']}" if found and found["line"] else _place(text, len(text))
    remedy = next((advice for start, advice in REMEDIES.items() if what.startswith(start)), REMEDY)
    return f"{where}: not TOML: {what}; {remedy}"


def _refuse_lone_surrogates(text: str) -> None:
    """They come from a file in some other encoding, and no log or terminal could print a message about them."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise NotToml(f"{_place(text, error.start)}: not Unicode; save the file as UTF-8") from None


def _place(text: str, offset: int) -> str:
    before = text[:offset]
    return f"line {before.count(chr(10)) + 1}, column {offset - before.rfind(chr(10))}"
