"""Performing a job: its hooks, its `perform`, and the verdict, whatever happens in it."""

import asyncio
import os
import signal
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, NoReturn

import pytest

from resqued import hooks, performer, termination
from resqued.errors import DirtyExit, DontPerform, JobTerminated
from resqued.jobclass import name_of
from resqued.verdict import DONE, Outcome, Verdict, decode
from resqued.work import Job, current_job

said: list[Any] = []  # by the jobs of one test, in order


@pytest.fixture(autouse=True)
def _nothing_was_said() -> Iterator[None]:
    yield
    said.clear()


@pytest.fixture(autouse=True)
def _no_worker_hooks(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in hooks.registered:
        monkeypatch.setitem(hooks.registered, name, [])


def performed(job_class: type, *args: Any) -> Verdict:
    return performer.perform(job_class, a_job(job_class, *args))


def a_job(job_class: type, *args: Any) -> Job:
    return Job(name_of(job_class), args, "echo", {"class": name_of(job_class), "args": list(args)})


def speaking(word: str) -> staticmethod:  # type: ignore[type-arg]  # it cannot be subscripted when run
    return staticmethod(lambda *_args: said.append(word))


def raising(error: BaseException) -> staticmethod:  # type: ignore[type-arg]  # as above
    def method(*_args: object) -> NoReturn:
        raise error

    return staticmethod(method)


def job(**methods: Any) -> type:
    return type("Echo", (), {"perform": speaking("perform"), **methods})


class Plain:
    @staticmethod
    def perform(*args: Any) -> None:
        said.append(args)


class Failing:
    @staticmethod
    def perform(*_args: Any) -> None:
        raise ValueError("boom")


# perform


def test_a_job_that_returns_is_done() -> None:
    assert performed(Plain, "hello", 2) is DONE
    assert said == [("hello", 2)]


def test_perform_may_be_a_class_method() -> None:
    class Echo:
        @classmethod
        def perform(cls, text: str) -> None:
            said.append((cls, text))

    performed(Echo, "hello")

    assert said == [(Echo, "hello")]


def test_perform_may_be_an_instance_method_that_shares_its_instance_with_the_hooks() -> None:
    class Echo:
        def before_perform_greet(self, _text: str) -> None:
            self.greeting = "hello"

        def perform(self, text: str) -> None:
            said.append(f"{self.greeting} {text}")

    assert performed(Echo, "world") is DONE
    assert said == ["hello world"]


def test_a_class_whose_methods_are_static_is_never_made() -> None:
    class Echo:
        __init__ = raising(RuntimeError("made"))

        @staticmethod
        def perform() -> None: ...

    assert performed(Echo) is DONE


def test_an_instance_that_cannot_be_made_fails_the_job() -> None:
    class Echo:
        def __init__(self, _text: str) -> None: ...

        def perform(self) -> None: ...

    assert performed(Echo).exception == "TypeError"


def test_wrong_arguments_fail_the_job() -> None:
    class Echo:
        @staticmethod
        def perform(text: str) -> None: ...

    assert performed(Echo, 1, 2).error.endswith("perform() takes 1 positional argument but 2 were given")


def test_a_job_knows_what_it_is_part_of() -> None:
    class Echo:
        perform = staticmethod(lambda *_args: said.append(current_job()))
        on_failure_x = perform
        after_perform_x = raising(ValueError())

    performed(Echo, "hello")

    assert said == [a_job(Echo, "hello")] * 2
    assert current_job() is None


def test_a_perform_that_yields_is_performed_to_its_end() -> None:
    class Echo:
        @staticmethod
        def perform() -> Iterator[None]:
            yield
            said.append("end")

    assert performed(Echo) is DONE
    assert said == ["end"]


# asynchronous jobs


def test_an_asynchronous_perform_is_run_in_one_loop_with_its_hooks() -> None:
    class Echo:
        @staticmethod
        async def before_perform_x() -> None:
            said.append(asyncio.get_running_loop())

        @staticmethod
        async def perform() -> None:
            await asyncio.sleep(0)
            said.append(asyncio.get_running_loop())

    assert performed(Echo) is DONE
    assert len(said) == 2
    assert said[0] is said[1]


def test_an_asynchronous_perform_that_yields_is_performed_to_its_end() -> None:
    class Echo:
        @staticmethod
        async def perform() -> AsyncIterator[None]:
            yield
            said.append("end")

    assert performed(Echo) is DONE
    assert said == ["end"]


def test_what_an_asynchronous_job_raises_is_told_without_the_frames_of_the_loop() -> None:
    class Echo:
        @staticmethod
        async def perform() -> None:
            raise ValueError("boom")

    verdict = performed(Echo)

    assert (verdict.exception, verdict.error) == ("ValueError", "boom")
    assert [line for line in verdict.backtrace if line.startswith("  File")] == [places(verdict)[0]]


def test_the_tasks_that_an_asynchronous_job_leaves_behind_are_cancelled() -> None:
    async def linger() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            said.append("cancelled")

    class Echo:
        @staticmethod
        async def perform() -> None:
            Echo.task = asyncio.create_task(linger())
            await asyncio.sleep(0)

        task: asyncio.Task[None]

    assert performed(Echo) is DONE
    assert said == ["cancelled"]


def test_an_asynchronous_on_failure_hook_is_run() -> None:
    class Echo(Failing):
        @staticmethod
        async def on_failure_x(error: Exception) -> None:
            said.append(str(error))

    performed(Echo)

    assert said == ["boom"]


def test_an_event_loop_that_fails_to_close_after_a_failure_hook_is_added_to_the_record() -> None:
    class Echo(Failing):
        @staticmethod
        async def on_failure_x(_error: Exception) -> None:
            loop = asyncio.get_running_loop()
            shut = loop.shutdown_asyncgens

            async def fail() -> None:
                await shut()
                raise OSError("no more files")

            loop.shutdown_asyncgens = fail  # type: ignore[method-assign]  # what could fail there otherwise is rare

    verdict = performed(Echo)

    assert verdict.exception == "ValueError"
    assert "on_failure* raised OSError: no more files" in verdict.error


@pytest.mark.parametrize("inner", ["plain", "asynchronous"])
def test_an_asynchronous_around_hook_awaits_perform(inner: str) -> None:
    async def later() -> None:
        await asyncio.sleep(0)
        said.append("perform")

    class Echo:
        @staticmethod
        async def around_perform_x(perform: Callable[[], Any]) -> None:
            said.append("before")
            await perform()
            said.append("after")

        perform = staticmethod(later) if inner == "asynchronous" else speaking("perform")

    assert performed(Echo) is DONE
    assert said == ["before", "perform", "after"]


def test_a_plain_around_hook_may_surround_an_asynchronous_perform() -> None:
    class Echo:
        @staticmethod
        def around_perform_x(perform: Callable[[], Any]) -> None:
            said.append(perform())

        @staticmethod
        async def perform() -> str:
            return "hello"

    assert performed(Echo) is DONE
    assert said == ["hello"]


def test_a_plain_job_loads_no_asyncio() -> None:
    program = """
import sys
from resqued import performer
from resqued.work import Job
class Echo:
    perform = staticmethod(print)
performer.perform(Echo, Job("Echo", (), "echo", {}))
sys.exit("asyncio" in sys.modules)
"""
    assert subprocess.run([sys.executable, "-c", program], check=False, capture_output=True).returncode == 0


# hooks


def test_hooks_run_in_order_around_perform() -> None:
    def around(perform: Callable[[], Any], *_args: Any) -> None:
        said.append("around")
        perform()
        said.append("around again")

    echo = job(
        before_perform_b=speaking("before b"),
        before_perform_a=speaking("before a"),
        around_perform_x=staticmethod(around),
        after_perform_x=speaking("after"),
        on_failure_x=speaking("failure"),
    )

    assert performed(echo) is DONE
    assert said == ["before a", "before b", "around", "perform", "around again", "after"]


def test_hooks_get_the_arguments() -> None:
    def around(perform: Callable[[], Any], *args: Any) -> None:
        said.append(args)
        perform()

    hear = staticmethod(lambda *args: said.append(args))
    performed(job(before_perform_x=hear, around_perform_x=staticmethod(around), after_perform_x=hear), 1, 2)

    assert said == [(1, 2), (1, 2), "perform", (1, 2)]


def test_around_hooks_nest_the_first_of_the_alphabet_outermost() -> None:
    def surround(name: str) -> object:
        def around(perform: Callable[[], Any], *_args: Any) -> Any:
            said.append(name)
            perform()
            said.append(name)

        return staticmethod(around)

    performed(job(around_perform_b=surround("b"), around_perform_a=surround("a")))

    assert said == ["a", "b", "perform", "b", "a"]


def test_an_around_hook_gets_what_perform_returns() -> None:
    echo = job(perform=staticmethod(lambda: 42), around_perform_x=staticmethod(lambda perform: said.append(perform())))
    performed(echo)

    assert said == [42]


def test_an_around_hook_may_choose_not_to_perform() -> None:
    echo = job(around_perform_x=staticmethod(lambda _perform: None), after_perform_x=speaking("after"))

    assert performed(echo) is DONE
    assert said == ["after"]


def test_an_around_hook_may_make_good_what_perform_raised() -> None:
    def around(perform: Callable[[], Any]) -> None:
        try:
            perform()
        except ValueError:
            said.append("made good")

    assert performed(type("Echo", (Failing,), {"around_perform_x": staticmethod(around)})) is DONE
    assert said == ["made good"]


def test_an_around_hook_that_yields_as_in_ruby_fails_the_job_instead_of_skipping_it() -> None:
    def around(_perform: Callable[[], Any]) -> Iterator[None]:
        yield

    verdict = performed(job(around_perform_x=staticmethod(around)))

    assert "around_perform_x has a `yield`: it has to call perform()" in verdict.error


def test_dont_perform_before_the_job_ends_it_quietly() -> None:
    echo = job(
        before_perform_a=raising(DontPerform()),
        before_perform_b=speaking("before b"),
        after_perform_x=speaking("after"),
        on_failure_x=speaking("failure"),
    )

    assert performed(echo) is DONE
    assert said == []


@pytest.mark.parametrize("where", ["perform", "around_perform_x", "after_perform_x"])
def test_dont_perform_anywhere_else_is_a_failure(where: str) -> None:
    assert performed(job(**{where: raising(DontPerform("too late"))})).exception == "DontPerform"


@pytest.mark.parametrize("where", ["before_perform_x", "around_perform_x", "after_perform_x"])
def test_a_hook_that_raises_fails_the_job(where: str) -> None:
    assert performed(job(**{where: raising(ValueError("boom"))})).error == "boom"


def test_after_perform_does_not_run_after_a_failure() -> None:
    performed(job(perform=raising(ValueError()), after_perform_x=speaking("after")))

    assert said == []


def test_on_failure_gets_the_exception_and_the_arguments() -> None:
    error = ValueError("boom")
    performed(job(perform=raising(error), on_failure_x=staticmethod(lambda *args: said.append(args))), 1, 2)

    assert said == [(error, 1, 2)]


def test_a_failing_on_failure_hook_is_added_to_the_record_and_the_others_run() -> None:
    echo = job(
        perform=raising(ValueError("boom")),
        on_failure_a=raising(KeyError("x")),
        on_failure_b=raising(SystemExit(3)),
        on_failure_c=speaking("c"),
    )
    verdict = performed(echo)

    assert said == ["c"]
    assert verdict.exception == "ValueError"
    assert [line.partition(" (")[0] for line in verdict.error.splitlines()] == [
        "boom",
        "on_failure_a raised KeyError: 'x'",
        "on_failure_b raised SystemExit: sys.exit(3)",
    ]


def test_on_failure_runs_also_if_the_instance_cannot_be_made() -> None:
    class Echo:
        def __init__(self, _text: str) -> None: ...

        def perform(self) -> None: ...

        on_failure_a = speaking("failure")

        def on_failure_b(self, _error: Exception) -> None: ...

    verdict = performed(Echo)

    assert said == ["failure"]
    assert "on_failure_b raised TypeError" in verdict.error


def test_after_fork_hooks_run_first_with_the_job() -> None:
    hooks.after_fork(lambda job: said.append(job.args))
    performed(job(before_perform_x=speaking("before")), "hello")

    assert said == [("hello",), "before", "perform"]


def test_after_fork_hooks_do_not_run_where_nothing_was_forked() -> None:
    hooks.after_fork(lambda job: said.append(job.args))
    performer.perform(Plain, a_job(Plain), forked=False)

    assert said == [()]


def test_an_after_fork_hook_that_raises_fails_the_job() -> None:
    hooks.after_fork(raising(RuntimeError("no database")).__func__)
    verdict = performed(job(on_failure_x=speaking("failure")))

    assert (verdict.error, said) == ("no database", ["failure"])


@contextmanager
def surrounding(a_job: Job) -> Iterator[None]:
    said.append(f"in {a_job.name}")
    try:
        yield
    finally:
        said.append("out")


def test_what_is_around_every_job_is_around_its_own_hooks_too_and_comes_after_the_fork() -> None:
    hooks.around_job(surrounding)
    hooks.after_fork(lambda _job: said.append("fork"))
    performed(job(before_perform_x=speaking("before"), after_perform_x=speaking("after")))

    assert said == ["fork", f"in {__name__}.Echo", "before", "perform", "after", "out"]


def test_what_is_around_every_job_is_around_each_further_one_of_a_process() -> None:
    hooks.around_job(surrounding)
    performer.perform(Plain, a_job(Plain), forked=False)

    assert said == [f"in {__name__}.Plain", (), "out"]


def test_the_first_that_was_registered_is_outermost() -> None:
    @contextmanager
    def inner(_job: Job) -> Iterator[None]:
        said.append("inner")
        yield

    hooks.around_job(surrounding)
    hooks.around_job(inner)
    performed(Plain)

    assert said == [f"in {__name__}.Plain", "inner", (), "out"]


def test_what_is_around_a_job_sees_what_it_raises_but_not_that_it_does_not_want_to() -> None:
    @contextmanager
    def watching(_job: Job) -> Iterator[None]:
        try:
            yield
        except ValueError as error:
            said.append(str(error))
            raise

    hooks.around_job(watching)
    performed(job(before_perform_x=raising(DontPerform())))
    verdict = performed(Failing)

    assert (said, verdict.error) == (["boom"], "boom")
    assert not [line for line in verdict.backtrace if "contextlib" in line]


def test_what_fails_around_a_job_fails_it() -> None:
    hooks.around_job(raising(RuntimeError("no database")).__func__)

    assert (performed(Plain).error, said) == ("no database", [])


def test_a_failure_is_told_after_the_job_s_own_hooks_whatever_they_do() -> None:
    hooks.on_failure(lambda a_job, error: said.append((a_job.args, str(error))))
    hooks.on_failure(raising(KeyError("x")).__func__)
    verdict = performed(job(perform=Failing.perform, on_failure_x=speaking("own")), "hello")

    assert said == ["own", (("hello",), "boom")]
    assert "on_failure raised KeyError: 'x'" in verdict.error


# A job whose process died


def test_of_a_job_whose_process_died_only_the_failure_hooks_run() -> None:
    error = DirtyExit("killed by SIGKILL")
    echo = job(before_perform_x=speaking("before"), on_failure_x=staticmethod(lambda *args: said.append(args)))
    verdict = performer.failed(echo, a_job(echo, "hello"), error)

    assert said == [(error, "hello")]
    assert verdict == Verdict(Outcome.FAILED, "Resque::DirtyExit", "killed by SIGKILL")


def test_a_process_that_only_tells_of_a_failure_is_forked_too() -> None:
    hooks.after_fork(lambda _job: said.append("fork"))
    hooks.around_job(surrounding)
    hooks.on_failure(lambda _job, error: said.append(str(error)))
    performer.failed(Plain, a_job(Plain), DirtyExit("killed"))

    assert said == ["fork", "killed"]


def test_what_the_failure_hooks_of_a_dead_job_raise_is_added_to_the_record() -> None:
    echo = job(on_failure_x=raising(KeyError("x")))

    assert "on_failure_x raised KeyError" in performer.failed(echo, a_job(echo), DirtyExit("killed")).error


# Whatever a job raises


class BrokenStr(Exception):
    def __str__(self) -> str:
        raise ZeroDivisionError


class StrThatExits(Exception):
    def __str__(self) -> str:  # noqa: PLE0307  it does not return at all
        sys.exit(1)


class NotAString(Exception):
    def __str__(self) -> Any:
        return 5  # noqa: PLE0307  which is the point


class BrokenKind(type):
    def __getattribute__(cls, name: str) -> Any:
        if name == "__qualname__":
            raise ZeroDivisionError
        return super().__getattribute__(name)


class Nameless(Exception, metaclass=BrokenKind):
    pass


class TakesNoNotes(Exception):
    __notes__ = 5  # type: ignore[assignment]  # which is the point


class Unpicklable(Exception):
    def __init__(self) -> None:
        super().__init__(lambda: None)
        self.lock = threading.Lock()


def endless() -> None:
    endless()


def breaking_out_of_the_failure_list() -> type[Exception]:
    return type("Hostile", (Exception,), {"__qualname__": "<script>alert('&')\n\ud800" + "x" * 1000})


@pytest.mark.parametrize(
    ("error", "exception"),
    [
        (SystemExit(), "SystemExit"),
        (SystemExit(0), "SystemExit"),
        (KeyboardInterrupt(), "KeyboardInterrupt"),
        (GeneratorExit(), "GeneratorExit"),
        (BaseException("boom"), "BaseException"),
        (BrokenStr(), f"{__name__}.BrokenStr"),
        (StrThatExits(), f"{__name__}.StrThatExits"),
        (NotAString(), f"{__name__}.NotAString"),
        (Nameless("boom"), "Exception"),
        (TakesNoNotes("boom"), f"{__name__}.TakesNoNotes"),
        (Unpicklable(), f"{__name__}.Unpicklable"),
        (breaking_out_of_the_failure_list()("boom"), None),
        (MemoryError(), "MemoryError"),
        (asyncio.CancelledError(), "asyncio.exceptions.CancelledError"),
        (UnicodeDecodeError("utf-8", b"\xff", 0, 1, "no"), "UnicodeDecodeError"),
        (ExceptionGroup("two", [ValueError("boom"), KeyError("x")]), "ExceptionGroup"),
    ],
    ids=lambda value: type(value).__name__[:20] if isinstance(value, BaseException) else "",
)
def test_whatever_is_raised_is_one_verdict_that_reaches_the_worker(error: BaseException, exception: str | None) -> None:
    verdict = performed(job(perform=raising(error), on_failure_x=raising(ValueError())))

    assert decode(verdict.encode()) == verdict
    assert verdict.outcome is Outcome.FAILED
    assert verdict.exception == exception or exception is None
    assert verdict.error


def test_an_endless_recursion_is_a_failure_with_a_backtrace_of_bounded_length() -> None:
    verdict = performed(job(perform=staticmethod(endless)))

    assert verdict.exception == "RecursionError"
    assert len(verdict.backtrace) < 200
    assert any("frames left out" in line for line in verdict.backtrace)


def test_a_backtrace_begins_in_the_application() -> None:
    verdict = performed(Failing)

    assert verdict.backtrace[0].startswith(f'  File "{__file__}", line ')
    assert verdict.backtrace[0].endswith("in Failing.perform")
    assert verdict.backtrace[1] == '    raise ValueError("boom")'
    assert len(verdict.backtrace) == 2


def test_a_backtrace_leaves_out_what_is_between_an_around_hook_and_perform() -> None:
    class Echo(Failing):
        @staticmethod
        def around_perform_x(perform: Callable[[], Any]) -> None:
            perform()

    assert [line.rpartition(".")[2] for line in places(performed(Echo))] == ["around_perform_x", "perform"]


def places(verdict: Verdict) -> list[str]:
    return [line for line in verdict.backtrace if line.startswith("  File ")]


# Interruptions


@pytest.fixture
def ask(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], None]]:
    """Ask this process to stop its job, with a signal, as a worker does. Heard before the call returns."""
    monkeypatch.setattr(termination, "_asked", False)

    def hear(_number: int, _frame: FrameType | None) -> None:
        termination.ask()

    before = signal.signal(signal.SIGUSR1, hear)
    yield lambda: os.kill(os.getpid(), signal.SIGUSR1)
    signal.signal(signal.SIGUSR1, before)


