"""How commands reach Redis: one small interface, spoken in two ways.

`lean` is one socket and hiredis, for a process that forks and pays for all that it has imported; `pooled` is redis-py,
for everything else. This module imports neither. Replies are RESP2: bytes, never decoded.
"""

import re
from collections.abc import Callable, Sequence
from enum import Enum
from typing import Final, Protocol, TypeAlias

from resqued.errors import CommandRefused, StoreUnavailable

Argument: TypeAlias = bytes | str | int  # a str is sent as UTF-8
Command: TypeAlias = Sequence[Argument]
Reply: TypeAlias = bytes | int | list["Reply"] | None
Meanwhile: TypeAlias = Callable[[], None]


class Pending(Enum):
    PENDING = "pending"


PENDING: Final = Pending.PENDING


def rest() -> None:
    """What there is to do meanwhile: nothing."""


class Wire(Protocol):
    """Commands to one Redis server, and its replies.

    Nothing is ever sent twice: whoever gets StoreUnavailable does not know whether the command was executed, and
    decides what is safe to repeat. The connection is closed by then, and the next command makes a new one, so that a
    reply that comes late is never taken for the answer of another command.

    Every method that talks raises StoreUnavailable for all that means "not now" (no connection, no answer within the
    timeout, or a reply such as LOADING or READONLY: `NOT_NOW`), and CommandRefused for any other error reply.
    """

    def call(self, *command: Argument, meanwhile: Meanwhile = rest) -> Reply:
        """Send one command, do something else `meanwhile`, and wait for its reply: one round trip.

        `meanwhile` is not called if the command could not be sent.
        """

    def transaction(self, commands: Sequence[Command]) -> list[Reply]:
        """Have all commands executed as one (MULTI … EXEC), or, if one cannot even be queued, none: one round trip.

        A command that is refused while the others are executed raises, although they have been: see its `executed`.
        """

    def pipeline(self, commands: Sequence[Command]) -> list[Reply]:
        """Send all commands at once, and return their replies in order: one round trip, nothing atomic.

        The first refusal raises, when all have been executed.
        """

    def ask(self, *command: Argument) -> None:
        """Send a command whose reply may take long (BLMOVE …), and do not wait. `close` drops the wait at any time.

        One answer is awaited at a time: any other command drops the wait as well, or may.
        """

    def fileno(self) -> int:
        """What to poll while an answer is awaited: readable when `answer` has something to say. -1: not connected.

        A forked child closes this number, and nothing else: neither the server nor its parent notices.
        """

    def answer(self) -> Reply | Pending:
        """The reply to what was asked; PENDING while it has not all arrived, or if nothing was asked. Never blocks.

        No timeout applies to a wait: a server that has gone without a word is noticed by whoever knows how long the
        command may take.
        """

    def close(self) -> None:
        """Close the connection, if there is one; a command connects anew. May be called at any time, also twice."""


NOT_NOW = frozenset(
    {
        "BUSY",  # a script runs and does not end
        "CLUSTERDOWN",
        "DENIED",  # protected mode
        "LOADING",
        "MASTERDOWN",
        "MISCONF",  # cannot save to its disk
        "NOAUTH",  # the password may be on its way: it is read anew at each connect
        "NOREPLICAS",
        "OOM",
        "READONLY",  # fail-over: the next connect may find the new master
        "TRYAGAIN",
        "UNBLOCKED",  # fail-over, during a blocking command
        "UNKILLABLE",
        "WRONGPASS",
    }
)

NOT_NOW_EITHER = (
    "ERR max number of clients",
    "ERR AUTH ",  # we know a password and the server does not, yet
)

# Redis 6.2 buries what stopped a script: `ERR Error running script (…): @user_script:7: @user_script: 7: -READONLY …`
_BURIED_BY_A_SCRIPT = re.compile(r"(?:ERR Error running script .*)?@user_script: ?\d+: -?(?=[A-Z]+ )")


def refusal(where: str, text: str) -> StoreUnavailable | CommandRefused:
    """What an error reply of the server at `where` means: come back later, or never like this."""
    reason = _BURIED_BY_A_SCRIPT.sub("", text, count=1)
    code = reason.partition(" ")[0]
    if code in NOT_NOW or reason.startswith(NOT_NOW_EITHER):
        return StoreUnavailable(f"Redis at {where} cannot serve now: {reason}")
    return CommandRefused(code if code.isupper() else "ERR", text)
