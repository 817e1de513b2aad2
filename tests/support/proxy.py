"""A proxy before a Redis server that sees every command, and breaks what networks break, when it is told to."""

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Literal

RELAY = Path(__file__).with_name("relay.py")


class Proxy:
    """A process of its own, so that tests can fork. Each method has had its effect when it returns."""

    def __init__(self, port: int, orders: IO[str], answers: IO[str]) -> None:
        self.port = port
        self._orders, self._answers = orders, answers

    @property
    def url(self) -> str:
        """The address to give to whatever is to be tested."""
        return f"redis://127.0.0.1:{self.port}/0"

    @property
    def seen(self) -> Counter[str]:
        """How often each command, in capitals, was sent by clients since the beginning or `behave`."""
        return Counter(self._order("counted"))

    def behave(self) -> None:
        """Start afresh: every connection is reset, nothing has been seen, no trouble is to come."""
        self._order("behave")

    def lose_replies(self, times: int = 1, *, of: str = "", how: Literal["close", "silence"] = "close") -> None:
        """Let the server execute the next `times` commands (named `of`), and its answer be lost.

        The client's connection is closed in place of the answer, or stays open without another word from the server.
        """
        self._order("lose", times=times, of=of, how=how)

    def answer_all(self, line: str) -> None:
        """Answer every command with this line of the protocol ("-LOADING …"), and let none reach the server.

        An empty line ends that.
        """
        self._order("can", reply=line)

    def stall(self) -> None:
        """Pass nothing on in either direction, but close nothing: a peer that vanished. New connections too."""
        self._order("stall")

    def hold(self) -> None:
        """The same for the connections that there are now; new ones pass. What is held outlives its client."""
        self._order("hold")

    def flow(self) -> None:
        """End stall and hold. What was sent meanwhile arrives now."""
        self._order("flow")

    def reset(self) -> None:
        """Break every connection (RST). New ones are welcome."""
        self._order("reset")

    def go_away(self) -> None:
        """Break every connection, and refuse new ones: the server is down."""
        self._order("go_away")

    def come_back(self) -> None:
        self._order("come_back")

    def _order(self, do: str, **details: Any) -> Any:
        print(json.dumps({"do": do, **details}), file=self._orders, flush=True)
        return json.loads(self._answers.readline())


@contextmanager
def before(port: int) -> Iterator[Proxy]:
    """A proxy before the server on this port of 127.0.0.1. It ends with the block, and with this process."""
    argv = [sys.executable, str(RELAY), str(port)]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin
        assert process.stdout
        yield Proxy(int(process.stdout.readline()), process.stdin, process.stdout)