def test_a_job_that_is_asked_to_stop_is_terminated_and_its_failure_hooks_do_not_run(ask: Callable[[], None]) -> None:
    def perform() -> None:
        try:
            ask()
            said.append("not stopped")
        except Exception:
            said.append("swallowed")
            raise
        finally:
            said.append("tidied up")

    verdict = performed(job(perform=staticmethod(perform), on_failure_x=speaking("failure")))

    assert verdict.exception == "JobTerminated"
    assert said == ["tidied up"]


def test_a_job_that_fails_because_it_is_asked_to_stop_runs_no_failure_hooks(ask: Callable[[], None]) -> None:
    def perform() -> None:
        try:
            ask()
        except BaseException as error:
            raise ValueError("cut short") from error

    verdict = performed(job(perform=staticmethod(perform), on_failure_x=speaking("failure")))

    assert verdict.exception == "ValueError"
    assert said == []


def test_a_job_that_finishes_although_it_was_asked_to_stop_is_done(ask: Callable[[], None]) -> None:
    def perform() -> None:
        with pytest.raises(JobTerminated):
            ask()

    assert performed(job(perform=staticmethod(perform))) is DONE


def test_a_job_that_is_asked_to_stop_before_it_begins_never_begins(ask: Callable[[], None]) -> None:
    ask()

    assert performed(Plain).exception == "JobTerminated"
    assert said == []


