"""Functions that are jobs."""

import asyncio
import inspect
import pickle
from functools import partial
from typing import Any

import pytest

import resqued
from resqued import Resque, api, destination, jobhooks, joblimits, testing
from resqued.address import parse
from resqued.concurrency import Limit
from resqued.errors import NotEncodable, WrongArguments
from resqued.jobclass import name_of
from resqued.registry import Registry
from tests.support.python import run_python

said: list[Any] = []


@pytest.fixture(autouse=True)
def _nothing_is_left_of_others(monkeypatch: pytest.MonkeyPatch) -> None:
    said.clear()
    monkeypatch.setattr(api, "_present", None)
    monkeypatch.setattr(destination, "_own", None)
    monkeypatch.setattr(destination, "_stated", None)


@resqued.job(queue="mail")
def welcome(address: str, copies: int = 1) -> str:
    """Say hello."""
    said.append((address, copies))
    return f"{copies} to {address}"


@resqued.job(queue="mail", name="Mail::Later", timeout=30, memory="64MiB")
async def later(address: str) -> str:
    await asyncio.sleep(0)
    said.append(address)
    return address


@resqued.job(queue="mail", keywords=True, locks="resque-lock")
def by_name(address: str, *, copies: int) -> None:
    said.append((address, copies))


# As a function


def test_it_is_called_as_the_function_that_it_was_made_of() -> None:
    assert welcome("ann", copies=2) == "2 to ann"
    assert said == [("ann", 2)]


def test_an_asynchronous_one_is_awaited_by_its_caller() -> None:
    assert asyncio.run(later("ann")) == "ann"


def test_it_is_described_as_the_function() -> None:
    assert welcome.__doc__ == "Say hello."
    assert (welcome.__name__, welcome.__module__) == ("welcome", __name__)
    assert str(inspect.signature(welcome)) == "(address: str, copies: int = 1) -> str"
    assert repr(welcome) == f"<job {__name__}.welcome>"


def test_it_can_be_pickled_as_a_function_can() -> None:
    assert pickle.loads(pickle.dumps(welcome)) is welcome


# As a job


def test_it_states_what_a_class_states() -> None:
    limits = joblimits.of(later)

    assert (name_of(later), limits.timeout, limits.memory) == ("Mail::Later", 30.0, 64 * 1024**2)
    assert (name_of(welcome), joblimits.of(welcome)) == (f"{__name__}.welcome", joblimits.UNSTATED)


def test_it_may_take_arguments_by_name_as_php_writes_them() -> None:
    own = jobhooks.of(by_name)

    assert (own.keywords, own.locks) == (True, ("resque-lock",))
    by_name("ann", copies=2)
    assert said == [("ann", 2)]


def test_a_registry_knows_it_by_its_names() -> None:
    registry = Registry.of(welcome, later, names={"Ruby::Welcome": welcome})

    for name in ("Ruby::Welcome", "welcome", f"{__name__}.welcome"):
        assert registry.find(name) is welcome
    assert registry.find("Mail::Later") is later


def test_limits_that_are_none_are_mistakes_when_the_application_is_loaded() -> None:
    hasty = resqued.job(timeout=-1)(print)

    with pytest.raises(resqued.ConfigError, match=r"print\.timeout: expected a number of seconds"):
        Registry.of(hasty)


def test_how_many_run_at_a_time_is_said_of_it() -> None:
    bill = resqued.job(queue="q", name="Bill", concurrency={"limit": 3, "by": ["address"]})(welcome.perform)

    limits = joblimits.of(bill)
    assert limits.concurrency
    assert limits.concurrency.of(["ann"]) == Limit('Bill["ann"]', 3)


def test_policies_are_said_of_it(redis_url: str) -> None:
    with_policies = resqued.job(queue="q", name="Bill", retry={"limit": 2}, unique={"while": "queued"})(welcome.perform)

    limits = joblimits.of(with_policies)
    assert limits.retry
    assert limits.retry.limit == 2
    resqued.connect(redis_url)
    assert with_policies.enqueue_many([("ann",), ("ann",), ("bob", 2)]) == [True, False, True]


def test_its_result_is_kept_for_who_submits_it() -> None:
    @resqued.job(queue="q", keep_result=60)
    def add(one: int, other: int = 1) -> int:
        return one + other

    with testing.collected() as jobs:
        receipt = add.submit(1, other=2)

    assert receipt
    assert [job.args for job in jobs] == [(1, 2)]


def test_functions_are_enqueued_in_a_batch(redis_url: str) -> None:
    with resqued.Resque(redis_url) as resque:
        with resque.batch(welcome, ["ann"]) as batch:
            batch.enqueue(later, "bob")
        assert [job["args"] for job in resque.peek("mail")] == [["bob"]]


def test_hooks_are_given_to_it() -> None:
    @resqued.job(queue="q", before_enqueue_ask=lambda text: text != "no", on_failure_tell=print)
    def echo(text: str) -> None: ...

    assert jobhooks.of(echo).on_failure == ("on_failure_tell",)
    with testing.collected() as jobs:
        assert [echo.enqueue("yes"), echo.enqueue("no")] == [True, False]
    assert [job.args for job in jobs] == [("yes",)]


