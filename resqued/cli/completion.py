"""What a shell offers when a person presses Tab behind `resquectl`: words out of the parser, and names that exist.

What an argument is about, its metavar says: whatever takes a QUEUE, a POOL or a WORKER is offered those there are.
Who waits for a word to be completed does not wait for Redis: it has half a second, and there is nothing to say of it
then, or of anything else that is in the way.
"""

import os
from argparse import Action, ArgumentParser, Namespace, _SubParsersAction
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from resqued.cli import subjects
from resqued.cli.machine import Machine
from resqued.cli.terminal import printable
from resqued.errors import ResquedError
from resqued.protocol.keys import Keys
from resqued.store.catalog import Catalog
from resqued.store.census import Census, shown
from resqued.wire import Wire, pooled

ASKED = "_ARGCOMPLETE"  # in the environment: a shell asks
PATIENCE = 0.5  # s for Redis
MOST = 500  # names: nobody reads more

Names = Callable[[Namespace], Iterable[str]]


def answer(parser: ArgumentParser) -> None:
    """If it is a shell that asks, tell it what may stand there, and end this process."""
    if ASKED not in os.environ:
        return
    import argcomplete  # noqa: PLC0415  only a shell pays for it
    from argcomplete.completers import FilesCompleter  # noqa: PLC0415

    for action in arguments_of(parser):
        offers = FilesCompleter() if action.type is Path else _offers(str(action.metavar))
        action.completer = offers  # type: ignore[attr-defined]  # as argcomplete wants it
    argcomplete.autocomplete(parser, always_complete_options=False)


def arguments_of(parser: ArgumentParser) -> Iterator[Action]:
    """Everything that takes a word, in all commands, but what is one of several known words."""
    for action in parser._actions:  # noqa: SLF001  argparse tells it in no other way
        if isinstance(action, _SubParsersAction):
            for command in {id(each): each for each in action.choices.values()}.values():
                yield from arguments_of(command)
        elif action.nargs != 0 and action.choices is None:
            yield action


def _offers(metavar: str) -> Callable[..., dict[str, str]]:
    names = OFFERED.get(metavar, _nothing)

    def offer(prefix: str, parsed_args: Namespace, **_: object) -> dict[str, str]:
        with suppress(ResquedError, OSError):
            found = (name for name in names(parsed_args) if name.startswith(prefix) and name == printable(name))
            return dict.fromkeys(sorted(found)[:MOST], "")
        return {}

    return offer


def _nothing(_: Namespace) -> Iterable[str]:
    return ()


def _queues(arguments: Namespace) -> Iterable[str]:
    with _redis(arguments) as (wire, keys):
        return Catalog(wire, keys).queues()


@contextmanager
def _redis(arguments: Namespace) -> Iterator[tuple[Wire, Keys]]:
    server, namespace = subjects.where(arguments)
    with closing(pooled.connect(server, timeout=PATIENCE)) as wire:
        yield wire, Keys(namespace)


def _pools(arguments: Namespace) -> Iterable[str]:
    return Machine(arguments.config or subjects.DEFAULT_FILE).master().status.pools


def _workers(arguments: Namespace) -> Iterable[str]:
    """Those of the fleet by their ids, those of this machine by their places."""
    if getattr(arguments, "about", None) is subjects.fleet:
        with _redis(arguments) as (wire, keys):
            return [shown(worker) for worker in Census(wire, keys).ids()]
    master = Machine(arguments.config or subjects.DEFAULT_FILE).master()
    return {worker.slot for worker in master.status.workers}


OFFERED: dict[str, Names] = {"QUEUE": _queues, "FROM": _queues, "TO": _queues, "POOL": _pools, "WORKER": _workers}
