"""Whether a new version would run, found out by a fresh interpreter: a fork would have the old modules."""

import json
import os
from collections.abc import Mapping

from resqued import processes, systemd
from resqued.config import Config
from resqued.entry.becoming import Origin
from resqued.entry.children import CONFIG, CRASH
from resqued.entry.ground import Ground
from resqued.handover import LAYOUT
from resqued.processes import Exit

ENVIRONMENT = "RESQUED_CHECK"  # tells the check what it would have to take over
LONGEST = 16384  # bytes of its words


class Check:
    """What it says goes to a file in the run directory, where it can be read later, too."""

    def __init__(self, config: Config, ground: Ground, origin: Origin) -> None:
        self._origin, self._yes, self._said = origin, approval(ground.file), ground.run / "check"
        self._asked = json.dumps({"layout": LAYOUT, "fixed": fixed(config)})

    def start(self) -> int:
        """Returns its pid. Raises OSError if there can be no more processes or files."""
        environment = {name: value for name, value in self._origin.environment.items() if name not in systemd.OURS}
        with self._said.open("wb") as said:
            return processes.spawn_check(
                self._origin.command("-t"), {**environment, ENVIRONMENT: self._asked}, said.fileno()
            )

    def reasons(self, ended: Exit) -> list[str]:
        """Against a reload. Who ends without a word, as when the application exits, has not approved of anything."""
        said = [line for line in self._lines() if line.strip() and not line.startswith("resqued: ")]
        if ended.code == 0 and self._yes in said:
            return []
        if ended.code in (CONFIG, CRASH) and said:
            return said
        return [*said, f"the check ended with {ended}, before it was through"]

    def _lines(self) -> list[str]:
        try:
            return self._said.read_bytes()[-LONGEST:].decode(errors="replace").splitlines()
        except OSError as error:  # somebody has cleared the directory away
            return [f"what the check has said cannot be read: {error}"]

    def remove(self) -> None:
        """At the end."""
        self._said.unlink(missing_ok=True)


def approval(file: os.PathLike[str]) -> str:
    """What a check says last if all is well. Earlier versions wait for these very words."""
    return f"{file}: ok"


def objections(config: Config) -> list[str]:
    """In the check: why this version, with this configuration, could not take over from the one that asks."""
    asked = json.loads(os.environ.get(ENVIRONMENT, "{}"))
    if asked.get("layout", LAYOUT) != LAYOUT:
        both = f"layout {asked['layout']}, not {LAYOUT}"
        return [f"this version cannot take over from the one that runs ({both}); restart resqued"]
    return changes(asked.get("fixed", {}), config)


def fixed(config: Config) -> dict[str, str]:
    """What a running master cannot change: its children, its locks and its dead are where this says."""
    return {
        "redis.embedded": str(config.redis.embedded),
        "daemon.run_dir": config.daemon.run_dir,
        "daemon.state_dir": config.daemon.state_dir,
    }


def changes(before: Mapping[str, str], config: Config) -> list[str]:
    """Of what is `fixed`, as mistakes."""
    return [
        f"{key}: cannot be changed by a reload; restart resqued"
        for key, value in fixed(config).items()
        if before.get(key, value) != value
    ]
