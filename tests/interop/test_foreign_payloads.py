"""Payloads as other clients write them, from a queue to `perform`: what a job gets, and by which name it is known."""

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import pytest

from resqued import current_job, performer
from resqued.errors import InvalidPayload, UnknownJob
from resqued.joblimits import JobLimits
from resqued.protocol.payloads import ACTIVE_JOB
from resqued.registry import Registry
from resqued.verdict import DONE
from resqued.work import Job, Work
from resqued.worker import Application
from resqued.worker.task import Task
from tests.golden import seen, wrapped

NO_NAMES: Mapping[str, type] = MappingProxyType({})
said: list[Any] = []


@pytest.fixture(autouse=True)
def _nothing_was_said() -> None:
    said.clear()


class Mail:
    """Tells how it was called, and as what."""

    resque_name = "MailJob"
    timeout = 30

    @staticmethod
    def perform(*args: Any, **kwargs: Any) -> None:
        job = current_job()
        assert job is not None
        said.append((job.name, args, kwargs))


class Keyed(Mail):
    resque_name = "Keyed"
    resque_keywords = True

    @staticmethod
    def before_perform_note(*args: Any, **kwargs: Any) -> None:
        said.append(("before", args, kwargs))


class Deaf:
    @staticmethod
    def perform(*_args: Any) -> None:
        raise ValueError("no")

    @staticmethod
    def on_failure_tell(error: BaseException, *args: Any, **kwargs: Any) -> None:
        said.append((str(error), args, kwargs))


def task_for(raw: bytes, *jobs: type, names: Mapping[str, type] = NO_NAMES) -> Task:
    """As a worker makes it."""
    application = Application(Registry.of(*jobs, names=names), performer.perform, performer.failed, max_payload=10**6)
    return application.task(application.job(Work(1, "mailers", raw), "vm:1:mailers"))


def payload(name: str, args: Any, **more: Any) -> bytes:
    return json.dumps({"class": name, "args": args, **more}).encode()


# Rails


def test_a_job_that_rails_has_wrapped_is_performed_by_its_own_name_with_its_own_limits() -> None:
    task = task_for(wrapped("keywords"), Mail)

    assert task.limits == JobLimits(timeout=30)
    assert task.main(forked=False) is DONE
    assert said == [("MailJob", (1,), {"to": "ann", "cc": ["bob"]})]


def test_keyword_arguments_reach_the_hooks() -> None:
    task_for(wrapped("keywords"), Keyed, names={"MailJob": Keyed}).main(forked=False)
    task_for(wrapped("keywords"), names={"MailJob": Deaf}).main(forked=False)

    assert said[0] == ("before", (1,), {"to": "ann", "cc": ["bob"]})
    assert said[2][1:] == ((1,), {"to": "ann", "cc": ["bob"]})
    assert "unexpected keyword argument" in said[2][0]


def test_a_last_hash_of_symbols_is_keywords_for_a_class_that_wants_it_so() -> None:
    raw = wrapped("symbol keys").replace(b",2],", b"],")  # Ruby 2.6 wrote keyword arguments like this
    task_for(raw, names={"MailJob": Keyed}).main(forked=False)

    assert said[1][1:] == ((), {"to": "ann", "from": "bob", "nested": {"a": 1}})


def test_a_wrapped_job_that_nobody_knows_is_named_in_the_failure() -> None:
    with pytest.raises(UnknownJob, match="'MailJob'"):
        task_for(wrapped("positional"), Deaf)


def test_a_wrapped_job_whose_arguments_cannot_be_read_is_none() -> None:
    with pytest.raises(InvalidPayload, match="was serialized by 'TextSerializer'"):
        task_for(wrapped("custom"), Mail)


def test_an_application_may_unwrap_by_itself() -> None:
    task_for(wrapped("custom"), names={ACTIVE_JOB: Mail}).main(forked=False)

    assert [(name, args[0]["job_class"]) for name, args, _ in said] == [(ACTIVE_JOB, "MailJob")]


# locks of Ruby's plugins


class Locked(Mail):
    resque_name = "Locked"
    resque_locks = "resque-lock"


def test_a_job_has_the_locks_that_its_class_names_and_a_wrapped_one_has_none() -> None:
    promise = task_for(payload("Locked", [1]), Locked).promise

    assert promise is not None
    assert promise.opens_at_end == ("lock:Locked-[1]",)
    assert task_for(payload("MailJob", []), Mail).promise is None
    assert task_for(wrapped("positional"), names={"MailJob": Locked}).promise is None


# PHP


@pytest.mark.parametrize(
    ("args", "got"),
    [
        ([{"to": "ann", "cc": None}], ((), {"to": "ann", "cc": None})),
        ([None], ((), {})),  # Resque::enqueue('q', 'Keyed')
        ([[]], ((), {})),  # … with array(), which is a list in PHP
        ([[1, 2]], (([1, 2],), {})),
        ([1, {"to": "ann"}], ((1,), {"to": "ann"})),
        ([1, None], ((1, None), {})),
        ([], ((), {})),
    ],
)
def test_an_object_is_keyword_arguments_for_a_class_that_wants_it_so(args: Any, got: tuple[Any, Any]) -> None:
    task_for(payload("Keyed", args, id="3f2a", prefix="", queue_time=1795418461.25), Keyed).main(forked=False)

    assert said == [("before", *got), ("Keyed", *got)]


def test_an_object_is_an_argument_for_any_other_class() -> None:
    task_for(payload("MailJob", [{"to": "ann"}]), Mail).main(forked=False)

    assert said == [("MailJob", ({"to": "ann"},), {})]


def test_what_others_say_of_a_job_is_in_its_payload() -> None:
    class Asks:
        @staticmethod
        def perform() -> None:
            said.append(current_job())

    task_for(payload("Asks", [], id="3f2a"), names={"Asks": Asks}).main(forked=False)
    job = said[0]

    assert isinstance(job, Job)
    assert (job.payload["id"], job.active_job) == ("3f2a", None)


# node and pyres


def test_a_job_of_node_has_a_queue_and_no_arguments() -> None:
    task_for(b'{"class":"MailJob","queue":"mailers","args":{}}', Mail).main(forked=False)

    assert said == [("MailJob", (), {})]


@pytest.mark.parametrize("implementation", ["ruby", "perl", "node", "pyres"])
def test_what_others_have_enqueued_is_performed(implementation: Any) -> None:
    (raw,) = seen(implementation, "after enqueue")["resque:queue:ok"]["value"]
    name = "OkJob.OkJob" if implementation == "pyres" else "OkJob"
    given = "é" if implementation == "pyres" else "é😀"

    assert task_for(raw.encode(), names={name: Mail}).main(forked=False) is DONE
    assert said == [(name, (1, "two", {"k": None, "u": given}), {})]
