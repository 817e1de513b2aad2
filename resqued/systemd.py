"""What systemd is told of this service, in the words of sd_notify(3); nothing where nobody asked."""

import os
import socket
from contextlib import suppress
from time import monotonic_ns

OURS = ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES")
PATIENCE = 1.0  # s for systemd to take a message: it may be busy, but the master has more to do than to wait for it


class Notifier:
    """Made from the environment, which is left as it is: the image that a reload executes needs it again.

    `interval`: seconds between beats, half of what the unit allows; None where no beats are awaited of this process.
    """

    def __init__(self) -> None:
        self._address = _address(os.environ.get("NOTIFY_SOCKET", ""))
        self._allowed = _watchdog() if self._address else 0
        self.interval = self._allowed / 2e6 if self._allowed else None

    @property
    def is_heard(self) -> bool:
        """Whether anybody listens."""
        return bool(self._address)

    def ready(self, status: str) -> None:
        """The start, or a reload, has come to its end."""
        self._say("READY=1", f"STATUS={_line(status)}")

    def reloading(self) -> None:
        """A `ready` has to follow, whatever comes of it: until then systemd waits."""
        self._say("RELOADING=1", f"MONOTONIC_USEC={monotonic_ns() // 1000}")

    def stopping(self) -> None:
        self._say("STOPPING=1")

    def status(self, text: str) -> None:
        """What `systemctl status` shows."""
        self._say(f"STATUS={_line(text)}")

    def beat(self) -> None:
        """Keep the watchdog away for another two intervals."""
        self._say("WATCHDOG=1")

    def extend(self, seconds: float) -> None:
        """The start, the reload or the stop that is under way may last for so long from now, or as the unit allows."""
        self._say(f"EXTEND_TIMEOUT_USEC={round(seconds * 1e6)}")

    def watchdog(self, seconds: float | None = None) -> None:
        """Beats may be so far apart from now on; None: as the unit has it.

        Where no beats are awaited nothing is said, for this would make systemd wait for them.
        """
        if self._allowed:
            self._say(f"WATCHDOG_USEC={self._allowed if seconds is None else round(seconds * 1e6)}")

    def _say(self, *assignments: str) -> None:
        """In one datagram. There is nobody to tell that it did not arrive: the watchdog and the timeouts will."""
        if self._address:
            with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as speaker:
                speaker.settimeout(PATIENCE)
                speaker.sendto("\n".join(assignments).encode(errors="replace"), self._address)


def forget() -> None:
    """In a child of the master: neither it nor what a job starts speaks for the service."""
    for name in OURS:
        os.environ.pop(name, None)


def _address(name: str) -> str:
    """Of a unix socket, by path or, behind an @, in the abstract namespace; there are others, which we do not speak."""
    return name.replace("@", "\0", 1) if name.startswith(("/", "@")) else ""


def _watchdog() -> int:
    """Microseconds that may pass without a beat of this process; 0: any number."""
    try:
        return int(os.environ["WATCHDOG_USEC"]) * (int(os.environ.get("WATCHDOG_PID", os.getpid())) == os.getpid())
    except (KeyError, ValueError):
        return 0


def _line(text: str) -> str:
    """A line break would begin another assignment."""
    return " ".join(text.splitlines())
