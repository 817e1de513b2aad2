"""What a value in the configuration may be: a type that msgspec checks, and the words for who got it wrong.

The description of a kind completes the sentence "expected …, got …".
"""

import re
from sys import float_info
from typing import Annotated, Any, Literal

from msgspec import Meta

from resqued.protocol.identity import UNSPEAKABLE
from resqued.rates import RATE

SPEAKABLE = rf"(?s:(?!.*{UNSPEAKABLE.pattern}).)"  # stands before the first character of a name, and takes it
UNSPEAKABLES = """":", ",", spaces, control characters and < > & " '"""
NAME = r"^[^\s:\x00-\x1f\x7f]*\Z"
DOTTED = r"[^\W\d]\w*(\.[^\W\d]\w*)*"

# Numbers. TOML has `inf` and `nan`, and no clock does: an upper bound refuses the one, any bound the other.
Count = Annotated[int, Meta(ge=0, description="int ≥ 0")]
Seconds = Annotated[float, Meta(ge=0, le=float_info.max, description="a number of seconds ≥ 0")]
AtLeastOne = Annotated[int, Meta(ge=1, description="int ≥ 1")]
Interval = Annotated[float, Meta(gt=0, le=float_info.max, description="a number of seconds > 0")]
Nice = Annotated[int, Meta(ge=-20, le=19, description="int from -20 to 19")]
Flag = Annotated[bool, Meta(description="true or false")]

# Text.
Url = Annotated[str, Meta(description='an address in quotes, such as "redis://127.0.0.1:6379/0"')]
Path = Annotated[str, Meta(pattern=r"^[^\x00]*\Z", description='a path in quotes ("" for the default)')]
User = Annotated[str, Meta(pattern=NAME, description='the name of a user ("" for the one that resqued runs as)')]
Group = Annotated[str, Meta(pattern=NAME, description='the name of a group ("" for the main one of the user)')]
Umask = Annotated[
    str,
    Meta(pattern=r"^(0?[0-7]{3})?\Z", description='octal digits in quotes, such as "0022" ("" to leave it as it is)'),
]
SignalPool = Annotated[str, Meta(description='the name of a pool ("" for the first)')]
Directory = Annotated[str, Meta(pattern=r"^[^\x00]+\Z", description='a directory, such as "/srv/app"')]
Directories = Annotated[tuple[Directory, ...], Meta(description='a list of directories, such as ["/srv/app"]')]
Namespace = Annotated[
    str,
    Meta(
        pattern=r"^[^\s\x00-\x1f\x7f-\x9f]+\Z",
        description='the prefix of all keys, such as "resque", without spaces and control characters',
    ),
]
Hostname = Annotated[str, Meta(pattern=rf"^({SPEAKABLE}|\Z)", description=f"a host name without {UNSPEAKABLES}")]
Listen = Annotated[
    str, Meta(description='an address to listen at, such as "127.0.0.1:5678" or "unix:/run/resqued/web.sock"')
]
Header = Annotated[str, Meta(pattern=r"^[A-Za-z0-9-]{0,64}\Z", description='the name of a header ("" for none)')]
Proxy = Annotated[str, Meta(pattern=r"^[0-9A-Fa-f:.]+\Z", description='an IP address, such as "10.0.0.1"')]
Proxies = Annotated[tuple[Proxy, ...], Meta(description='a list of IP addresses, such as ["10.0.0.1"]')]

# Queues. "!" alone would skip nothing; "!!" no queue could mean.
Queue = Annotated[
    str,
    Meta(
        pattern=rf"^!?(?!!){SPEAKABLE}",
        description=f'a queue name, "*", a glob or "!skip" without {UNSPEAKABLES}',
    ),
]
Queues = Annotated[
    tuple[Queue, ...],
    Meta(min_length=1, description='a list of at least one queue, such as ["critical", "mail"] or ["*"]'),
]
QueueName = Annotated[
    str, Meta(pattern=rf"^(?!\*\Z)(?!!){SPEAKABLE}", description=f"the name of a queue without {UNSPEAKABLES}")
]
SomeQueues = Annotated[
    str,
    Meta(pattern=rf"^(?!!){SPEAKABLE}", description=f"the name of a queue or a glob without {UNSPEAKABLES}"),
]
JobRate = Annotated[
    str,
    Meta(
        pattern=rf"^(?:{RATE.pattern})\Z",
        description='a number from 1 to 10000 in a second, minute, hour or day, such as "100/minute"',
    ),
]
JobRates = Annotated[dict[SomeQueues, JobRate], Meta(description='a table of lines such as mail = "100/minute"')]
PoolName = Annotated[
    str,
    Meta(pattern=r"^[A-Za-z0-9_-]+\Z", description="a pool name of letters, digits, _ and - only"),
]

