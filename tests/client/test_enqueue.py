"""Putting jobs on queues: what is written, what is refused, which hooks have a say."""

import functools
import json
import re
from collections.abc import Callable
from typing import Any, ClassVar

import pytest
from redis import Redis

from resqued import AddressError, CommandRefused, NotEncodable, QueueNotListed, Resque, WrongArguments
from tests.golden import dump, seen, wrapped

NAN = float("nan")


class Echo:
    queue = "echo"
    resque_name = "MyTask::Echo"

    @staticmethod
    def perform(text: str) -> None: ...


class Plain:
    queue = "plain"

    @staticmethod
    def perform() -> None: ...

    class Inner:
        queue = "plain"

        @staticmethod
        def perform() -> None: ...


class Louder(Echo):
    pass


class Homeless:
    @staticmethod
    def perform() -> None: ...


class Elsewhere:
    """Performed by workers that have other code: here it is a name and a queue."""

    queue = "elsewhere"


def head(redis: Redis, queue: str) -> str:
    text = redis.lindex(f"resque:queue:{queue}", 0)
    assert isinstance(text, bytes)
    return text.decode()


# What is written


def test_a_job_that_is_on_its_queue_although_redis_refused_a_command_is_said_to_be(
    resque: Resque, redis: Redis
) -> None:
    redis.set("resque:queues", "not a set")

    with pytest.raises(QueueNotListed, match=r"WRONGTYPE.*: resque:queues is not .*; but the job is on queue 'echo'"):
        resque.enqueue(Echo, "hello")
    assert redis.llen("resque:queue:echo") == 1


def test_of_many_jobs_it_is_said_how_many_are_on_their_queue(resque: Resque, redis: Redis) -> None:
    redis.set("resque:queues", "not a set")

    with pytest.raises(QueueNotListed, match=r"but the first 500 of 1001 jobs are on queue 'plain'") as raised:
        resque.enqueue_many(Plain, [[]] * 1001)
    assert raised.value.there == redis.llen("resque:queue:plain")


def test_a_job_that_is_not_on_its_queue_is_not_said_to_be(resque: Resque, redis: Redis) -> None:
    redis.set("resque:queues", "not a set")
    redis.set("resque:queue:echo", "not a list")

    with pytest.raises(CommandRefused, match="WRONGTYPE") as raised:
        resque.enqueue(Echo, "hello")
    assert type(raised.value) is CommandRefused


def test_a_pushed_job_leaves_what_ruby_leaves(resque: Resque, redis: Redis) -> None:
    resque.push("ok", {"class": "OkJob", "args": [1, "two", {"k": None, "u": "é😀"}]})

    assert dump(redis) == seen("ruby", "after enqueue")


def test_an_enqueued_job_leaves_what_ruby_leaves(resque: Resque, redis: Redis) -> None:
    resque.enqueue_to("ok", "OkJob", 1, "two", {"k": None, "u": "é😀"})

    assert dump(redis) == seen("ruby", "after enqueue")


def test_class_comes_before_args_whatever_the_order_of_the_payload(resque: Resque, redis: Redis) -> None:
    resque.push("q", {"args": [], "class": "A"})

    assert head(redis, "q") == '{"class":"A","args":[]}'


def test_keys_that_resque_does_not_know_stay(resque: Resque, redis: Redis) -> None:
    resque.push("q", {"id": 7, "class": "A"})

    assert head(redis, "q") == '{"class":"A","args":[],"id":7}'


def test_a_class_says_what_it_is_called_and_where_it_belongs(resque: Resque, redis: Redis) -> None:
    resque.enqueue(Echo, "hello")

    assert head(redis, "echo") == '{"class":"MyTask::Echo","args":["hello"]}'


def test_a_class_without_a_name_of_its_own_goes_by_module_and_name(resque: Resque, redis: Redis) -> None:
    resque.enqueue(Plain)

    assert head(redis, "plain") == f'{{"class":"{__name__}.Plain","args":[]}}'


def test_a_class_in_a_class_goes_by_its_whole_path(resque: Resque, redis: Redis) -> None:
    resque.enqueue(Plain.Inner)

    assert head(redis, "plain") == f'{{"class":"{__name__}.Plain.Inner","args":[]}}'


def test_a_class_inherits_the_queue_but_not_the_name(resque: Resque, redis: Redis) -> None:
    resque.enqueue(Louder, "hello")

    assert head(redis, "echo") == f'{{"class":"{__name__}.Louder","args":["hello"]}}'


