"""What was measured on: without it a figure says nothing."""

import os
import platform
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from bench.stage import Stage

PACKAGES = ("resqued", "redis", "hiredis", "setproctitle", "msgspec")


def facts(stage: Stage) -> Mapping[str, str]:
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "machine": f"{os.cpu_count()} cores, {_processor()}, {_memory()}, Linux {platform.release()}",
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "redis-server": str(stage.redis.info("server")["redis_version"]),
        "packages": ", ".join(f"{name} {found}" for name in PACKAGES if (found := _version(name))),
    }


def load() -> str:
    """Of the last minute; whatever else the machine does is in it."""
    return f"{os.getloadavg()[0]:.2f}"


def _processor() -> str:
    return _field(Path("/proc/cpuinfo"), "model name") or platform.machine()


def _memory() -> str:
    return f"{int(_field(Path('/proc/meminfo'), 'MemTotal').split()[0]) / 1e6:.0f} GB"


def _field(file: Path, name: str) -> str:
    fields = (line.partition(":") for line in file.read_text().splitlines())
    return next((value.strip() for key, _, value in fields if key.strip() == name), "")


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""
