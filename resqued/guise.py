"""As whom, and how, the jobs of a pool run: user, groups, umask, niceness. Found before any fork, put on in a job."""

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from resqued.config import Pool

if TYPE_CHECKING:
    import grp
    import pwd

CAP_KILL, CAP_SETGID, CAP_SETUID, CAP_SYS_NICE = 5, 6, 7, 23  # linux/capability.h


@dataclass(frozen=True, slots=True)
class Rights:
    """Of a user, of a group, or of both."""

    user: int | None  # None: stays who it is
    group: int
    groups: tuple[int, ...]
    environment: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True, slots=True)
class Guise:
    nice: int = 0  # added to what the worker has
    umask: int | None = None
    rights: Rights | None = None

    def put_on(self) -> None:
        """In a job's process; there is no way back.

        A change of user clears the signal that a process is to get when its parent dies. Raises OSError.
        """
        if self.nice:
            os.nice(self.nice)
        if self.umask is not None:
            os.umask(self.umask)
        if self.rights:
            os.setgroups(self.rights.groups)
            os.setgid(self.rights.group)
            if self.rights.user is not None:
                os.setuid(self.rights.user)
            os.environ.update(self.rights.environment)


def of(pool: Pool) -> Guise | None:
    """None if jobs stay as their worker is. Raises KeyError if `mistakes` has something to say about names."""
    rights = _rights(pool.user, pool.group) if pool.user or pool.group else None
    if rights or pool.nice or pool.umask:
        return Guise(pool.nice, int(pool.umask, 8) if pool.umask else None, rights)
    return None


def mistakes(pool: Pool) -> Iterator[str]:
    """Why this machine, or this process, cannot do what `pool` demands; each with its key."""
    for key, name, known in (("user", pool.user, _user), ("group", pool.group, _group)):
        if name:
            yield from (f"{key}: {why}" for why in _why_not(key, name, known))
    if pool.nice < 0 and not _can(CAP_SYS_NICE):
        yield "nice: only root (CAP_SYS_NICE) can make jobs more urgent; use 0 or more"


def _why_not(what: str, name: str, known: Callable[[str], object]) -> Iterator[str]:
    """Who is not root but has these capabilities would hand them down to jobs."""
    try:
        known(name)
    except (KeyError, OverflowError):  # the latter: no system has such a number
        yield f'there is no {what} "{name}" on this machine'
    if os.geteuid() != 0:
        yield "only root can have jobs run as somebody else; start resqued as root, or leave this out"
    elif not _can(CAP_SETUID, CAP_SETGID, CAP_KILL):
        yield "needs CAP_SETUID, CAP_SETGID and CAP_KILL; resqued was started without one of these capabilities"


def _rights(user: str, group: str) -> Rights:
    """Raises KeyError if there is no such user, or no such group."""
    if not user:
        only = _group(group).gr_gid
        return Rights(None, only, (only,))
    who = _user(user)
    first = _group(group).gr_gid if group else who.pw_gid
    names = (("HOME", who.pw_dir), ("USER", who.pw_name), ("LOGNAME", who.pw_name))
    return Rights(who.pw_uid, first, tuple(os.getgrouplist(who.pw_name, first)), names)


@cache
def _user(name: str) -> "pwd.struct_passwd":
    """By name, or by number. Raises KeyError."""
    import pwd  # noqa: PLC0415  each library that is mapped makes each fork slower, and few pools want this one

    try:
        return pwd.getpwnam(name)
    except KeyError:
        if not name.isdecimal():
            raise
        return pwd.getpwuid(int(name))


@cache
def _group(name: str) -> "grp.struct_group":
    """By name, or by number. Raises KeyError."""
    import grp  # noqa: PLC0415  as above

    try:
        return grp.getgrnam(name)
    except KeyError:
        if not name.isdecimal():
            raise
        return grp.getgrgid(int(name))


def _can(*capabilities: int) -> bool:
    """Whether this process has these. Without /proc: whether it is root."""
    try:
        status = Path("/proc/self/status").read_text(encoding="utf-8", errors="replace")
        mask = int(status.partition("CapEff:")[2].split()[0], 16)
    except (OSError, IndexError):
        return os.geteuid() == 0
    return all(mask >> capability & 1 for capability in capabilities)
