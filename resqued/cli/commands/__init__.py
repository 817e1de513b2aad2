"""The commands of `resquectl`, one module a group.

A group has `add_to(commands)`, which adds a parser for each of its commands and sets two defaults: `about`, a function
of `cli.subjects` that opens what the command is about, and `run`, a function that gets that and the parsed arguments,
writes its answer, and returns the exit status. It raises ResquedError where it cannot do what it should. An argument
with the metavar QUEUE, FROM, TO, POOL or WORKER is completed by shells (`cli.completion`).
"""

from argparse import ArgumentParser, _SubParsersAction
from typing import TypeAlias

Commands: TypeAlias = "_SubParsersAction[ArgumentParser]"

DONE, PROBLEM = 0, 1  # exit statuses
