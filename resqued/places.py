"""Where resqued finds and keeps things on this machine: its configuration, its directories, its Redis."""

import os
import re
from dataclasses import replace
from pathlib import Path

from resqued import embedded
from resqued.address import Address, parse
from resqued.config import Config
from resqued.config import parse as parse_config
from resqued.config.syntax import load
from resqued.digest import hexadecimal
from resqued.errors import ConfigError

SYSTEM_RUN = Path("/run")  # here systemd makes the runtime directories of services

PASSWORD = "redis-password"  # noqa: S105  the name of a systemd credential


def configuration(file: Path) -> Config:
    """The configuration in `file`. Raises ConfigError with every mistake."""
    return parse_config(text_of(file), str(file))


def text_of(file: Path) -> str:
    """What stands in a configuration file. Raises ConfigError if it cannot be read."""
    try:
        return file.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ConfigError(str(file), [f"cannot be read: {error.strerror}; give another file with -c"]) from None
    except UnicodeDecodeError as error:
        raise ConfigError(str(file), [f"is not UTF-8: {error}"]) from None


def state_directory(config: Config, file: Path) -> Path:
    """For what outlives the processes: below `[daemon] state_dir` a directory for each configuration file.

    Default: $STATE_DIRECTORY (systemd), else /var/lib/resqued (root), else $XDG_STATE_HOME/resqued.
    """
    return Path(config.daemon.state_dir or _state_home()) / _name_of(file)


def run_directory(config: Config, file: Path) -> Path:
    """For what ends with the processes: below `[daemon] run_dir` a directory for each configuration file.

    Default: $RUNTIME_DIRECTORY (systemd), else /run/resqued (root), else $XDG_RUNTIME_DIR/resqued, else a directory of
    this user's below the temporary one.
    """
    return Path(config.daemon.run_dir or _run_home()) / _name_of(file)


def run_directories(file: Path) -> list[Path]:
    """Where the run directory of a master with this configuration may be, the likeliest place first.

    For those who did not start it: it may have been another user, or systemd. `file` may be wrong by now, or gone.
    """
    name = _name_of(file)
    homes = [Path(given)] if (given := _run_dir_in(file)) else []
    units = sorted({*SYSTEM_RUN.glob(f"resqued*/{name}"), *SYSTEM_RUN.glob(f"resqued*/*/{name}")})
    return list(
        dict.fromkeys([*(home / name for home in (*homes, _run_home())), SYSTEM_RUN / "resqued" / name, *units])
    )


def _run_dir_in(file: Path) -> str:
    """Its `[daemon] run_dir`, whatever else may be wrong with it."""
    try:
        given = load(file.read_text(encoding="utf-8-sig"))["daemon"]["run_dir"]  # type: ignore[index]  # see TypeError
    except (OSError, ValueError, KeyError, TypeError):
        return ""
    return given if isinstance(given, str) else ""


def _run_home() -> Path:
    if given := os.environ.get("RUNTIME_DIRECTORY"):
        return Path(given.partition(":")[0])
    if os.geteuid() == 0:
        return SYSTEM_RUN / "resqued"
    if given := os.environ.get("XDG_RUNTIME_DIR"):
        return Path(given) / "resqued"
    from tempfile import gettempdir  # noqa: PLC0415  it brings much along, and the daemon forks

    return Path(gettempdir()) / f"resqued-{os.geteuid()}"


def _state_home() -> Path:
    if given := os.environ.get("STATE_DIRECTORY"):
        return Path(given.partition(":")[0])
    if os.geteuid() == 0:
        return Path("/var/lib/resqued")
    return Path(os.environ.get("XDG_STATE_HOME") or "~/.local/state").expanduser() / "resqued"


def _name_of(file: Path) -> str:
    """Readable, and different for different files. Short, because a socket's path is.

    By the name that was given, not by where symlinks lead: `current/resqued.toml` stays itself through a deploy.
    """
    path = os.path.abspath(file)  # noqa: PTH100  Path.absolute keeps `..`
    digest = hexadecimal(path.encode(errors="surrogateescape"))[:8]
    return f"{re.sub(r'[^A-Za-z0-9_-]', '_', file.stem)[:20]}-{digest}"


def embedded_directory(config: Config, file: Path) -> Path:
    return state_directory(config, file) / "redis"


def redis_address(config: Config, file: Path) -> Address:
    """Of the server that this configuration names, or of the one that it embeds."""
    if config.redis.embedded:
        return Address("unix", path=str(embedded.socket_path(embedded_directory(config, file))))
    server = parse(config.redis.url)
    return replace(server, password_file=config.redis.password_file or (None if server.password else _credential()))


def _credential() -> str | None:
    """The file of a password that systemd was told to load for this service, if there is one."""
    path = Path(os.environ.get("CREDENTIALS_DIRECTORY", "/nowhere")) / PASSWORD
    return str(path) if os.path.exists(path) else None  # noqa: PTH110  its own `exists` raises where one may not look