# Code.
Module = Annotated[
    str,
    Meta(
        pattern=rf"^{DOTTED}(\.\*)?\Z",
        description='a module such as "app.jobs", or "app.jobs.*" for it and all its submodules',
    ),
]
Modules = Annotated[
    tuple[Module, ...],
    Meta(min_length=1, description='a list of at least one module, such as ["app.jobs"]'),
]
Settings = Annotated[
    str,
    Meta(pattern=rf"^({DOTTED})?\Z", description='a settings module such as "mysite.settings" ("" for none)'),
]
JobPlace = Annotated[
    str,
    Meta(pattern=rf"^{DOTTED}:{DOTTED}\Z", description='a job as "module:Class", such as "app.jobs:Echo"'),
]
Aliases = Annotated[dict[str, JobPlace], Meta(description='a table of lines such as "MyTask::Echo" = "app.jobs:Echo"')]

# Recurring jobs.
JobName = Annotated[str, Meta(min_length=1, description='what a queue calls the job, such as "app.jobs.Echo"')]
Arguments = Annotated[tuple[Any, ...], Meta(description='a list of arguments, such as [1, "two"]')]
CronLine = Annotated[str, Meta(description='a line of a crontab in quotes, such as "30 3 * * *"')]
Every = Annotated[int, Meta(ge=0, le=100 * 365 * 86400, description="a whole number of seconds ≥ 1")]
Zone = Annotated[str, Meta(description='a time zone in quotes, such as "UTC" or "Europe/Paris"')]
Words = Annotated[str, Meta(description="text in quotes")]
ScheduleName = Annotated[
    str,
    Meta(pattern=r"^[A-Za-z0-9_-]+\Z", description="a name of letters, digits, _ and - only"),
]

# Modes.
AtFork = Literal["needed", "all"]
Preload = Literal["master", "worker", "job"]
Interrupted = Literal["requeue", "fail"]
WorkerLost = Literal["fail", "requeue"]
Missed = Literal["skip", "once"]
Level = Literal["debug", "info", "warning", "error"]
Format = Literal["auto", "console", "json"]


class Bytes(int):
    """A size. The file writes it as text with a unit: "1MiB"."""


class Cap(Bytes):
    """A size that something must not pass. The file may also write "": 0, no cap."""


Size = Annotated[Bytes, Meta(description='a size > 0 such as "512KiB", "1MiB", "2GiB", "5MB" or "1000" (bytes)')]
NoMore = Annotated[Cap, Meta(description='a size > 0 such as "512MiB" or "2GiB", or "" for no limit')]

SIZE = re.compile(r"([0-9]{1,15}) ?(B|kB|KB|MB|GB|KiB|MiB|GiB)?")
UNITS = {
    None: 1,
    "B": 1,
    "kB": 1000,
    "KB": 1000,
    "MB": 1000**2,
    "GB": 1000**3,
    "KiB": 1024,
    "MiB": 1024**2,
    "GiB": 1024**3,
}


def size(text: str) -> Bytes:
    """The bytes that `text` means: a whole number > 0, and kB, MB, GB by thousands or KiB, MiB, GiB by 1024s.

    Raises ValueError for anything else.
    """
    if (found := SIZE.fullmatch(text)) and (number := int(found[1])):
        return Bytes(number * UNITS[found[2]])
    raise ValueError("not a size")


def decode(kind: type, value: object) -> Bytes:
    """The kinds that msgspec does not know itself: its `dec_hook`."""
    if kind is Cap and isinstance(value, str):
        return Cap(size(value) if value else 0)
    if kind is Bytes and isinstance(value, str):
        return size(value)
    raise TypeError(f"no {kind.__name__} can be made of it")
