"""What every signal means to every process of ours: the one place where that is said.

`signals` installs handlers by this table, and `docs/signals.md` shows it. Signals that tell a process of a fault of its
own (SEGV, ABRT and their like) are not in it: they mean what they always do.
"""

from dataclasses import dataclass

NOTHING = "nothing"  # by an empty handler: it interrupts nobody, and the programs that a job starts do not inherit it
DEFAULT = "as always"  # the default action, as in a process that has never heard of signals
UNCATCHABLE = "SIGSTOP", "SIGKILL"


@dataclass(frozen=True, slots=True)
class Meaning:
    """To the master, to a worker that has one, to a standalone worker (`Resque.worker()`), and to a job."""

    master: str
    worker: str
    standalone: str
    job: str


def _but_not_for_jobs(master: str, worker: str) -> Meaning:
    return Meaning(master, worker, worker, NOTHING)


_NOBODYS = Meaning(NOTHING, NOTHING, NOTHING, NOTHING)
_A_JOBS_OWN = Meaning(NOTHING, NOTHING, NOTHING, DEFAULT)  # what a process sets timers and limits for itself with
_EVERYBODYS = "write all stacks, go on"
_SHOWN = "show all stacks to `resquectl stacks`, go on"
_WORKER_KILLED = "dies, and its job with it, which another process settles"

TABLE: dict[str, Meaning] = {
    "SIGTERM": _but_not_for_jobs(
        "stop: take no job; after `grace` ask running ones to stop, after `term_timeout` kill them",
        "the same, for itself",
    ),
    "SIGINT": Meaning(
        "stop without the grace; a second one kills jobs at once",
        "nothing: a terminal sends it to all, and the master decides",
        "stop without the grace; a second one kills the job at once",
        NOTHING,
    ),
    "SIGQUIT": _but_not_for_jobs("stop when the running jobs have ended", "leave when the running job has ended"),
    "SIGHUP": Meaning(
        "reload; if its terminal is gone, as TERM", NOTHING, "nothing; if its terminal is gone, as TERM", NOTHING
    ),
    "SIGUSR1": _but_not_for_jobs("reopen log files", "stop the running job, which fails with `JobKilled`"),
    "SIGUSR2": _but_not_for_jobs("pause all pools", "pause: finish the job, take no more"),
    "SIGCONT": _but_not_for_jobs("resume all pools, if not stopping", "resume, if paused and not leaving"),
    "SIGTTIN": _but_not_for_jobs("one worker more in `signal_pool`", NOTHING),
    "SIGTTOU": _but_not_for_jobs("one worker fewer in `signal_pool`", NOTHING),
    "SIGTSTP": _NOBODYS,
    "SIGWINCH": _NOBODYS,
    "SIGPIPE": _NOBODYS,
    "SIGXFSZ": _NOBODYS,
    "SIGPWR": _NOBODYS,
    "SIGALRM": _A_JOBS_OWN,
    "SIGVTALRM": _A_JOBS_OWN,
    "SIGPROF": _A_JOBS_OWN,
    "SIGXCPU": _A_JOBS_OWN,
    "SIGIO": _A_JOBS_OWN,
    "SIGCHLD": _but_not_for_jobs("see which process has ended", "see whether the job has ended"),
    "SIGRTMIN": Meaning(NOTHING, NOTHING, NOTHING, "stop: raises `JobTerminated` in it"),
    "SIGRTMIN+1": _but_not_for_jobs(NOTHING, "leave without the grace"),
    "SIGRTMIN+2": _but_not_for_jobs(NOTHING, "kill the job at once and leave"),
    "SIGRTMIN+3": Meaning(_EVERYBODYS, _EVERYBODYS, _EVERYBODYS, _EVERYBODYS),
    "SIGRTMIN+4": Meaning(_SHOWN, _SHOWN, _EVERYBODYS, _SHOWN),
    "SIGSTOP": Meaning(
        "stands still", "stands still; after 120 s its master replaces it", "stands still", "stands still"
    ),
    "SIGKILL": Meaning(
        "dies; workers leave as on TERM", _WORKER_KILLED, _WORKER_KILLED, "dies, and fails with `DirtyExit`"
    ),
}