def test_being_asked_while_no_job_runs_interrupts_nothing(ask: Callable[[], None]) -> None:
    performed(Plain)
    ask()

    assert termination.asked()


def test_a_failure_hook_that_is_asked_to_stop_is_the_last(ask: Callable[[], None]) -> None:
    echo = job(
        perform=raising(ValueError("boom")),
        on_failure_a=staticmethod(lambda _error: ask()),
        on_failure_b=speaking("b"),
    )
    verdict = performed(echo)

    assert verdict.exception == "ValueError"
    assert "on_failure_a raised JobTerminated" in verdict.error
    assert said == []


def test_an_asynchronous_job_that_is_asked_to_stop_is_cancelled(ask: Callable[[], None]) -> None:
    class Echo:
        @staticmethod
        async def perform() -> None:
            ask()
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                said.append("cancelled")
                raise

    assert performed(Echo).exception == "JobTerminated"
    assert said == ["cancelled"]


def test_an_asynchronous_job_may_await_while_it_tidies_up(ask: Callable[[], None]) -> None:
    class Echo:
        @staticmethod
        async def perform() -> None:
            ask()
            try:
                await asyncio.Event().wait()
            finally:
                await asyncio.sleep(0)
                said.append("tidied up")

    assert performed(Echo).exception == "JobTerminated"
    assert said == ["tidied up"]