def test_a_class_of_a_script_goes_by_its_bare_name(resque: Resque, redis: Redis) -> None:
    scripted = type(
        "Scripted", (), {"__module__": "__main__", "__qualname__": "Scripted", "perform": staticmethod(print)}
    )
    resque.enqueue_to("q", scripted)

    assert head(redis, "q") == '{"class":"Scripted","args":[]}'


def test_a_class_without_perform_stands_for_a_job_of_other_workers(resque: Resque, redis: Redis) -> None:
    resque.enqueue(Elsewhere, 1)

    assert head(redis, "elsewhere") == f'{{"class":"{__name__}.Elsewhere","args":[1]}}'


def test_another_queue_may_be_named(resque: Resque) -> None:
    resque.enqueue_to("urgent", Echo, "hello")

    assert resque.queues() == ["urgent"]


def test_an_enqueued_job_is_true(resque: Resque) -> None:
    assert resque.enqueue(Echo, "hello") is True
    assert resque.enqueue_to("q", "Echo") is True


def test_jobs_go_into_the_namespace(redis: Redis, redis_url: str) -> None:
    with Resque(redis_url, namespace="other") as other:
        other.push("q", {"class": "A"})

    assert dump(redis).keys() == {"other:queues", "other:queue:q"}


# What is refused


@pytest.mark.parametrize(
    ("argument", "reason"),
    [
        (NAN, r"payload\.args\[0\] holds nan"),
        ([1, {"x": float("inf")}], r"payload\.args\[0\]\[1\]\.x holds inf"),
        ("\ud800", r"payload\.args\[0\] holds a lone surrogate"),
        (2**64, r"payload\.args\[0\] holds an integer of more than 64 bits"),
        ({1: 2}, r"payload\.args\[0\] has the key 1"),
        (b"raw", r"payload\.args\[0\] is a bytes"),
    ],
)
def test_what_a_peer_could_not_read_is_refused_with_its_place(
    resque: Resque, redis: Redis, argument: Any, reason: str
) -> None:
    with pytest.raises(NotEncodable, match=reason):
        resque.enqueue(Echo, argument)
    assert redis.dbsize() == 0


@pytest.mark.parametrize("queue", ["", "a:b", "a,b", "a b", "<b>", "\ud800", "a\x00"])
def test_a_queue_that_no_worker_id_could_name_is_refused(resque: Resque, redis: Redis, queue: str) -> None:
    with pytest.raises(NotEncodable, match="queue name"):
        resque.push(queue, {"class": "A"})
    assert redis.dbsize() == 0


def test_a_payload_needs_a_class(resque: Resque) -> None:
    with pytest.raises(NotEncodable, match='needs a "class"'):
        resque.push("q", {"args": []})


def test_a_class_without_a_queue_is_told_how_to_get_one(resque: Resque) -> None:
    with pytest.raises(
        NotEncodable, match=r"Homeless names no queue: give it a class attribute `queue`, or use enqueue_to"
    ):
        resque.enqueue(Homeless)


# Slips


def plain(text: str) -> None: ...


SLIPS: dict[str, tuple[Callable[[Resque], object], str]] = {
    "a name": (lambda it: it.enqueue(_any("MyTask::Echo"), "x"), "'MyTask::Echo' is a name, .*: enqueue_to takes"),
    "nothing": (lambda it: it.enqueue(_any(None)), "a job is a class, .* not None"),
    "a job without class": (lambda it: it.enqueue_to("q", _any(5)), "a job is a class, .* not 5"),
    "an instance": (lambda it: it.enqueue(_any(Echo()), "x"), "a job is a class, .* not <tests"),
    "a function": (lambda it: it.enqueue(_any(plain), "x"), "a job is a class, .* not plain without it"),
    "many of nothing": (lambda it: it.enqueue_many(_any(None), [[]]), "a job is a class"),
    "nothing with a result": (lambda it: it.submit(_any(None), keep=5), "a job is a class"),
    "nothing off a queue": (lambda it: it.dequeue(_any(None)), "a job is a class"),
    "nothing delayed off": (lambda it: it.remove_delayed(_any(None), queue="q"), "a job is a class"),
    "nothing called back": (lambda it: it.batch(_any(5)), "a job is a class"),
    "nothing later": (lambda it: it.enqueue_in(5, _any(None), queue="q"), "a job is a class"),
    "no delay": (lambda it: it.enqueue_in(_any("x"), Echo, "x"), "'x' is no delay: give seconds, or a timedelta"),
    "no time": (lambda it: it.enqueue_at(_any("2026"), Echo, "x"), "'2026' is no time: give a datetime with a time"),
    "no payload": (lambda it: it.push("echo", _any("str")), r"a payload is a mapping, .*, not str"),
    "no queue": (lambda it: it.push(_any(5), {"class": "A"}), "the name of a queue is text, not 5"),
    "no other queue": (lambda it: it.enqueue_to(_any(None), Echo, "x"), "the name of a queue is text, not None"),
}


