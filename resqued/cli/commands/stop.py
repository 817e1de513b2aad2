"""`resquectl stop` and `drain`: end the master on this machine, and see it gone."""

import signal
import time
from argparse import ArgumentParser, Namespace

from resqued.cli import subjects
from resqued.cli.commands import DONE, Commands
from resqued.cli.machine import Machine, Master, gone
from resqued.cli.terminal import say, say_json, span
from resqued.cli.waiting import line, looks, seconds
from resqued.errors import NoStatus, NotGone
from resqued.escalation import Mood
from resqued.status import Status, is_elsewhere, is_of_a_living_master

HEARD_WITHIN = 10.0  # s; a master that imports the application at this moment hears a stop, too
SIGNALS = {
    Mood.DRAINING: signal.SIGQUIT,
    Mood.STOPPING: signal.SIGTERM,
    Mood.HURRYING: signal.SIGINT,
    Mood.KILLING: signal.SIGINT,  # a second one
}
WORDS = {
    Mood.DRAINING: "leave when its jobs have ended",
    Mood.STOPPING: "stop",
    Mood.HURRYING: "stop now",
    Mood.KILLING: "kill its jobs and stop",
}
MOODS = {mood.name.lower(): mood for mood in Mood}


def add_to(commands: Commands) -> None:
    stop = commands.add_parser(
        "stop",
        help="stop the master on this machine",
        description="Stop the master on this machine, as TERM does: its workers take no more jobs, and those under way "
        "have `shutdown.grace` to end; then they are asked to stop, and after `shutdown.term_timeout` killed. A stop "
        "only ever gets firmer: again with --now, or with --kill.",
    )
    firmness = stop.add_mutually_exclusive_group()
    firmness.add_argument(
        "--now", dest="mood", action="store_const", const=Mood.HURRYING, help="without the grace, as INT does"
    )
    firmness.add_argument(
        "--kill", dest="mood", action="store_const", const=Mood.KILLING, help="kill all jobs at once, as a second INT"
    )
    stop.set_defaults(mood=Mood.STOPPING)
    drain = commands.add_parser(
        "drain",
        help="stop the master on this machine when its jobs have ended",
        description="Stop the master on this machine, as QUIT does: each worker leaves when its present job has ended, "
        "however long that takes. `stop` makes it firmer.",
    )
    drain.set_defaults(mood=Mood.DRAINING)
    for parser in (stop, drain):
        _add_wait_to(parser)


def _add_wait_to(parser: ArgumentParser) -> None:
    parser.add_argument("--wait", action="store_true", help="until it has gone; its end is counted down on a terminal")
    parser.add_argument(
        "--timeout", type=seconds, metavar="S", help="the longest to wait; default: as long as it takes"
    )
    parser.set_defaults(run=stop_master, about=subjects.machine)


def stop_master(machine: Machine, arguments: Namespace) -> int:
    master = machine.master()
    before, wanted = master.status, arguments.mood
    asked = _ask(master, wanted)
    if arguments.wait:
        _wait_until_gone(master, before, arguments.timeout)
    if arguments.json:
        say_json({"pid": before.pid, "asked": asked, "gone": arguments.wait})
    elif arguments.wait:
        say(f"the master has gone (pid {before.pid})")
    elif asked:
        say(f"asked the master to {WORDS[wanted]} (pid {before.pid})")
    else:
        say(f"the master is {before.mood} already (pid {before.pid})")
    return DONE


# Asking


def _ask(master: Master, wanted: Mood) -> bool:
    """Whether there was anything to ask for: a softer wish than an earlier one changes nothing."""
    if not master.lives:
        raise gone(master.status)
    if _mood(master) >= wanted:
        return False
    if wanted is Mood.KILLING:
        _ask_until_it_kills(master)
    else:
        master.send(SIGNALS[wanted])
    return True


def _mood(master: Master) -> Mood:
    return MOODS.get(master.status.mood, Mood.RUNNING)


def _ask_until_it_kills(master: Master) -> None:
    """A second INT is another than the first one only when that has been heard."""
    before, asked_in = master.status, None
    for _ in looks(HEARD_WITHIN):
        if _is_gone(master, before) or (mood := _mood(master)) is Mood.KILLING:
            return
        if mood is not asked_in:
            master.send(signal.SIGINT)
            asked_in = mood
    raise NotGone(f"the master has not heard after {HEARD_WITHIN:g} s (pid {before.pid}); kill -KILL ends it")


# Waiting


def _wait_until_gone(master: Master, before: Status, within: float | None) -> None:
    with line() as shown:
        for _ in looks(within):
            if _is_gone(master, before):
                break
            shown.show(f"waiting for the master to go: {_what_is_left(master)}")
        else:
            raise NotGone(
                f"the master has not gone after {within:g} s (pid {before.pid}): {_what_is_left(master)}; it goes on"
            )
    _refuse_an_end_without_a_word(master, before)


def _is_gone(master: Master, before: Status) -> bool:
    """Looks again. A master in another pid namespace has gone when it has taken its status away."""
    try:
        master.look_again()
    except NoStatus:
        return is_elsewhere(before) or not is_of_a_living_master(before)
    if is_elsewhere(before):
        return not master.is_still(before)
    return not is_of_a_living_master(before)


def _what_is_left(master: Master) -> str:
    rows = [row for worker, row in master.rows() if worker.pid]
    busy = sum(row is not None and row.turn != 0 for row in rows)
    left = f"{len(rows)} worker{'' if len(rows) == 1 else 's'}, {busy} busy"
    if (by := master.status.stops_by) is None:
        return f"{left}, as long as the jobs take"
    return f"{left}, gone in {span(by - time.time())} at the latest"


def _refuse_an_end_without_a_word(master: Master, before: Status) -> None:
    """Who leaves takes his status away."""
    try:
        master.look_again()
    except NoStatus:
        return
    if (master.status.pid, master.status.born) == (before.pid, before.born):
        raise NotGone(f"the master has died before it had stopped (pid {before.pid}); its next start clears up")
