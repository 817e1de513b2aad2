"""What a line of the log looks like: JSON for machines, a console for people.

Whatever a queue brings may stand in a line. So nothing that a value contains can end the line, begin another, command a
terminal, or keep the line from being written.
"""

import json
import os
import time
import traceback
from collections.abc import Callable, MutableMapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

Format = Literal["auto", "console", "json"]
Facts = MutableMapping[str, Any]
Render = Callable[[Facts], str]

_LONGEST = 4096  # bytes: PIPE_BUF; a longer write to a pipe may be mixed with another process's
_LIMITS = (1000, 250, 60, 15)  # characters of a value, tried in this order on a line that is too long


def complete(level: str, event: str, carried: Facts, facts: Facts, *, raised: bool = False) -> Facts:
    """All that a line says, in the order in which it says it. Seconds are cut at the microsecond.

    `raised`: with the backtrace of the exception that is being handled.
    """
    complete = {"timestamp": _timestamp(time.time()), "level": level, "event": event, **carried, **facts}
    for key, value in complete.items():
        if type(value) is float:
            complete[key] = round(value, 6)
    if raised:
        complete["backtrace"] = traceback.format_exc()
    return complete


def _timestamp(now: float) -> str:
    """UTC, to the millisecond: `2026-11-23T07:00:00.123Z`."""
    seconds, milliseconds = divmod(int(now * 1000), 1000)
    return f"{_to_the_second(seconds)}.{milliseconds:03}Z"


@lru_cache(maxsize=1)  # lines come many in a second
def _to_the_second(epoch: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(epoch))


def fitted(render: Render, facts: Facts) -> bytes:
    """One line, short enough to be written in one piece: the middle of long values goes first."""
    line = _encoded(render(facts))
    for limit in _LIMITS:
        if len(line) <= _LONGEST:
            break
        line = _encoded(render({key: _cut(value, limit) for key, value in facts.items()}))
    return line


def _encoded(text: str) -> bytes:
    return f"{text}\n".encode(errors="backslashreplace")


def _cut(value: object, limit: int) -> object:
    text = _text(value)
    return value if len(text) <= limit else f"{text[: limit // 2]} ... {text[-limit // 2 :]}"


def _text(value: object) -> str:
    return value if isinstance(value, str) else _repr(value)


def _repr(value: object) -> str:
    try:
        return repr(value)
    except Exception:  # noqa: BLE001  an object of the application may raise whatever it likes
        return f"<{type(value).__name__}>"


def renderer(fd: int, form: Format) -> Render:
    terminal = os.isatty(fd)
    if form == "json" or (form == "auto" and not terminal):
        return _json
    plain = not terminal or bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") == "dumb"
    return _Console(dated=not terminal, colours={} if plain else _COLOURS)


# ASCII only: no control character, bidirectional mark or lone surrogate reaches whatever shows the line.
_encode = json.JSONEncoder(default=_repr, allow_nan=False, separators=(",", ":")).encode
_NOT_JSON = (
    TypeError,
    ValueError,
    RecursionError,
)  # keys that are no strings; NaN, a circle, a huge number; a deep list


def _json(facts: Facts) -> str:
    try:
        return _encode(facts)
    except _NOT_JSON:
        return _encode({key: _encodable(value) for key, value in facts.items()})


def _encodable(value: object) -> object:
    try:
        _encode(value)
    except _NOT_JSON:
        return _repr(value)
    return value


_DIM, _BOLD, _RED, _GREEN, _YELLOW, _CYAN = "2", "1", "31", "32", "33", "36"
_COLOURS = {"debug": _DIM, "info": _GREEN, "warning": _YELLOW, "error": _RED} | {
    "timestamp": _DIM,
    "event": _BOLD,
    "key": _CYAN,
    "backtrace": _DIM,
}
_TO_BE_QUOTED = frozenset(" =\"'")


@dataclass(frozen=True, slots=True)
class _Console:
    """For people: `07:00:00.123 info  job.done          queue=mail pid=4711`, and a backtrace indented below it."""

    dated: bool
    colours: dict[str, str]

    def __call__(self, facts: Facts) -> str:
        facts = dict(facts)
        stamp, level, event = facts.pop("timestamp"), facts.pop("level"), facts.pop("event")
        below = str(facts.pop("backtrace", "")).splitlines()
        words = [
            self._painted("timestamp", stamp if self.dated else stamp[11:-1]),
            self._painted(level, f"{'warn' if level == 'warning' else level:5}"),
            self._painted("event", f"{event:17}" if facts else event),
            *(f"{self._painted('key', key)}={_shown(value)}" for key, value in facts.items()),
        ]
        return "\n    ".join([" ".join(words), *(self._painted("backtrace", _printable(line)) for line in below)])

    def _painted(self, what: str, text: str) -> str:
        colour = self.colours.get(what)
        return f"\x1b[{colour}m{text}\x1b[0m" if colour else text


def _shown(value: object) -> str:
    if isinstance(value, str) and (not value or not _TO_BE_QUOTED.isdisjoint(value)):
        return repr(value)
    return _printable(_text(value))


def _printable(text: str) -> str:
    """`text` without anything that ends a line or commands a terminal."""
    return text if text.isprintable() else repr(text)[1:-1]