def _any(value: object) -> Any:
    return value


@pytest.mark.parametrize(("slip", "said"), SLIPS.values(), ids=SLIPS)
def test_a_slip_is_told_before_anything_is_written(
    resque: Resque, redis: Redis, slip: Callable[[Resque], object], said: str
) -> None:
    with pytest.raises(NotEncodable, match=said):
        slip(resque)
    assert redis.dbsize() == 0


def test_what_is_neither_an_address_nor_a_client_is_refused() -> None:
    with pytest.raises(AddressError, match=r"int is no address, and no client of redis-py: host\[:port\], "):
        Resque(_any(5))


# Arguments


class Letter:
    queue = "mail"

    def perform(self, address: str, copies: int = 1, *pages: str, draft: bool = False) -> None: ...


@pytest.mark.parametrize(
    ("args", "named", "carried"),
    [
        (("ann",), {}, ["ann"]),
        (("ann", 2, "p1", "p2"), {}, ["ann", 2, "p1", "p2"]),
        ((), {"address": "ann"}, ["ann"]),
        (("ann",), {"copies": 2}, ["ann", 2]),
        ((), {"copies": 2, "address": "ann"}, ["ann", 2]),
    ],
)
def test_named_arguments_are_put_in_their_places(
    resque: Resque, args: tuple[Any, ...], named: dict[str, Any], carried: list[Any]
) -> None:
    resque.enqueue(Letter, *args, **named)

    assert resque.peek("mail")[0]["args"] == carried


def test_what_is_left_out_before_a_named_argument_is_there_with_its_default(resque: Resque) -> None:
    class Page:
        @classmethod
        def perform(cls, number: int, size: str = "a4", colour: str = "black", weight: int = 80) -> None: ...

    resque.enqueue_to("print", Page, 1, colour="red")

    assert resque.peek("print")[0]["args"] == [1, "a4", "red"]


@pytest.mark.parametrize(
    ("args", "named", "reason"),
    [
        ((), {}, "missing a required argument: 'address'"),
        (("ann",), {"copy": 2}, "got an unexpected keyword argument 'copy'"),
        (("ann",), {"address": "bob"}, "multiple values for argument 'address'"),
        (("ann",), {"draft": True}, "a payload is a list and cannot name 'draft'"),
    ],
)
def test_what_perform_cannot_be_called_with_is_refused(
    resque: Resque, redis: Redis, args: tuple[Any, ...], named: dict[str, Any], reason: str
) -> None:
    with pytest.raises(WrongArguments, match=rf"Letter' cannot be performed so: {reason} \(it takes \(address: str, "):
        resque.enqueue(Letter, *args, **named)
    assert redis.dbsize() == 0


def test_what_does_not_fit_is_refused_before_any_hook(resque: Resque, guarded: type["Guarded"]) -> None:
    class Strict(guarded):  # type: ignore[misc,valid-type]  # a fixture
        @staticmethod
        def perform() -> None: ...

    with pytest.raises(WrongArguments):
        resque.enqueue(Strict, 1)
    assert guarded.heard == []


def test_a_wrapper_is_taken_for_what_it_is_and_not_for_what_it_wraps(resque: Resque) -> None:
    @functools.wraps(Echo.perform)
    def with_session(*args: object) -> None: ...

    for perform in (staticmethod(with_session), with_session):  # the second is an instance method
        resque.enqueue(type("Wrapped", (), {"queue": "q", "perform": perform}), 1, 2, 3)

    assert resque.size("q") == 2


@pytest.mark.parametrize("job", ["Letter", Elsewhere, type("Hidden", (), {"perform": staticmethod(max)})])
def test_arguments_of_what_cannot_be_looked_into_are_not_named(resque: Resque, job: Any) -> None:
    with pytest.raises(WrongArguments, match="cannot be named"):
        resque.enqueue_to("q", job, address="ann")


# Hooks


class Guarded:
    queue = "guarded"
    heard: ClassVar[list[Any]] = []
    answer: object = None

    @staticmethod
    def perform(*args: object) -> None: ...

    @classmethod
    def before_enqueue_b(cls, *args: object) -> object:
        cls.heard.append(("before b", *args))
        return cls.answer

    @classmethod
    def before_enqueue_a(cls, *args: object) -> None:
        cls.heard.append(("before a", *args))

    @classmethod
    def after_enqueue(cls, *args: object) -> None:
        cls.heard.append(("after", *args))


