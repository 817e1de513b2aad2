"""What was raised, as the failed list shows it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from resqued.errors import DirtyExit, JobKilled, JobTerminated, StoreUnavailable, UnknownJob
from resqued.failure import account_of, backtrace_of, message_of, name_of, summary_of, verdict_on

MOST = 64 * 1024


class Refused(Exception):
    pass


def raised(act: Callable[[], object]) -> BaseException:
    with pytest.raises(BaseException) as caught:  # noqa: PT011  whatever it is
        act()
    return caught.value


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (ValueError, "ValueError"),
        (Refused, f"{__name__}.Refused"),
        (UnknownJob, "UnknownJob"),
        (JobTerminated, "JobTerminated"),
        (StoreUnavailable, "StoreUnavailable"),
        (DirtyExit, "Resque::DirtyExit"),
        (type("Worse", (JobKilled,), {"__module__": "app"}), "app.Worse"),
        (type("é", (Exception,), {"__module__": "app"}), "app.é"),
    ],
)
def test_an_exception_is_named_as_one_would_import_it(kind: type[BaseException], name: str) -> None:
    assert name_of(kind) == name


def test_the_name_of_a_local_class_is_no_markup() -> None:
    class Local(Exception):
        pass

    assert "(locals)" in name_of(Local)
    assert "<" not in name_of(Local)


def test_a_hostile_name_is_short_harmless_and_one_line() -> None:
    hostile = "<b onclick='&\"\n\x00\ud800" + "x" * 1000
    kind = type("Hostile", (Exception,), {"__module__": "app", "__qualname__": hostile})

    assert name_of(kind).startswith("app.(b?onclick???????xxx")
    assert len(name_of(kind)) == 200


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (ValueError("boom"), "boom"),
        (ValueError("two\nlines"), "two\nlines"),
        (ValueError(), "ValueError"),
        (KeyError("x"), "'x'"),
        (SystemExit(), "sys.exit()"),
        (SystemExit(3), "sys.exit(3)"),
        (SystemExit("no database"), "sys.exit('no database')"),
        (ValueError("\ud800"), "\\ud800"),
        (ValueError("é😀"), "é😀"),
    ],
)
def test_a_message_says_what_happened_in_valid_text(error: BaseException, message: str) -> None:
    assert message_of(error) == message


def test_a_message_has_the_notes_of_its_exception() -> None:
    error = ValueError("boom")
    error.add_note("of order 7")

    assert message_of(error) == "boom\nof order 7"


@pytest.mark.parametrize("letter", ["x", "é", "€", "😀", "\ud800"])
def test_a_long_message_is_cut_with_a_note(letter: str) -> None:
    message = message_of(ValueError(letter * (MOST + 1)))

    assert MOST - 4 <= len(message.encode()) <= MOST
    assert message.endswith(" bytes)")


def test_a_message_of_just_the_limit_is_whole() -> None:
    assert message_of(ValueError("x" * MOST)) == "x" * MOST


def test_a_message_that_cannot_be_shown_says_why() -> None:
    class Broken(Exception):
        def __str__(self) -> str:
            raise RuntimeError

    assert message_of(Broken()).endswith("Broken.__str__ fails)")


def test_a_summary_is_a_line() -> None:
    assert summary_of(ValueError("two\nlines")) == "ValueError: two"
    assert summary_of(ValueError()) == "ValueError"


def test_an_account_says_where() -> None:
    def fail() -> None:
        raise ValueError("boom")

    assert account_of(raised(fail)) == f"ValueError: boom ({__file__}:{fail.__code__.co_firstlineno + 1})"


def look() -> None:
    raise KeyError("x")


def test_a_cause_follows_with_its_own_frames() -> None:
    def fail() -> None:
        try:
            look()
        except KeyError as error:
            raise Refused("no") from error

    lines = backtrace_of(raised(fail))
    head = lines.index("caused by: KeyError: 'x'")

    assert any(line.endswith(".fail") for line in lines[:head])
    assert lines[-2].endswith("in look")


def test_what_was_being_handled_follows_too() -> None:
    def fail() -> None:
        try:
            look()
        except KeyError:
            raise Refused("no")  # noqa: B904  which is the point

    assert "raised while handling: KeyError: 'x'" in backtrace_of(raised(fail))


def test_what_is_suppressed_does_not_follow() -> None:
    def fail() -> None:
        try:
            look()
        except KeyError:
            raise Refused("no") from None

    assert not any("KeyError:" in line for line in backtrace_of(raised(fail)))


def test_causes_that_go_in_a_circle_are_told_once() -> None:
    one, two = ValueError("one"), ValueError("two")
    one.__cause__, two.__cause__ = two, one

    assert backtrace_of(one) == ("caused by: ValueError: two",)


def test_a_circle_of_causes_further_down_is_told_once() -> None:
    one, two, three = ValueError("one"), ValueError("two"), ValueError("three")
    one.__cause__, two.__cause__, three.__cause__ = two, three, two

    assert backtrace_of(one) == ("caused by: ValueError: two", "caused by: ValueError: three")


def test_a_chain_of_causes_ends_somewhere() -> None:
    first = error = ValueError("0")
    for n in range(1000):
        error.__cause__ = error = ValueError(str(n))

    assert len(backtrace_of(first)) < 20


def test_the_members_of_a_group_are_told() -> None:
    lines = backtrace_of(ExceptionGroup("tasks", [ValueError("boom"), KeyError("x")]))

    assert lines == ("1 of 2: ValueError: boom", "2 of 2: KeyError: 'x'")


def test_a_group_of_a_thousand_is_told_in_a_few_lines() -> None:
    assert len(backtrace_of(ExceptionGroup("tasks", [ValueError(str(n)) for n in range(1000)]))) < 20


def test_a_line_of_source_may_be_missing() -> None:
    namespace: dict[str, Callable[[], None]] = {}
    exec(compile("def fail(): raise ValueError", "<made\nup>", "exec"), namespace)

    assert backtrace_of(raised(namespace["fail"]))[-1] == '  File "<made\\nup>", line 1, in fail'


def test_a_deep_recursion_shows_both_ends(tmp_path: Path) -> None:
    def down(depth: int) -> None:
        if depth == 0:
            raise ValueError("bottom")
        down(depth - 1)

    lines = backtrace_of(raised(lambda: down(500)))

    assert len([line for line in lines if line.endswith(".down")]) < 62
    assert "frames left out" in lines[60]
    assert lines[-1].strip() == 'raise ValueError("bottom")'


def test_the_longest_verdict_fits_into_a_megabyte() -> None:
    name = "😀" * 300
    lines: dict[str, Callable[[], None]] = {}
    exec(compile("def fail(): fail()", name, "exec"), lines)
    last = error = raised(lines["fail"])
    for _ in range(10):
        last.__cause__ = last = raised(lines["fail"])
    error.args = ("\x00" * MOST,)

    assert len(verdict_on(error).backtrace) == 200
    assert len(verdict_on(error).encode()) < 1 << 20


def test_an_exception_that_breaks_while_it_is_described_still_has_a_verdict() -> None:
    class Hostile(Exception):
        def __getattribute__(self, name: str) -> object:
            raise MemoryError

    assert verdict_on(Hostile("boom")).error
