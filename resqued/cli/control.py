"""Wishing something of a master, by its control socket."""

import socket
import time
from pathlib import Path

from resqued import listening, wishes
from resqued.cli.waiting import looks
from resqued.errors import NotAnswered, NotSignalled, WishRefused
from resqued.wishes import Kind, Wish

LONGEST = 1 << 20  # bytes of an answer


def wish(directory: Path, wanted: Wish, kind: type[Kind], seconds: float) -> Kind:
    """What the master with this run directory answers, which is of this `kind`, within `seconds`.

    A line that ends without an answer was cut before the wish was heard, by a reload perhaps: then it is made again.
    Whoever has hung up is not served any more.
    Raises ConnectionRefusedError or another OSError if nobody listens; NotSignalled if that is not ours to use;
    WishRefused, NotAnswered.
    """
    text, deadline = wishes.encode(wanted), time.monotonic() + seconds
    if len(text) > wishes.LONGEST:
        raise WishRefused(f"a wish may have {wishes.LONGEST} bytes, and this one has {len(text)}; nothing was done")
    for _ in looks(seconds):
        try:
            if said := _say(directory / wishes.SOCKET, text, deadline):
                return wishes.understood(said, kind)
        except PermissionError:
            raise NotSignalled(
                f"{directory / wishes.SOCKET} is not yours to use; be root, or the master's user"
            ) from None
        except (BlockingIOError, ConnectionResetError, BrokenPipeError, TimeoutError):  # many wait; it was cut
            pass
    raise NotAnswered(f"the master has not answered within {seconds:g} s; it will not do this later")


def _say(path: Path, text: bytes, deadline: float) -> bytes:
    """The answer; empty if the line ends without one."""
    with listening.address(path) as short, socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
        line.settimeout(max(0.001, deadline - time.monotonic()))
        line.connect(short)
        line.sendall(text)
        said = b""
        while not said.endswith(wishes.END) and len(said) < LONGEST:
            line.settimeout(max(0.001, deadline - time.monotonic()))
            heard = line.recv(65536)
            if not heard:
                return b""
            said += heard
    return said