@pytest.fixture(name="guarded")
def guarded_job(monkeypatch: pytest.MonkeyPatch) -> type[Guarded]:
    monkeypatch.setattr(Guarded, "heard", [])
    return Guarded


def test_hooks_run_in_the_order_of_the_alphabet_with_the_arguments(resque: Resque, guarded: type[Guarded]) -> None:
    resque.enqueue(guarded, 1, "x")

    assert guarded.heard == [("before a", 1, "x"), ("before b", 1, "x"), ("after", 1, "x")]


def test_false_from_a_hook_keeps_the_job_off_the_queue(
    resque: Resque, guarded: type[Guarded], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guarded, "answer", False)

    assert resque.enqueue(guarded) is False
    assert resque.queues() == []
    assert guarded.heard == [("before a",), ("before b",)]


@pytest.mark.parametrize("answer", [None, 0, "", []])
def test_only_false_itself_refuses(
    resque: Resque, guarded: type[Guarded], monkeypatch: pytest.MonkeyPatch, answer: object
) -> None:
    monkeypatch.setattr(guarded, "answer", answer)

    assert resque.enqueue(guarded) is True


def test_a_job_that_cannot_be_encoded_is_refused_before_any_hook(resque: Resque, guarded: type[Guarded]) -> None:
    with pytest.raises(NotEncodable):
        resque.enqueue(guarded, NAN)
    assert guarded.heard == []


def test_after_enqueue_comes_when_the_job_is_on_its_queue(resque: Resque) -> None:
    sizes = []

    class Watching:
        queue = "q"
        perform = staticmethod(print)

        @staticmethod
        def after_enqueue() -> None:
            sizes.append(resque.size("q"))

    resque.enqueue(Watching)

    assert sizes == [1]


def test_what_a_hook_raises_is_the_callers_to_see(resque: Resque) -> None:
    class Broken:
        queue = "q"
        perform = staticmethod(print)

        @staticmethod
        def before_enqueue() -> None:
            raise RuntimeError("no")

    with pytest.raises(RuntimeError, match="no"):
        resque.enqueue(Broken)
    assert resque.size("q") == 0


def test_a_pushed_payload_asks_no_hook(resque: Resque, guarded: type[Guarded]) -> None:
    resque.push("guarded", {"class": f"{__name__}.Guarded"})

    assert guarded.heard == []


def test_a_hook_gets_keywords_where_perform_does(resque: Resque) -> None:
    heard = []

    class Keyed:
        queue = "q"
        resque_keywords = True

        @staticmethod
        def perform(number: int, *, to: str) -> None: ...

        @staticmethod
        def before_enqueue(*args: object, **kwargs: object) -> None:
            heard.append((args, kwargs))

    resque.enqueue(Keyed, 1, {"to": "ann"})

    resque.enqueue(Keyed, 1, to="bob")
    with pytest.raises(WrongArguments, match="missing a required argument: 'to'"):
        resque.enqueue(Keyed, 1)

    assert heard == [((1,), {"to": "ann"}), ((1,), {"to": "bob"})]
    assert [job["args"] for job in resque.peek("q", 0, 2)] == [[1, {"to": "ann"}], [1, {"to": "bob"}]]


# ActiveJob


def test_a_job_for_rails_is_what_rails_would_have_enqueued(resque: Resque, redis: Redis) -> None:
    identity = resque.enqueue_active_job("mailers", "MailJob", 1, to="ann", cc=["bob"])
    mine, theirs = json.loads(head(redis, "mailers")), json.loads(wrapped("keywords"))
    written, expected = mine["args"][0], theirs["args"][0]

    assert (mine["class"], list(mine)) == (theirs["class"], ["class", "args"])
    assert list(written) == list(expected)
    assert written["job_id"] == identity
    assert {**written, "job_id": None, "enqueued_at": None} == {
        **expected,
        "job_id": None,
        "enqueued_at": None,
        "locale": None,
        "timezone": None,
    }
    assert re.fullmatch(r"2\d{3}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z", written["enqueued_at"])


def test_an_argument_that_json_cannot_say_is_refused_inside_a_wrapper(resque: Resque) -> None:
    with pytest.raises(NotEncodable, match="is a set, which JSON cannot say"):
        resque.enqueue_active_job("mailers", "MailJob", {1})
    assert resque.size("mailers") == 0
