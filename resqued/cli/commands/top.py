"""`resquectl top`: the workers on this machine, live. It asks no Redis."""

import time
from argparse import ArgumentTypeError, Namespace
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from time import monotonic

from resqued.cli import subjects
from resqued.cli.commands import DONE, PROBLEM, Commands
from resqued.cli.commands.status import POOLS, document, pools, state, worker_document
from resqued.cli.machine import Machine
from resqued.cli.report import WorkerReport
from resqued.cli.screen import QUIT, is_at_hand, screen
from resqued.cli.terminal import columns, printable, say, say_json, size, span
from resqued.cli.usage import Look, Usage, look
from resqued.cli.waiting import seconds
from resqued.errors import ResquedError
from resqued.scoreboard import State

DELAY = 2.0  # s
SHORTEST = 0.1  # s from one picture to the next
ANY = 10_000  # lines and columns, where there is no terminal


@dataclass(frozen=True, slots=True)
class Order:
    """A column to sort by; `key` is typed for it."""

    key: str
    words: str
    rank: Callable[[WorkerReport, Usage], tuple[float | str, ...]]


def _by_time(worker: WorkerReport, usage: Usage) -> tuple[float | str, ...]:
    """The busy first, longest first: what hangs stands on top."""
    since = worker.row.since.timestamp() if worker.row.since else 0.0
    return worker.row.state != BUSY, since if worker.row.state == BUSY else 0.0, *_by_worker(worker, usage)


def _by_worker(worker: WorkerReport, _usage: Usage) -> tuple[float | str, ...]:
    pool, _, number = worker.facts.slot.rpartition(".")
    return pool, float(number) if number.isdecimal() else 0.0


BUSY = State.BUSY.name.lower()
ORDERS = {
    "time": Order("t", "time", _by_time),
    "cpu": Order("c", "cpu", lambda worker, usage: (-(usage.processor(worker) or 0.0), *_by_worker(worker, usage))),
    "memory": Order("m", "memory", lambda worker, usage: (-_memory(worker), *_by_worker(worker, usage))),
    "done": Order("d", "done", lambda worker, usage: (-(worker.row.done or 0), *_by_worker(worker, usage))),
    "failed": Order("f", "failed", lambda worker, usage: (-(worker.row.failed or 0), *_by_worker(worker, usage))),
    "worker": Order("w", "worker", _by_worker),
}


def _memory(worker: WorkerReport) -> int:
    return (worker.memory or 0) + (worker.job_memory or 0)


def add_to(commands: Commands) -> None:
    top = commands.add_parser(
        "top",
        help="watch the workers on this machine",
        description="Watch the workers on this machine, what they do and what they use. On a terminal until q is "
        "typed; elsewhere once. Needs no Redis. Keys: q to leave, a letter to sort by what begins with it: "
        f"{', '.join(ORDERS)}.",
    )
    top.add_argument("-d", "--delay", type=_delay, default=DELAY, metavar="S", help="seconds between two pictures")
    top.add_argument("-n", "--times", type=_times, metavar="N", help="so many pictures, one below the other")
    top.add_argument("--once", dest="times", action="store_const", const=1, help="one picture")
    top.add_argument("--sort", choices=ORDERS, default="time", help="default: %(default)s, the longest jobs first")
    top.set_defaults(run=watch, about=subjects.machine)


def _delay(text: str) -> float:
    return max(SHORTEST, seconds(text))


def _times(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) <= ANY:
        raise ArgumentTypeError(f"expected a number from 1 to {ANY}, got {text!r}")
    return int(text)


def watch(machine: Machine, arguments: Namespace) -> int:
    order = ORDERS[arguments.sort]
    if arguments.times is None and not arguments.json and is_at_hand():
        return _watch_live(machine, order, arguments.delay)
    return _print(machine, order, arguments)


def _print(machine: Machine, order: Order, arguments: Namespace) -> int:
    """Each picture is of the time since the one before; so there is a look before the first."""
    before, problems = look(machine.master()), False
    for number in range(arguments.times or 1):
        time.sleep(arguments.delay)
        usage = Usage(before, look(machine.master()))
        if arguments.json:
            say_json(_document(usage))
        else:
            say(*([""] if number else []), *picture(usage, order, width=ANY, height=ANY))
        before, problems = usage.now, bool(usage.now.report.problems)
    return PROBLEM if problems else DONE


