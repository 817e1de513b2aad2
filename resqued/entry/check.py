"""Whether a new version would run, found out by a fresh interpreter: a fork would have the old modules."""

import os

from resqued import places, processes, systemd
from resqued.config import Config
from resqued.entry import becoming
from resqued.entry.ground import Ground
from resqued.errors import ConfigError
from resqued.handover import LAYOUT
from resqued.processes import Exit

ENVIRONMENT = "RESQUED_HANDOVER_LAYOUT"  # tells the check what it would have to take over
LONGEST = 16384  # bytes of its words


class Check:
    """What it says goes to a file in the run directory, where it can be read later, too."""

    def __init__(self, config: Config, ground: Ground) -> None:
        self._config, self._file, self._said = config, ground.file, ground.run / "check"

    def start(self) -> int:
        """Returns its pid. Raises OSError if there can be no more processes or files."""
        environment = {name: value for name, value in os.environ.items() if name not in systemd.OURS}
        command = becoming.command(self._file, "-t")
        with self._said.open("wb") as said:
            return processes.spawn_check(command, {**environment, ENVIRONMENT: str(LAYOUT)}, said.fileno())

    def reasons(self, ended: Exit) -> list[str]:
        """Against a reload."""
        if ended.code != 0:
            return [*self._lines(), *([] if ended.code in (1, 78) else [f"the check ended with {ended}"])]
        try:
            return [_fixed(key) for key in _changed(self._config, places.configuration(self._file))]
        except ConfigError as error:  # it has been changed once more
            return list(error.mistakes)

    def _lines(self) -> list[str]:
        text = self._said.read_bytes()[-LONGEST:].decode(errors="replace")
        return [line for line in text.splitlines() if line.strip() and not line.startswith("resqued: ")]


def is_for_another_layout() -> str:
    """In the check: why this version could not take over from the one that asks; empty if it could."""
    wanted = os.environ.get(ENVIRONMENT, str(LAYOUT))
    if wanted == str(LAYOUT):
        return ""
    return f"this version cannot take over from the one that runs (layout {wanted}, not {LAYOUT}); restart resqued"


def _changed(now: Config, then: Config) -> list[str]:
    """Keys that a running master cannot change: its children, its locks and its dead are where they say."""
    places_of = {
        "redis.embedded": (now.redis.embedded, then.redis.embedded),
        "daemon.run_dir": (now.daemon.run_dir, then.daemon.run_dir),
        "daemon.state_dir": (now.daemon.state_dir, then.daemon.state_dir),
    }
    return [key for key, (old, new) in places_of.items() if old != new]


def _fixed(key: str) -> str:
    return f"{key}: cannot be changed by a reload; restart resqued"
