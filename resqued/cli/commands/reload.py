"""`resquectl reload`: have the master on this machine become its new version, and learn whether it did."""

import signal
from argparse import Namespace
from time import monotonic

from resqued import scoreboard
from resqued.cli import subjects
from resqued.cli.commands import DONE, PROBLEM, Commands
from resqued.cli.machine import Machine, Master
from resqued.cli.terminal import say, say_json
from resqued.cli.waiting import looks, seconds
from resqued.errors import NotReloaded
from resqued.status import ReloadStatus, Status

TIMEOUT = 90.0  # s; more than a check may take, and than an image needs to come up. Also systemd's own
ACCEPTED = "accepted"
VERDICTS = (ACCEPTED, "refused")


def add_to(commands: Commands) -> None:
    reload = commands.add_parser(
        "reload",
        help="have the master on this machine take over configuration, application and resqued anew",
        description="Send HUP to the master on this machine. A configuration that is wrong, or an application that "
        "does not import, is refused, and everything stays as it was: with --wait the reasons are shown and the exit "
        "status is 1.",
    )
    reload.add_argument("--wait", action="store_true", help="until it is accepted (exit status 0) or refused (1)")
    reload.add_argument(
        "--rollout",
        action="store_true",
        help="also until only the new version takes jobs; exit status 1 if none of its workers gets ready",
    )
    reload.add_argument(
        "--timeout", type=seconds, default=TIMEOUT, metavar="S", help="the longest to wait; default: %(default).0f"
    )
    reload.set_defaults(run=reload_master, about=subjects.machine)


def reload_master(machine: Machine, arguments: Namespace) -> int:
    master = machine.master()
    before = master.status
    _refuse_while_it_stops(before)
    asked = scoreboard.now()
    master.send(signal.SIGHUP)
    if not (arguments.wait or arguments.rollout):
        return _say_asked(before, json=arguments.json)
    deadline = monotonic() + arguments.timeout
    verdict = _verdict(master, before, asked, arguments.timeout)
    if arguments.rollout and verdict.state == ACCEPTED:
        _see_rolled_out(master, before, verdict.number, deadline - monotonic())
    return _say_verdict(verdict, json=arguments.json)


def _verdict(master: Master, before: Status, asked: int, timeout: float) -> ReloadStatus:
    """Of the first reload that began after `asked` (monotonic ms) and of which there is one.

    Raises NotRunning if the master has gone, and NotReloaded if it stops instead, or has said nothing for so long (s).
    """
    for _ in looks(timeout):
        master.refuse_the_gone(before)
        reload = master.status.reload
        if reload and reload.began_ms >= asked and reload.state in VERDICTS:
            return reload
        _refuse_while_it_stops(master.status)
    raise _late(master.status.reload, asked, timeout)


def _see_rolled_out(master: Master, before: Status, number: int, timeout: float) -> None:
    """Until workers of earlier generations take no jobs. Raises NotRunning if the master has gone, and NotReloaded."""
    for _ in looks(timeout):
        master.refuse_the_gone(before)
        status = master.status
        if not _old_ones(status):
            return
        if status.rollout and status.rollout.state == "stopped":
            raise NotReloaded(f"reload no. {number} accepted, but none of its workers gets ready: see the master's log")
        _refuse_while_it_stops(status)
    old = _old_ones(master.status)
    raise NotReloaded(f"reload no. {number} accepted, but workers of before still take jobs: {old}")


def _old_ones(status: Status) -> int:
    """How many workers of earlier generations take jobs."""
    return sum(worker.generation < status.generation and not worker.leaving for worker in status.workers)


def _refuse_while_it_stops(master: Status) -> None:
    if master.mood != "running":
        raise NotReloaded(f"the master is {master.mood}, and does not reload any more")


def _late(reload: ReloadStatus | None, asked: int, timeout: float) -> NotReloaded:
    if reload and reload.began_ms >= asked:
        known = f"reload no. {reload.number} is {reload.state}"
    elif reload and reload.state not in VERDICTS:
        known = f"the one before it, no. {reload.number}, is still {reload.state}"
    else:
        known = "the master has not begun with it"
    return NotReloaded(f"no verdict after {timeout:g} s: {known}; it goes on, and `resquectl status` will show its end")


def _say_asked(master: Status, *, json: bool) -> int:
    if json:
        say_json({"pid": master.pid, "asked": True})
    else:
        say(f"asked the master to reload (pid {master.pid})")
    return DONE


def _say_verdict(reload: ReloadStatus, *, json: bool) -> int:
    accepted = reload.state == ACCEPTED
    if json:
        say_json({"number": reload.number, "state": reload.state, "reason": reload.reason})
    elif accepted:
        say(f"reload no. {reload.number} accepted", *reload.reason)
    else:
        raise NotReloaded("\n".join([f"reload no. {reload.number} refused; everything is as it was", *reload.reason]))
    return DONE if accepted else PROBLEM
