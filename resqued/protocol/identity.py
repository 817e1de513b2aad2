"""Who a worker is: the id that every peer reads, and the registration that only we read."""

import json
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace

SCHEMA = 1  # of `Registration`: fleets run mixed versions

# ':' and ',' cut a worker id in every peer; '<' and quotes are markup in resque-web, which prints ids unescaped.
UNSPEAKABLE = re.compile(r"""[\s:,<>&"'\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]""")
PID = re.compile(r"[0-9]{1,19}")
NEVER_IN_A_TITLE = ("resque-web", "grep")  # what Perl's `ps | grep -v` leaves out: a worker with it counts as dead


def unspeakable(name: str) -> str | None:
    """Why `name` cannot be a queue or a host in a worker's id; None if it can."""
    if not name:
        return "is empty"
    if found := UNSPEAKABLE.search(name):
        return f"contains {found.group()!r}, which cuts or breaks worker ids for other Resque clients"
    return None


@dataclass(frozen=True, slots=True)
class WorkerId:
    """`host:pid:queue,queue`. The pid is that of the process whose title begins with `resque-<digit>`."""

    host: str
    pid: int
    queues: tuple[str, ...]

    def suffixed(self, number: int) -> "WorkerId":
        """For a worker whose id another one has: `host.2:pid:queues`."""
        return replace(self, host=f"{self.host}.{number}")

    def is_of(self, host: str) -> bool:
        """Whether it is a worker of this host, perhaps a suffixed one."""
        name, _, number = self.host.rpartition(".")
        return self.host == host or (name == host and number.isdecimal())

    def __str__(self) -> str:
        return f"{self.host}:{self.pid}:{','.join(self.queues)}"

    @classmethod
    def parse(cls, text: str) -> "WorkerId | None":
        """None for an id that some other client wrote in a form of its own."""
        host, _, rest = text.partition(":")
        pid, _, queues = rest.partition(":")
        if not (host and PID.fullmatch(pid) and queues):
            return None
        return cls(host, int(pid), tuple(queues.split(",")))


@dataclass(frozen=True, slots=True)
class Registration:
    """A worker of ours, as `resqued:<namespace>:workers` has it: enough to know it from a namesake."""

    pool: str
    slot: int
    version: str  # resqued's
    boot: str  # boot id of its host; pids are compared only where it and the namespace are the same
    pids: str  # its pid namespace
    pid: int
    born: int  # start time of the process in clock ticks since boot
    nonce: str  # new for each run of a worker
    put_back: int = 0  # how often its job may be put back if the worker dies; 0: it fails
    home: str = ""  # on its machine: the state directory of its configuration; empty: it has none
    schema: int = SCHEMA

    def encode(self) -> str:
        return json.dumps(asdict(self), separators=(",", ":"))

    @classmethod
    def unknown(cls) -> "Registration":
        """Of a worker of which nothing is known, so that it never counts as dead."""
        return cls("", 0, "", "", "", 0, 0, "")

    @classmethod
    def decode(cls, text: str) -> "Registration | None":
        """None for what a version wrote that we do not know."""
        try:
            facts = json.loads(text)
            return cls(**facts) if facts["schema"] == SCHEMA else None
        except (ValueError, TypeError, KeyError):
            return None


def title(version: str, doing: str) -> str:
    """The title of a worker's or a job's process.

    `resque-<digit>` comes first, for that is what a peer's `ps | grep` looks for, and perhaps in a line that was cut.
    """
    for word in NEVER_IN_A_TITLE:
        doing = doing.replace(word, word[:-1] + "_")
    if not doing.isprintable():
        doing = "".join(c if c.isprintable() else "?" for c in doing)
    return f"resque-{version}: {doing}"


def waiting(version: str, queues: Iterable[str], slot: str) -> str:
    return title(version, f"Waiting for {','.join(queues)} [{slot}]")


def paused(version: str, slot: str) -> str:
    return title(version, f"Paused [{slot}]")


def forked(version: str, pid: int, epoch: int, slot: str) -> str:
    return title(version, f"Forked {pid} at {epoch} [{slot}]")


def standing_by(version: str, slot: str) -> str:
    return title(version, f"Standing by [{slot}]")


def processing(version: str, queue: str, epoch: int, job: str) -> str:
    return title(version, f"Processing {queue} since {epoch} [{job}]")