def _watch_live(machine: Machine, order: Order, delay: float) -> int:
    before: Look | None = None
    with screen() as shown:
        while True:
            until = monotonic() + delay
            try:
                usage = Usage(before, look(machine.master()))
            except ResquedError as error:
                before, lines = None, _complaint(error)
            else:
                before, lines = usage.now, picture(usage, order, *shown.size)
            shown.draw(lines)
            typed = shown.wait(until)
            if QUIT in typed:
                return DONE
            order = next((one for one in ORDERS.values() if one.key == typed), order)


def _complaint(error: ResquedError) -> list[str]:
    lines = [line for text in (error, *getattr(error, "__notes__", ())) for line in str(text).splitlines()]
    return [*map(printable, lines), "", "q quit"]


# The picture


def picture(usage: Usage, order: Order, width: int, height: int) -> list[str]:
    """What is most important first; workers that do not fit are counted. No line holds what a terminal might obey."""
    head = [*_head(usage), "", *_few(columns(POOLS, pools(usage.now.report)), height // 3), ""]
    foot = [] if height == ANY else ["", _keys(order)]
    workers = _few(_workers(usage, order), height - len(head) - len(foot))
    return [printable(line)[:width] for line in [*head, *workers, *foot]]


def _few(rows: list[str], most: int) -> list[str]:
    """The heading, and as many as fit."""
    most = max(2, most)
    return rows if len(rows) <= most else [*rows[: most - 1], f"… {len(rows) - most + 1} more"]


def _head(usage: Usage) -> Iterator[str]:
    report = usage.now.report
    yield f"master {report.status.pid}, {state(report)}; {report.now:%H:%M:%S} UTC"
    workers = [worker for worker in report.workers if worker.facts.pid]
    busy = sum(worker.row.state == BUSY for worker in workers)
    rate = "-" if usage.jobs_per_second is None else f"{usage.jobs_per_second:.1f}"
    memory = size(report.memory_all if report.memory_all is not None else report.memory)
    plural = "" if len(workers) == 1 else "s"
    yield f"{len(workers)} worker{plural}, {busy} busy; {rate} jobs/s; cpu {_total(usage, workers)}; memory {memory}"
    yield from (f"problem: {line}" for problem in report.problems[:3] for line in problem.splitlines()[:1])


def _total(usage: Usage, workers: Sequence[WorkerReport]) -> str:
    known = [used for worker in workers if (used := usage.processor(worker)) is not None]
    return f"{sum(known):.0f}%" if known else "-"


def _keys(order: Order) -> str:
    return f"q quit; sorted by {order.words}: " + ", ".join(f"{one.key} {one.words}" for one in ORDERS.values())


def _workers(usage: Usage, order: Order) -> list[str]:
    heading = "WORKER", "PID", "STATE", "FOR", "CPU%", "MEM", "JOBMEM", "DONE", "FAIL", "JOB"
    ranked = sorted(usage.now.report.workers, key=lambda worker: order.rank(worker, usage))
    return columns(heading, (_worker(worker, usage) for worker in ranked))


def _worker(worker: WorkerReport, usage: Usage) -> list[object]:
    facts, row, now = worker.facts, worker.row, usage.now.report.now
    used = usage.processor(worker)
    return [
        facts.slot,
        facts.pid or "-",
        row.state,
        span((now - row.since).total_seconds()) if row.since else "-",
        "-" if used is None else f"{used:.0f}",
        size(worker.memory),
        size(worker.job_memory),
        "-" if row.done is None else row.done,
        "-" if row.failed is None else row.failed,
        f"{row.job} ({row.job_pid})" if row.job and row.job_pid else row.job or "",
    ]


# For programs: docs/status.md


def _document(usage: Usage) -> dict[str, object]:
    """As that of `status`, with what was used since the look before."""
    report, rate = usage.now.report, usage.jobs_per_second
    return document(report) | {
        "jobs_per_second": None if rate is None else round(rate, 3),
        "workers": [worker_document(one) | {"cpu": _rounded(usage.processor(one))} for one in report.workers],
    }


def _rounded(percent: float | None) -> float | None:
    return None if percent is None else round(percent, 1)