def test_what_the_decorator_does_not_know_is_refused() -> None:
    with pytest.raises(TypeError, match=r"@job does not know 'timout'.*before_enqueue"):
        resqued.job(timout=30)  # type: ignore[arg-type]  # as mypy says, too
    with pytest.raises(TypeError, match="on_failure_retries has to be a function, not 5"):
        resqued.job(on_failure_retries=5)  # type: ignore[arg-type]  # as above


def test_a_class_is_not_decorated() -> None:
    class Echo:
        def perform(self) -> None: ...

    with pytest.raises(TypeError, match="a class with a `perform` is a job as it is"):
        resqued.job()(Echo)


def test_what_no_payload_could_ever_call_is_no_job() -> None:
    def send(address: str, *, copies: int, draft: bool = False) -> None: ...

    with pytest.raises(TypeError, match=r"send wants copies by name, and a payload is a list"):
        resqued.job()(send)


def test_what_has_no_name_is_no_job() -> None:
    with pytest.raises(TypeError, match=r"partial\(.* has no name that a payload could use"):
        resqued.job()(partial(print, "a"))


def test_a_function_in_c_may_be_a_job_whose_arguments_nobody_checks() -> None:
    with testing.collected() as jobs:
        resqued.job(queue="q")(max).enqueue(1, 2)

    assert jobs == [("q", "builtins.max", (1, 2))]


# Enqueued


def test_it_is_enqueued_on_its_queue_or_another_with_its_arguments() -> None:
    with testing.collected() as jobs:
        assert welcome.enqueue("ann", copies=2)
        assert welcome.enqueue_to("urgent", "bob")
        Resque().enqueue(later, "eve")
        assert welcome.enqueue_in(60, "dan", copies=3)
        assert welcome.enqueue_at(2e9, "fay")

    assert jobs == [
        ("mail", f"{__name__}.welcome", ("ann", 2)),
        ("urgent", f"{__name__}.welcome", ("bob",)),
        ("mail", "Mail::Later", ("eve",)),
        ("mail", f"{__name__}.welcome", ("dan", 3)),
        ("mail", f"{__name__}.welcome", ("fay",)),
    ]


def test_arguments_that_do_not_fit_are_refused_by_mypy_and_when_enqueued() -> None:
    resque = Resque()
    with testing.collected() as jobs:
        with pytest.raises(
            WrongArguments, match=r"welcome' .*missing a required argument: 'address' \(it takes \(address: str, "
        ):
            welcome.enqueue()  # type: ignore[call-arg]
        with pytest.raises(WrongArguments, match="too many positional arguments"):
            welcome.enqueue_to("q", "ann", 1, 2)  # type: ignore[call-arg]
        with pytest.raises(WrongArguments, match="unexpected keyword argument 'copy'"):
            resque.enqueue(welcome, "ann", copy=2)  # type: ignore[call-arg]
        with pytest.raises(WrongArguments, match="too many positional arguments"):
            welcome.enqueue_in(60, "ann", 1, 2)  # type: ignore[call-arg]
        with pytest.raises(WrongArguments, match="too many positional arguments"):
            resque.enqueue_in(60, welcome, "ann", 1, 2)
        welcome.enqueue(7)  # type: ignore[arg-type]

    assert [job.args for job in jobs] == [(7,)]


def test_without_a_queue_it_is_told_how_to_get_one() -> None:
    with pytest.raises(NotEncodable, match="names no queue"):
        resqued.job()(print).enqueue()


def test_it_is_performed_inline_with_its_hooks() -> None:
    @resqued.job(queue="q", after_perform_say=lambda text: said.append(f"after {text}"))
    def echo(text: str) -> None:
        said.append(text)

    with testing.inline():
        echo.enqueue("hello")
        later.enqueue("ann")

    assert said == ["hello", "after hello", "ann"]


# Where to


def test_it_goes_where_the_process_is_connected_to(redis_url: str) -> None:
    resque = resqued.connect(redis_url, namespace="ours")
    welcome.enqueue("ann")

    assert (resque.size("mail"), api.present()) == (1, resque)


def test_in_a_job_it_goes_where_that_came_from(redis_url: str) -> None:
    destination.serve(destination.Place(parse(redis_url), "ours"))
    welcome.enqueue("ann")

    assert Resque(redis_url, "ours").size("mail") == 1


def test_what_the_application_says_goes_before_that(redis_url: str) -> None:
    destination.serve(destination.Place(parse(redis_url), "theirs"))
    destination.state(destination.Place(parse(redis_url), "ours"))
    welcome.enqueue("ann")

    assert Resque(redis_url, "ours").size("mail") == 1


def test_elsewhere_it_goes_to_the_redis_of_this_machine() -> None:
    assert repr(api.present()) == repr(Resque())


def test_the_decorator_loads_nothing_that_only_clients_need() -> None:
    loaded = run_python("import sys\nfrom resqued import job\n@job(queue='q')\ndef f(): ...\nprint(*sys.modules)")

    assert {"redis", "hiredis", "msgspec", "asyncio", "logging", "resqued.client"}.isdisjoint(loaded.split())
