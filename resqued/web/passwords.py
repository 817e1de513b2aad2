"""A file of who may look, and with which password: a line `name:hash` each, the hash by Argon2id."""

import os
import re
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from resqued.errors import ConfigError, ResquedError

NAME = re.compile(r"[A-Za-z0-9_.@+-]{1,64}")
HASHED = re.compile(r"\$argon2id\$[\x21-\x39\x3b-\x7e]{20,300}")
SHORTEST, LONGEST = 8, 1024  # characters of a password
LARGEST = 1024**2  # bytes of a file
AT_ONCE = 2  # hashes: each takes 64 MiB and some 50 ms

_HASHER = PasswordHasher()


class WeakPassword(ResquedError):
    pass


class Passwords:
    """Read anew whenever the file has changed. Raises ConfigError, when it is made, if it cannot be used."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._seen = _stamp(file)
        self._hashes = read(file)
        if not self._hashes:
            raise ConfigError(str(file), ["names nobody; add somebody: resquectl web-user NAME"])
        self._turns = threading.Semaphore(AT_ONCE)
        self._nobody = _HASHER.hash("nobody")  # so that an unknown name takes as long

    def hashed(self, name: str) -> str | None:
        """What stands in the file for a user now; None: there is no such user. Without a file there is none."""
        if (stamp := _stamp(self._file)) != self._seen:
            self._seen = stamp
            with suppress(ConfigError):  # half written, perhaps: the last one goes on
                self._hashes = read(self._file) if stamp else {}
        return self._hashes.get(name)

    def are(self, name: str, password: str) -> bool:
        known = self.hashed(name)
        with self._turns:
            return _matches(known or self._nobody, password[:LONGEST]) and known is not None


def _matches(hashed: str, password: str) -> bool:
    try:
        return _HASHER.verify(hashed, password.encode(errors="surrogateescape"))
    except (Argon2Error, InvalidHashError):
        return False


def read(file: Path) -> Mapping[str, str]:
    """Raises ConfigError with every mistake. A hash, or what may be one, is never repeated."""
    try:
        text = file.read_bytes()[:LARGEST].decode(errors="replace")
    except OSError as error:
        raise ConfigError(str(file), [f"cannot be read: {error.strerror}; make it: resquectl web-user NAME"]) from None
    hashes, mistakes = dict[str, str](), list[str]()
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        name, _, hashed = line.strip().partition(":")
        if NAME.fullmatch(name) and HASHED.fullmatch(hashed):
            hashes[name] = hashed
        else:
            mistakes.append(f"line {number} is no NAME:$argon2id$…; let `resquectl web-user NAME` write it")
    if mistakes:
        raise ConfigError(str(file), mistakes)
    return hashes


def enter(file: Path, name: str, password: str) -> bool:
    """Write a user's password, whether or not he had one. Whether he is new. Raises WeakPassword, OSError, ConfigError.

    The file is replaced as a whole, and is its owner's alone.
    """
    if len(password) < SHORTEST:
        raise WeakPassword(f"a password has {SHORTEST} characters or more")
    hashes = dict(read(file)) if file.exists() else {}
    is_new = name not in hashes
    _replace(file, hashes | {name: _HASHER.hash(password[:LONGEST])})
    return is_new


def take_out(file: Path, name: str) -> bool:
    """Whether there was such a user."""
    hashes = dict(read(file))
    if hashes.pop(name, None) is None:
        return False
    _replace(file, hashes)
    return True


def _replace(file: Path, hashes: Mapping[str, str]) -> None:
    mode = file.stat().st_mode & 0o777 if file.exists() else 0o600
    new = file.with_name(f"{file.name}.new")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as opened:
        opened.writelines(f"{name}:{hashed}\n" for name, hashed in hashes.items())
        os.fchmod(descriptor, mode)
        if file.exists():
            _keep_owner(descriptor, file)
        os.fsync(descriptor)
    new.replace(file)


def _keep_owner(descriptor: int, file: Path) -> None:
    """Root may write the file of the page's own user."""
    found = file.stat()
    if (found.st_uid, found.st_gid) != (os.geteuid(), os.getegid()):
        os.fchown(descriptor, found.st_uid, found.st_gid)


def _stamp(file: Path) -> tuple[int, int] | None:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ino
