"""`resquectl kill-job`: end one job on this machine."""

from argparse import Namespace
from dataclasses import dataclass

from msgspec import to_builtins

from resqued.cli import subjects
from resqued.cli.commands import DONE, Commands
from resqued.cli.commands.pools import add_timeout_to
from resqued.cli.machine import Machine, Master
from resqued.cli.terminal import say, say_json
from resqued.cli.waiting import looks
from resqued.errors import NotGone, WishRefused
from resqued.scoreboard import Row, State
from resqued.status import WorkerStatus
from resqued.wishes import KillJob, Unwanted


@dataclass(frozen=True, slots=True)
class Running:
    """A job as its worker's row shows it at one moment."""

    slot: str
    worker: int  # pid
    row: Row
    name: str
    pid: int
    turn: int

    def __str__(self) -> str:
        return f"{self.name} of {self.slot} (process {self.pid})"


def add_to(commands: Commands) -> None:
    kill = commands.add_parser(
        "kill-job",
        help="end one job on this machine, which fails with JobKilled",
        description="Ask one job to stop, and kill it with its session if it does not within `shutdown.term_timeout`. "
        "It fails with JobKilled, and its worker goes on. Who names the process of a job never ends another one that "
        "has begun since; where a process performs several, so does --turn.",
    )
    kill.add_argument("worker", metavar="WORKER", help="mail.0, or the process of the worker, or of its job")
    kill.add_argument(
        "--turn", type=int, metavar="N", help="only if it is this one of its worker's jobs (status --json)"
    )
    kill.add_argument("--wait", action="store_true", help="until the job has ended")
    add_timeout_to(kill)
    kill.set_defaults(run=kill_job, about=subjects.machine)


def kill_job(machine: Machine, arguments: Namespace) -> int:
    master = machine.master()
    job = _found(master, arguments.worker)
    if arguments.turn not in (None, job.turn):
        raise WishRefused(f"{job.slot} performs its job no. {job.turn} now: {job}; nothing was done")
    answer = master.wish(KillJob(pid=job.worker, turn=job.turn), Unwanted, arguments.timeout)
    if arguments.wait:
        _wait_for_the_end(job, arguments.timeout)
    if arguments.json:
        say_json({"job": job.name, "turn": job.turn, "ended": arguments.wait, **to_builtins(answer)})
    else:
        say(f"{job} has ended" if arguments.wait else f"asked {job} to stop")
    return DONE


def _found(master: Master, wanted: str) -> Running:
    """Raises WishRefused if nobody is meant, or more than one, or somebody without a job."""
    meant = [(worker, row) for worker, row in master.rows() if wanted in _names(worker, row)]
    if not meant:
        raise WishRefused(f"there is no worker {wanted!r}, and no process {wanted!r} of a worker or its job")
    running = [job for worker, row in meant if (job := _running(worker, row))]
    if len(running) > 1:
        raise WishRefused(f"{wanted} is more than one: {', '.join(map(str, running))}; name the process")
    if not running:
        raise WishRefused(_why_none(*meant[0]))
    return running[0]


def _names(worker: WorkerStatus, row: Row | None) -> list[str]:
    pids = [worker.pid, row.job if row else 0]
    return [worker.slot, *(str(pid) for pid in pids if pid)]


def _running(worker: WorkerStatus, row: Row | None) -> Running | None:
    while worker.pid and row and (turn := row.turn):
        job = Running(worker.slot, worker.pid, row, row.job_name, row.job, turn)
        if row.turn == turn:  # else the next one began while we read
            return job
    return None


def _why_none(worker: WorkerStatus, row: Row | None) -> str:
    if row and row.job and row.state is State.BUSY:  # of a version without turns; or it has begun at this moment
        return f"{worker.slot} does not say which job it performs; if it is still the one: kill -USR1 {worker.pid}"
    return f"{worker.slot} performs no job now"


def _wait_for_the_end(job: Running, within: float) -> None:
    for _ in looks(within):
        if job.row.turn != job.turn:
            return
    raise NotGone(f"{job} has not ended after {within:g} s")
