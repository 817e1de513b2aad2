"""What happens on the socket itself, byte by byte: the test plays the server."""

import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from resqued.errors import StoreUnavailable
from resqued.wire import PENDING
from resqued.wire.conversation import Conversation


@pytest.fixture
def ends() -> Iterator[tuple[Conversation, socket.socket]]:
    """A conversation, with a timeout of 0.1 s, and the server's end of its socket."""
    ours, theirs = socket.socketpair()
    ours.settimeout(0.1)
    theirs.settimeout(5)
    with ours, theirs:
        yield Conversation(ours, "here", 0.1), theirs


Ends = tuple[Conversation, socket.socket]


def test_a_command_is_one_array_of_bulk_strings(ends: Ends) -> None:
    conversation, server = ends
    server.sendall(b"+OK\r\n")
    conversation.call(("SET", b"k", 17))

    assert server.recv(100) == b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$2\r\n17\r\n"


def test_a_transaction_is_sent_in_one_piece(ends: Ends) -> None:
    conversation, server = ends
    server.sendall(b"+OK\r\n+QUEUED\r\n*1\r\n:1\r\n")
    conversation.transaction([("INCR", "k")])

    assert server.recv(100) == b"*1\r\n$5\r\nMULTI\r\n*2\r\n$4\r\nINCR\r\n$1\r\nk\r\n*1\r\n$4\r\nEXEC\r\n"


def test_what_is_done_meanwhile_comes_after_the_command_and_before_its_reply(ends: Ends) -> None:
    conversation, server = ends

    def serve() -> None:
        assert server.recv(100) == b"*1\r\n$4\r\nPING\r\n"
        server.sendall(b"+PONG\r\n")

    assert conversation.call(("PING",), serve) == b"PONG"


def test_nothing_is_done_meanwhile_if_the_command_is_not_sent(ends: Ends) -> None:
    conversation, server = ends
    server.close()
    done: list[str] = []
    with pytest.raises(StoreUnavailable):
        conversation.call(("PING",), lambda: done.append("done"))

    assert not done


def test_half_an_answer_is_pending_and_does_not_block(ends: Ends) -> None:
    conversation, server = ends
    conversation.ask(("BLMOVE", "q", "q", "LEFT", "LEFT", 0))
    answers = []
    for part in (b"", b"$3\r", b"\nj", b"ob\r", b"\n"):
        server.sendall(part)
        answers.append(conversation.answer())

    assert answers == [PENDING] * 4 + [b"job"]


def test_half_a_reply_and_then_silence_is_unavailability(ends: Ends) -> None:
    conversation, server = ends
    server.sendall(b"$3\r\njo")

    with pytest.raises(StoreUnavailable, match=r"did not answer within 0\.1 s"):
        conversation.call(("GET", "k"))


def test_half_a_reply_and_then_the_end_is_unavailability(ends: Ends) -> None:
    conversation, server = ends
    server.sendall(b"$3\r\njo")
    server.close()

    with pytest.raises(StoreUnavailable, match="here is lost"):
        conversation.call(("GET", "k"))


def test_a_server_that_reads_nothing_is_unavailable(ends: Ends) -> None:
    conversation, _ = ends

    with pytest.raises(StoreUnavailable):
        conversation.call(("SET", "k", bytes(10_000_000)))


class Interruption(BaseException):
    """What the handler of a signal raises."""


@contextmanager
def interrupted_after(seconds: float) -> Iterator[None]:
    def interrupt(*_: object) -> None:
        raise Interruption

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_a_call_that_a_signal_cut_short_leaves_the_conversation_unready(ends: Ends) -> None:
    conversation, _ = ends
    before = conversation.ready
    with interrupted_after(0.01), pytest.raises(Interruption):
        conversation.call(("GET", "k"))

    assert before
    assert not conversation.ready
