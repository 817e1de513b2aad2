"""What both kinds of wire do, over TCP, over a unix socket, and where a sentinel says."""

import pytest
from redis import Redis

from resqued.address import Address
from resqued.errors import CommandRefused
from resqued.wire import PENDING, Reply, Wire
from tests.support import eventually
from tests.support.waiting import readable
from tests.wire.conftest import Connect


def awaited(wire: Wire) -> Reply:
    """The answer to what was asked, when it has come."""
    while (answer := wire.answer()) is PENDING:
        assert readable(wire)
    return answer


# --- call ---


def test_a_command_gets_its_reply(wire: Wire) -> None:
    assert wire.call("ECHO", "hello") == b"hello"


def test_bytes_of_any_value_pass_unchanged(wire: Wire) -> None:
    everything = bytes(range(256))
    wire.call("SET", everything, everything)

    assert wire.call("GET", everything) == everything


def test_text_is_sent_as_utf_8(wire: Wire) -> None:
    assert wire.call("ECHO", "é😀") == "é😀".encode()


def test_an_integer_is_sent_in_decimal_and_comes_back_as_one(wire: Wire) -> None:
    assert wire.call("INCRBY", "k", -17) == -17


def test_nothing_comes_back_as_none(wire: Wire) -> None:
    assert wire.call("GET", "no such key") is None


def test_nested_replies_come_back_as_nested_lists(wire: Wire) -> None:
    assert wire.call("EVAL", "return {1, {'a', false}, {}}", 0) == [1, [b"a", None], []]


def test_a_megabyte_passes_in_both_directions(wire: Wire) -> None:
    megabyte = bytes(1024 * 1024)

    assert wire.call("ECHO", megabyte) == megabyte


def test_a_false_reply_is_not_taken_for_a_missing_one(wire: Wire) -> None:
    assert wire.call("EXISTS", "no such key") == 0
    assert wire.call("ECHO", "") == b""


def test_a_caller_may_do_something_else_meanwhile(wire: Wire) -> None:
    done: list[str] = []

    assert wire.call("ECHO", "hello", meanwhile=lambda: done.append("once")) == b"hello"
    assert done == ["once"]


def test_what_cannot_be_sent_is_a_mistake_of_the_caller_and_harms_nothing(wire: Wire) -> None:
    with pytest.raises(TypeError):
        wire.call("SET", "k", None)  # type: ignore[arg-type]  # the mistake

    assert wire.call("ECHO", "next") == b"next"


# --- error replies ---


def test_a_refused_command_says_its_code_and_text(wire: Wire) -> None:
    wire.call("SET", "k", "not a list")

    with pytest.raises(CommandRefused, match="wrong kind of value") as refused:
        wire.call("RPUSH", "k", "x")
    assert refused.value.code == "WRONGTYPE"


def test_an_unknown_script_is_told_by_its_code(wire: Wire) -> None:
    with pytest.raises(CommandRefused) as refused:
        wire.call("EVALSHA", "0" * 40, 0)
    assert refused.value.code == "NOSCRIPT"


def test_a_refusal_inside_a_script_has_the_code_of_what_was_refused(wire: Wire) -> None:
    wire.call("SET", "k", "not a list")

    with pytest.raises(CommandRefused) as refused:
        wire.call("EVAL", "return redis.call('RPUSH', KEYS[1], 'x')", 1, "k")
    assert refused.value.code == "WRONGTYPE"


def test_the_connection_outlives_a_refusal(wire: Wire) -> None:
    before = wire.call("CLIENT", "ID")
    with pytest.raises(CommandRefused):
        wire.call("NO SUCH COMMAND")

    assert wire.call("CLIENT", "ID") == before


# --- transaction ---


def test_a_transaction_returns_the_reply_of_each_command(wire: Wire) -> None:
    assert wire.transaction([("SET", "k", 1), ("INCR", "k"), ("GET", "k")]) == [b"OK", 2, b"2"]


def test_a_transaction_of_nothing_returns_nothing(wire: Wire) -> None:
    assert wire.transaction([]) == []


def test_a_transaction_with_a_command_that_cannot_be_queued_does_nothing_and_says_why(wire: Wire) -> None:
    with pytest.raises(CommandRefused, match="unknown command"):
        wire.transaction([("SET", "k", 1), ("NOSUCHCOMMAND",)])

    assert wire.call("EXISTS", "k") == 0


def test_a_command_that_fails_within_a_transaction_raises_and_the_others_are_done(wire: Wire) -> None:
    with pytest.raises(CommandRefused) as refused:
        wire.transaction([("SET", "k", 1), ("RPUSH", "k", "x"), ("INCR", "k")])

    assert (refused.value.code, refused.value.executed) == ("WRONGTYPE", [0, 2])
    assert wire.call("GET", "k") == b"2"


# --- pipeline ---


