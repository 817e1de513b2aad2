"""`python manage.py resqued`: the daemon, with this project's settings."""

import os
import sys
from argparse import ArgumentParser
from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from resqued import processes

EXAMPLE = """
    [jobs]
    path = ["{path}"]
    django = "{settings}"
    [pools.default]
    queues = ["*"]
"""


class Command(BaseCommand):
    """Gives its place to `resqued`, which reloads and stops as it ever does."""

    help = "Performs the jobs of this project: resqued, with these settings."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """As those of resqued itself."""
        where = "its configuration; default: resqued.toml in BASE_DIR, else in the working directory"
        parser.add_argument("-c", "--config", type=Path, metavar="FILE", help=where)
        parser.add_argument("-t", "--test", action="store_true", help="check it, import all jobs, and exit")

    def handle(self, *, config: Path | None, test: bool, **_others: object) -> None:
        """Returns only in order to say what is wrong."""
        home = Path(getattr(settings, "BASE_DIR", ""))
        file = config or home / "resqued.toml"
        if not file.exists():
            example = EXAMPLE.format(path=home.absolute(), settings=settings.SETTINGS_MODULE)
            raise CommandError(f"there is no {file}; with these lines all queues are served:\n{example}")
        command = [sys.executable, "-m", "resqued", "-c", str(file), *(["-t"] if test else [])]
        raise CommandError(f"resqued cannot be executed: {processes.execute(command, os.environ)}")
