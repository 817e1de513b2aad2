"""What was raised, as the failed list shows it: a name, a message, a backtrace, whatever the exception is made of.

Every string is short enough to keep, valid UTF-8, and made under guard: an exception may break while it is described.
All of it together, escaped as JSON at its worst, stays below a megabyte.
"""

import linecache
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import chain
from types import CodeType, FrameType, TracebackType
from typing import TypeVar

from resqued.errors import JobError
from resqued.verdict import Outcome, Verdict

LONGEST_NAME = 200  # characters
LONGEST_MESSAGE = 64 * 1024  # bytes
LONGEST_LINE = 250  # characters, of a line of the backtrace
MOST_LINES = 200
MOST_FRAMES = 60  # of one exception; a recursion has a thousand
MOST_EXCEPTIONS = 10  # of one backtrace: the exception, its causes, the members of its groups

PACKAGE = __file__.rpartition("/")[0] + "/"
PLUMBING = PACKAGE + "performance.py"  # the only one of our files in the middle of a backtrace

T = TypeVar("T")


def verdict_on(error: BaseException) -> Verdict:
    """FAILED, with all that is to be known about `error`. Never raises."""
    kind = type(error)
    return Verdict(
        Outcome.FAILED,
        _guarded(lambda: name_of(kind), "Exception"),
        _guarded(lambda: message_of(error), "(its message cannot be shown)"),
        _guarded(lambda: backtrace_of(error), ("(its backtrace cannot be shown)",)),
    )


def name_of(kind: type[BaseException]) -> str:
    """`ValueError`; `app.errors.Refused` if it is not Python's; `UnknownJob` or `Resque::DirtyExit` if it is ours.

    Resque's web page shows it as HTML: what is not a letter, a digit or part of a path becomes harmless.
    """
    bare = kind.__module__ in ("builtins", JobError.__module__)
    name = kind.__qualname__ if bare else f"{kind.__module__}.{kind.__qualname__}"
    if issubclass(kind, JobError):
        name = kind.recorded_as or name
    return "".join(map(_harmless, name[:LONGEST_NAME]))


def message_of(error: BaseException) -> str:
    """What `error` says, with its notes; if it says nothing, its name. At most 64 KiB."""
    said = _guarded(lambda: _said_by(error), f"(its message cannot be shown: {name_of(type(error))}.__str__ fails)")
    return _cut(_valid("\n".join((said or name_of(type(error)), *_notes_of(error)))))


def summary_of(error: BaseException) -> str:
    """Name and first line of the message, for a sentence about something else."""
    name, message = _guarded(lambda: name_of(type(error)), "Exception"), _guarded(lambda: message_of(error), "")
    first = message.partition("\n")[0]
    return _line(f"{name}: {first}" if first not in ("", name) else name)


def account_of(error: BaseException) -> str:
    """`summary_of`, and where: `KeyError: 'x' (/srv/app/jobs.py:12)`."""
    return _line(summary_of(error) + _guarded(lambda: _place_of(error), ""))


def backtrace_of(error: BaseException) -> tuple[str, ...]:
    """Where `error` was raised, outermost frame first, then the same for what caused it.

    One line an entry, at most 200 of them. Frames of resqued that only lead to the application are left out.
    """
    lines = list(chain.from_iterable(_told(relation, each) for relation, each in _family(error)))
    if len(lines) > MOST_LINES:
        lines[MOST_LINES - 1 :] = [f"… {len(lines) - MOST_LINES + 1} more lines"]
    return tuple(map(_line, lines))


def _said_by(error: BaseException) -> str:
    if isinstance(error, SystemExit):
        return f"sys.exit({'' if error.code is None else repr(error.code)})"  # its own message is at most a number
    return str(error)


def _notes_of(error: BaseException) -> Iterator[str]:
    nothing: list[object] = []
    for note in _guarded(lambda: list(getattr(error, "__notes__", ())), nothing):
        yield _guarded(partial(str, note), "(a note that cannot be shown)")


def _place_of(error: BaseException) -> str:
    return "".join(f" ({frame.f_code.co_filename}:{line})" for frame, line in list(_frames(error.__traceback__))[-1:])


def _told(relation: str, error: BaseException) -> Iterator[str]:
    if relation:
        yield f"{relation}: {summary_of(error)}"
    yield from _guarded(lambda: _described(error.__traceback__), ["  (its backtrace cannot be shown)"])


