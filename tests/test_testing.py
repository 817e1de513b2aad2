"""What is enqueued goes to a test instead of to Redis."""

import threading
from typing import Any

import pytest

from resqued import current_job, outlet, testing
from resqued.activejob import Symbol
from resqued.client import Client
from resqued.errors import DontPerform, NotEncodable, UnknownJob
from resqued.jobclass import name_of
from resqued.registry import Registry

said: list[Any] = []


@pytest.fixture(autouse=True)
def _nothing_was_said() -> None:
    said.clear()


@pytest.fixture
def client() -> Client:
    return Client("unix:///nowhere/redis.sock")


class Echo:
    queue = "echo"

    @staticmethod
    def perform(*args: Any) -> None:
        said.append(args)


NAME = name_of(Echo)


def test_what_is_enqueued_is_collected_and_not_performed(client: Client) -> None:
    with testing.collected() as jobs:
        client.enqueue(Echo, "hello", 2)
        client.push("mail", {"class": "MyTask::Mail", "args": ["ann"]})

    assert jobs == [("echo", NAME, ("hello", 2)), ("mail", "MyTask::Mail", ("ann",))]
    assert said == []


def test_what_is_collected_has_names(client: Client) -> None:
    with testing.collected() as jobs:
        client.enqueue(Echo, "hello")

    assert (jobs[0].queue, jobs[0].name, jobs[0].args) == ("echo", NAME, ("hello",))


def test_what_another_thread_enqueues_is_collected(client: Client) -> None:
    with testing.collected() as jobs:
        thread = threading.Thread(target=client.enqueue, args=(Echo, "hello"))
        thread.start()
        thread.join()

    assert len(jobs) == 1


def test_arguments_arrive_as_from_a_queue(client: Client) -> None:
    given = ["a"]
    with testing.collected() as jobs:
        client.enqueue(Echo, ("a", "b"), given)
    given.append("b")

    assert jobs[0].args == (["a", "b"], ["a"])


def test_what_no_queue_could_carry_is_refused(client: Client) -> None:
    with testing.collected() as jobs, pytest.raises(NotEncodable):
        client.enqueue(Echo, float("nan"))

    assert jobs == []


def test_afterwards_nothing_is_collected_any_more() -> None:
    with testing.collected() as jobs:
        pass

    assert not outlet.takes("echo", {"class": "Echo", "args": []})
    assert jobs == []


def test_an_exception_ends_the_collecting() -> None:
    with pytest.raises(ValueError, match="boom"), testing.collected():
        raise ValueError("boom")

    assert not outlet.takes("echo", {"class": "Echo", "args": []})


def test_the_innermost_counts(client: Client) -> None:
    with testing.collected() as outer:
        with testing.collected() as inner:
            client.enqueue(Echo, "inner")
        client.enqueue(Echo, "outer")

    assert ([job.args for job in outer], [job.args for job in inner]) == ([("outer",)], [("inner",)])


def test_a_before_enqueue_hook_that_refuses_keeps_a_job_from_being_collected(client: Client) -> None:
    class Refused(Echo):
        before_enqueue_x = staticmethod(lambda *_args: False)

    with testing.collected() as jobs:
        client.enqueue(Refused)

    assert jobs == []


def test_inline_performs_a_job_where_it_is_enqueued(client: Client) -> None:
    with testing.inline():
        client.enqueue(Echo, "hello", ("a", "b"))

        assert said == [("hello", ["a", "b"])]


def test_inline_runs_the_hooks(client: Client) -> None:
    class Hooked(Echo):
        before_perform_x = staticmethod(lambda *_args: said.append("before"))
        after_perform_x = staticmethod(lambda *_args: said.append("after"))

    with testing.inline():
        client.enqueue(Hooked)

    assert said == ["before", (), "after"]


def test_inline_raises_what_a_job_raises_after_its_failure_hooks(client: Client) -> None:
    class Failing:
        queue = "echo"
        on_failure_a = staticmethod(lambda error: said.append(str(error)))
        on_failure_b = staticmethod(lambda _error: 1 / 0)

        @staticmethod
        def perform() -> None:
            raise ValueError("boom")

    with testing.inline(), pytest.raises(ValueError, match="boom") as caught:
        client.enqueue(Failing)

    assert said == ["boom"]
    assert "on_failure_b raised ZeroDivisionError" in caught.value.__notes__[0]


def test_inline_ends_a_job_quietly_that_does_not_want_to_be_performed(client: Client) -> None:
    class Unwilling(Echo):
        @staticmethod
        def before_perform_x() -> None:
            raise DontPerform

    with testing.inline():
        assert client.enqueue(Unwilling)

    assert said == []


def test_a_job_performed_inline_may_enqueue_another(client: Client) -> None:
    class Outer:
        queue = "outer"

        @staticmethod
        def perform() -> None:
            client.enqueue(Inner)
            said.append(queue_of_the_present_job())

    class Inner:
        queue = "inner"

        @staticmethod
        def perform() -> None:
            said.append(queue_of_the_present_job())

    with testing.inline():
        client.enqueue(Outer)

    assert said == ["inner", "outer"]


def queue_of_the_present_job() -> str:
    job = current_job()
    assert job is not None
    return job.queue


def test_inline_performs_a_job_that_is_enqueued_by_name_if_told_what_it_means(client: Client) -> None:
    with testing.inline(Registry.of(names={"MyTask::Echo": Echo})):
        client.push("echo", {"class": "MyTask::Echo", "args": ["hello"]})

    assert said == [("hello",)]


def test_inline_refuses_a_job_that_is_enqueued_by_name_otherwise(client: Client) -> None:
    with testing.inline(), pytest.raises(UnknownJob, match=r"inline\(Registry.of"):
        client.push("echo", {"class": "MyTask::Echo", "args": ["hello"]})


def test_inline_performs_what_rails_would_have_enqueued(client: Client) -> None:
    with testing.inline(Registry.of(names={"MailJob": Echo})):
        client.enqueue_active_job("mailers", "MailJob", Symbol("hello"))

    assert said == [("hello",)]


def test_a_batch_is_collected_with_its_callback(client: Client) -> None:
    with testing.collected() as jobs:
        with client.batch(Echo, ["all are done"]) as batch:
            batch.enqueue(Echo, 1)
            batch.enqueue(Echo, 2)
        client.submit(Echo, 3, keep=60)

    assert [job.args for job in jobs] == [(1,), (2,), ("all are done",), (3,)]