def test_an_asynchronous_job_that_is_asked_again_while_it_tidies_up_is_cancelled_again(ask: Callable[[], None]) -> None:
    class Echo:
        @staticmethod
        async def perform() -> None:
            for _ in range(2):
                ask()
                with pytest.raises(asyncio.CancelledError):
                    await asyncio.Event().wait()

    assert performed(Echo) is DONE


def test_an_asynchronous_job_that_does_not_await_is_terminated_when_asked_again(ask: Callable[[], None]) -> None:
    class Echo:
        @staticmethod
        async def perform() -> None:
            ask()
            said.append("asked once")
            ask()
            said.append("asked twice")

    assert performed(Echo).exception == "JobTerminated"
    assert said == ["asked once"]


SLEEPY = """
import asyncio, signal, time
from resqued import performer, termination
from resqued.work import Job

signal.signal(signal.SIGUSR1, lambda *_: termination.ask())

class Plain:
    @staticmethod
    def perform():
        print("ready", flush=True)
        time.sleep(60)

class Asynchronous:
    @staticmethod
    async def perform():
        print("ready", flush=True)
        await asyncio.sleep(60)

print(performer.perform({}, Job("", (), "", {{}})).exception)
"""


@pytest.mark.parametrize("kind", ["Plain", "Asynchronous"])
def test_a_job_that_sleeps_is_woken_to_be_stopped(kind: str) -> None:
    command = [sys.executable, "-c", SLEEPY.format(kind)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(signal.SIGUSR1)

        assert process.stdout.readline() == "JobTerminated\n"