def _family(error: BaseException) -> list[tuple[str, BaseException]]:
    """`error`, what it came from and, of a group, its members; each once, each with what it is to the one before."""
    family: list[tuple[str, BaseException]] = []
    waiting, seen = [("", error)], {id(error)}
    while waiting and len(family) < MOST_EXCEPTIONS:
        relation, member = waiting.pop()
        family.append((relation, member))
        relatives = [each for each in _relatives(member) if id(each[1]) not in seen]
        seen.update(id(each) for _, each in relatives)
        waiting.extend(reversed(relatives))
    return family


def _relatives(error: BaseException) -> list[tuple[str, BaseException]]:
    found: list[tuple[str, BaseException]] = []
    if isinstance(error, BaseExceptionGroup):
        members = error.exceptions
        found += [(f"{n} of {len(members)}", member) for n, member in enumerate(members, 1)]
    if error.__cause__ is not None:
        found.append(("caused by", error.__cause__))
    elif error.__context__ is not None and not error.__suppress_context__:
        found.append(("raised while handling", error.__context__))
    return found


def _described(traceback: TracebackType | None) -> list[str]:
    first, last, left_out = _ends(_frames(traceback))
    omitted = [f"  … {left_out} frames left out"] if left_out else []
    return [*chain(*map(_shown, first)), *omitted, *chain(*map(_shown, last))]


Place = tuple[FrameType, int]


def _ends(frames: Iterator[Place]) -> tuple[list[Place], list[Place], int]:
    """The first and the last of many frames, without keeping those between; how many those are."""
    first: list[Place] = []
    last: list[Place] = []
    total = 0
    for total, place in enumerate(frames, 1):  # noqa: B007  the last one is the number of them
        keep = first if len(first) < MOST_FRAMES // 2 else last
        keep.append(place)
        del last[: -MOST_FRAMES // 2]
    return first, last, total - len(first) - len(last)


def _frames(traceback: TracebackType | None) -> Iterator[Place]:
    """The frames of the application: ours before it are left out, and what runs a coroutine for us."""
    started, ours = False, True
    while traceback is not None:
        code = traceback.tb_frame.f_code
        ours = _is_ours(code, started=started) or (ours and _runs_coroutines(code))
        if not ours:
            started = True
            yield traceback.tb_frame, traceback.tb_lineno or code.co_firstlineno
        traceback = traceback.tb_next


def _is_ours(code: CodeType, *, started: bool) -> bool:
    return code.co_filename == PLUMBING or (not started and code.co_filename.startswith(PACKAGE))


def _runs_coroutines(code: CodeType) -> bool:
    return code.co_filename.rpartition("/")[0].endswith("/asyncio")


def _shown(place: Place) -> Sequence[str]:
    frame, line = place
    code = frame.f_code
    source = linecache.getline(code.co_filename, line, frame.f_globals).strip()
    where = f'  File "{code.co_filename}", line {line}, in {code.co_qualname}'
    return (where, f"    {source}") if source else (where,)


def _harmless(character: str) -> str:
    if character in "<>":  # of outer.<locals>.Refused
        return "(" if character == "<" else ")"
    return character if character.isalnum() or character in "_.:" else "?"


def _line(text: str) -> str:
    text = _valid(text).replace("\n", "\\n").replace("\r", "\\r")
    return text if len(text) <= LONGEST_LINE else text[: LONGEST_LINE - 1] + "…"


def _valid(text: str) -> str:
    """`text` as every peer can read it: a lone surrogate is escaped."""
    return str.encode(text, "utf-8", "backslashreplace").decode()


def _cut(text: str) -> str:
    size = len(encoded := text.encode())
    if size <= LONGEST_MESSAGE:
        return text
    note = f"… (cut, it has {size} bytes)"
    return encoded[: LONGEST_MESSAGE - len(note.encode())].decode(errors="ignore") + note


def _guarded(describe: Callable[[], T], otherwise: T) -> T:
    """What `describe` says; `otherwise` if it breaks: it runs code of the exception, and of whoever wrote that."""
    try:
        return describe()
    except BaseException:  # noqa: BLE001  SystemExit from a __str__, too
        return otherwise