def test_a_pipeline_returns_the_replies_in_order(wire: Wire) -> None:
    assert wire.pipeline([("ECHO", number) for number in range(1000)]) == [b"%d" % number for number in range(1000)]


def test_a_pipeline_of_nothing_returns_nothing(wire: Wire) -> None:
    assert wire.pipeline([]) == []


def test_the_first_refusal_in_a_pipeline_raises_when_all_commands_are_done(wire: Wire) -> None:
    with pytest.raises(CommandRefused) as refused:
        wire.pipeline([("SET", "k", 1), ("RPUSH", "k", "x"), ("NOSUCHCOMMAND",), ("INCR", "k")])

    assert refused.value.code == "WRONGTYPE"
    assert wire.call("GET", "k") == b"2"


# --- ask and answer ---


def test_an_answer_is_pending_until_it_comes(wire: Wire, redis: Redis) -> None:
    wire.ask("BLMOVE", "q", "q", "LEFT", "LEFT", 10)
    before = wire.answer()
    redis.rpush("q", "job")

    assert before is PENDING
    assert awaited(wire) == b"job"


def test_a_wait_is_readable_only_when_its_answer_has_come(wire: Wire, redis: Redis) -> None:
    wire.ask("BLMOVE", "q", "q", "LEFT", "LEFT", 10)
    before = readable(wire, within=0)
    redis.rpush("q", "job")

    assert not before
    assert readable(wire)


def test_a_wait_that_ends_by_itself_is_answered_with_none(wire: Wire) -> None:
    wire.ask("BLMOVE", "q", "q", "LEFT", "LEFT", "0.01")

    assert awaited(wire) is None


def test_an_answer_that_comes_in_parts_is_pending_until_it_is_whole(wire: Wire) -> None:
    megabyte = bytes(1024 * 1024)
    wire.ask("ECHO", megabyte)

    assert awaited(wire) == megabyte


def test_a_refusal_may_be_the_answer(wire: Wire) -> None:
    wire.call("SET", "q", "not a list")
    wire.ask("BLMOVE", "q", "q", "LEFT", "LEFT", 10)

    with pytest.raises(CommandRefused) as refused:
        awaited(wire)
    assert refused.value.code == "WRONGTYPE"


def test_one_connection_serves_one_wait_after_another(wire: Wire) -> None:
    wire.ask("CLIENT", "ID")
    first = awaited(wire)
    wire.ask("CLIENT", "ID")

    assert awaited(wire) == first


def test_calls_go_on_after_an_answer(wire: Wire) -> None:
    wire.ask("ECHO", "asked")
    awaited(wire)

    assert wire.call("ECHO", "called") == b"called"


def test_nothing_is_pending_if_nothing_was_asked(wire: Wire) -> None:
    assert wire.answer() is PENDING
    assert wire.fileno() == -1


def test_after_an_answer_there_is_not_another(wire: Wire) -> None:
    wire.ask("ECHO", "asked")
    awaited(wire)

    assert wire.answer() is PENDING


def test_closing_drops_a_wait_and_the_server_notices(wire: Wire, redis: Redis) -> None:
    wire.ask("BLPOP", "q", 10)
    eventually(lambda: redis.info("clients")["blocked_clients"] == 1)
    wire.close()
    eventually(lambda: redis.info("clients")["blocked_clients"] == 0)
    redis.rpush("q", "job")

    assert wire.answer() is PENDING
    assert redis.lrange("q", 0, -1) == [b"job"]


def test_the_answer_to_a_dropped_wait_is_not_taken_for_another(wire: Wire, redis: Redis) -> None:
    wire.ask("BLMOVE", "q", "q", "LEFT", "LEFT", 10)
    redis.rpush("q", "job")

    assert wire.call("ECHO", "called") == b"called"


def test_asking_again_drops_the_first_wait(wire: Wire, redis: Redis) -> None:
    wire.ask("BLMOVE", "q", "q", "LEFT", "LEFT", 10)
    redis.rpush("q", "job")
    wire.ask("ECHO", "second")

    assert awaited(wire) == b"second"


# --- close ---


def test_a_wire_may_be_closed_before_it_was_used_and_twice(wire: Wire) -> None:
    wire.close()
    wire.close()

    assert wire.call("ECHO", "used") == b"used"


def test_a_closed_wire_connects_anew(wire: Wire, redis: Redis) -> None:
    before = wire.call("CLIENT", "ID")
    wire.close()

    assert wire.call("CLIENT", "ID") != before


def test_a_closed_wire_leaves_no_connection(connect: Connect, address: Address, redis: Redis) -> None:
    wire = connect(address, name="leaving")
    wire.call("PING")
    wire.ask("PING")
    awaited(wire)
    assert "leaving" in {client["name"] for client in redis.client_list()}
    wire.close()

    eventually(lambda: "leaving" not in {client["name"] for client in redis.client_list()})
