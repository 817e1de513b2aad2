"""Finding the hooks of a job class by how their names begin."""

from collections.abc import Callable
from functools import partial, partialmethod
from typing import Any

import pytest

from resqued import jobhooks

KINDS = (
    "before_enqueue",
    "after_enqueue",
    "before_dequeue",
    "after_dequeue",
    "before_perform",
    "around_perform",
    "after_perform",
    "on_failure",
)


def a_job(**methods: Any) -> type:
    return type("Echo", (), {"perform": staticmethod(nothing), **methods})


def nothing(*_args: object) -> None:
    pass


def answering(answer: object) -> object:
    return staticmethod(lambda *_args: answer)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_found_by_its_prefix(kind: str) -> None:
    job = a_job(**{f"{kind}_with_lock": staticmethod(nothing), "another": staticmethod(nothing)})

    assert getattr(jobhooks.of(job), kind) == (f"{kind}_with_lock",)


def test_hooks_run_in_the_order_of_the_alphabet_the_unnamed_one_first() -> None:
    job = a_job(before_perform_b=nothing, before_perform_a=nothing, before_perform=nothing)

    assert jobhooks.of(job).before_perform == ("before_perform", "before_perform_a", "before_perform_b")


def test_inherited_hooks_count() -> None:
    class Logged:
        def before_perform_log(self) -> None: ...

    class Locked:
        @classmethod
        def before_perform_lock(cls) -> None: ...

    class Echo(Logged, Locked):
        def perform(self) -> None: ...

    assert jobhooks.of(Echo).before_perform == ("before_perform_lock", "before_perform_log")


def test_a_subclass_does_away_with_a_hook_by_setting_it_to_none() -> None:
    class Logged:
        def before_perform_log(self) -> None: ...

    assert jobhooks.of(type("Echo", (Logged,), {"before_perform_log": None, "perform": nothing})).before_perform == ()


def test_a_setting_whose_name_begins_like_a_hook_is_not_one() -> None:
    assert jobhooks.of(a_job(on_failure_retries=5)).on_failure == ()


def test_the_hooks_of_a_class_are_found_once() -> None:
    job = a_job()

    assert jobhooks.of(job) is jobhooks.of(job)


@pytest.mark.parametrize(
    ("stated", "wants_an_instance"),
    [
        (staticmethod(nothing), False),
        (classmethod(nothing), False),
        (partial(nothing), False),
        (nothing, True),
        (partialmethod(nothing), True),
    ],
    ids=["static", "class", "partial", "function", "partialmethod"],
)
def test_what_would_be_bound_to_an_instance_wants_one(stated: object, *, wants_an_instance: bool) -> None:
    assert ("perform" in jobhooks.of(a_job(perform=stated)).instance_methods) is wants_an_instance


def test_methods_of_one_job_share_an_instance_that_is_made_when_the_first_of_them_wants_it() -> None:
    class Echo:
        made = 0

        def __init__(self) -> None:
            Echo.made += 1

        @staticmethod
        def perform() -> None: ...

        def before_perform_a(self) -> "Echo":
            return self

        def before_perform_b(self) -> "Echo":
            return self

    receiver = jobhooks.Receiver(Echo, jobhooks.of(Echo).instance_methods)
    receiver.method("perform")()
    before = Echo.made

    assert (before, receiver.method("before_perform_a")() is receiver.method("before_perform_b")()) == (0, True)
    assert Echo.made == 1


def test_a_hook_of_the_metaclass_is_called_on_the_class() -> None:
    class Kind(type):
        def perform(cls) -> type:
            return cls

    class Echo(metaclass=Kind): ...

    assert jobhooks.Receiver(Echo, jobhooks.of(Echo).instance_methods).method("perform")() is Echo


def test_only_a_job_with_something_asynchronous_around_its_perform_is_asynchronous() -> None:
    async def later(*_args: object) -> None: ...

    asynchronous = [a_job(perform=staticmethod(later)), a_job(on_failure_mail=later)]
    others = [a_job(), a_job(after_enqueue_mail=later)]

    assert [jobhooks.of(job).asynchronous for job in [*asynchronous, *others]] == [True, True, False, False]


@pytest.mark.parametrize(
    ("answers", "agreed"), [((), True), ((None, True, 0), True), ((False, True), False), ((True, False), False)]
)
def test_only_false_refuses(answers: tuple[object, ...], *, agreed: bool) -> None:
    hooks = {f"before_enqueue_{i}": answering(answer) for i, answer in enumerate(answers)}
    job = a_job(**hooks)

    assert jobhooks.agree(job, jobhooks.of(job).before_enqueue, ()) is agreed


def test_a_refusal_does_not_keep_the_other_hooks_from_being_called() -> None:
    called: list[object] = []
    job = a_job(before_enqueue_a=answering(False), before_enqueue_b=staticmethod(called.append))
    jobhooks.agree(job, jobhooks.of(job).before_enqueue, ["hello"])

    assert called == ["hello"]


def test_what_a_hook_of_the_client_raises_is_raised() -> None:
    job = a_job(after_enqueue_x=staticmethod(int))

    with pytest.raises(ValueError, match="invalid literal"):
        jobhooks.tell(job, jobhooks.of(job).after_enqueue, ["hello"])


def test_an_asynchronous_hook_of_the_client_is_refused_because_nobody_would_await_it() -> None:
    async def refuse(*_args: object) -> bool:
        return False

    job = a_job(before_enqueue_x=staticmethod(refuse))

    with pytest.raises(TypeError, match="before_enqueue_x is asynchronous"):
        jobhooks.agree(job, jobhooks.of(job).before_enqueue, ())


def test_a_client_hook_may_be_an_instance_method() -> None:
    def refuse(_self: object, *_args: object) -> bool:
        return False

    refusing: Callable[..., bool] = refuse
    job = a_job(before_enqueue_x=refusing)

    assert not jobhooks.agree(job, jobhooks.of(job).before_enqueue, ["hello"])
