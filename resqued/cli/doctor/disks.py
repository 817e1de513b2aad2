"""Where a master keeps things, and how these places are."""

import grp
import os
import pwd
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeGuard

import psutil

from resqued import places
from resqued.cli.doctor import family
from resqued.cli.doctor.facts import Known, Place, Secret, Unknown
from resqued.cli.report import Report
from resqued.config import Config


@dataclass(frozen=True, slots=True)
class User:
    """Who writes there."""

    uid: int
    groups: frozenset[int]

    def may_write(self, path: Path) -> bool:
        found = path.stat()
        if self.uid in (0, found.st_uid):
            return self.uid == 0 or bool(found.st_mode & 0o200)
        return bool(found.st_mode & (0o020 if found.st_gid in self.groups else 0o002))


def places_of(config: Known[Config], file: Path, report: Known[Report]) -> list[Known[Place]]:
    """Of the master that runs; else of one that would be started here and now."""
    if is_of_a_master(report):
        return list(_of_the_master(config, report))
    if isinstance(config, Unknown):
        return [config]
    return [
        _place("run_dir", places.run_directory(config, file), None),
        _place("state_dir", places.state_directory(config, file), None),
    ]


def is_of_a_master(report: Known[Report]) -> TypeGuard[Report]:
    """One that runs here."""
    return not isinstance(report, Unknown) and report.alive and not report.elsewhere


def _of_the_master(config: Known[Config], report: Report) -> Iterator[Known[Place]]:
    user = _user_of(report.status.pid)
    yield _place("run_dir", report.directory, user)
    state = state_of(config, report)
    yield state if isinstance(state, Unknown) else _place("state_dir", state, user)


def state_of(config: Known[Config], report: Report) -> Known[Path]:
    """It may depend on the environment of the master; but its lock is open."""
    name = report.directory.name
    if not isinstance(config, Unknown) and config.daemon.state_dir:
        return Path(config.daemon.state_dir) / name
    try:
        opened = map(Path, family.files(report.status.pid).values())
    except OSError:
        return Unknown("where the master has its state_dir only its user can see, and root")
    return next(
        (path.parent for path in opened if (path.parent.name, path.name) == (name, "lock")),
        Unknown("the master has no lock"),
    )


def _user_of(pid: int) -> User | None:
    try:
        uid, groups = psutil.Process(pid).uids().effective, psutil.Process(pid).gids().effective
    except psutil.Error:
        return None
    return User(uid, frozenset({groups, *_groups(uid)}))


def _groups(uid: int) -> Iterator[int]:
    try:
        name = pwd.getpwuid(uid).pw_name
    except KeyError:
        return
    yield from (group.gr_gid for group in grp.getgrall() if name in group.gr_mem)


def _place(key: str, path: Path, user: User | None) -> Known[Place]:
    """`user`: who has to be able to write there; None: nobody knows yet."""
    try:
        there = next(each for each in (path, *path.parents) if each.exists())  # what is not made yet will be there
        room = os.statvfs(there)
        objection = ""
        if room.f_flag & os.ST_RDONLY:
            objection = "is on a file system that can only be read"
        elif user and not user.may_write(there):
            objection = f"cannot be written to by the user of the master (uid {user.uid})"
    except OSError as error:
        return Unknown(f"{key} {path} is not yours to look at: {error.strerror}")
    inodes = room.f_favail if room.f_files else None  # btrfs counts none
    return Place(key, path, _system(there), room.f_bavail * room.f_frsize, inodes, objection)


def _system(path: Path) -> str:
    """The kind of file system that this is on."""
    mounts = {Path(each.mountpoint): each.fstype for each in psutil.disk_partitions(all=True)}
    resolved = path.resolve()
    return next((mounts[each] for each in (resolved, *resolved.parents) if each in mounts), "")


def secrets_in(config: Known[Config], file: Path) -> Known[Sequence[Secret]]:
    """The files in which there is a password."""
    if isinstance(config, Unknown):
        return config
    where = places.redis_address(config, file)
    files = [Path(where.password_file)] if where.password_file else []
    files += [file] if where.password or where.sentinel_password else []
    try:
        return [Secret(each, each.stat().st_mode) for each in files]
    except OSError as error:
        return Unknown(f"{error.filename} is not yours to look at: {error.strerror}")
