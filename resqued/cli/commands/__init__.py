"""The commands of `resquectl`, one module a group.

A group has `add_to(commands)`, which adds a parser for each of its commands and sets its default `run`: a function that
gets the client and the parsed arguments, writes its answer, and raises ResquedError where it cannot do what it should.
"""

from argparse import ArgumentParser, _SubParsersAction
from typing import TypeAlias

Commands: TypeAlias = "_SubParsersAction[ArgumentParser]"
