"""What the variables of other workers mean here.

Read as their owners read them: Ruby Resque 3.0.0 (lib/resque/worker.rb, tasks.rb), resque-pool 0.8, resque-scheduler 5,
resque-multi-job-forks, php-resque (bin/resque), goworker (flags.go); and the options of `resque-worker` and of pyres,
which stand here as variables, too. Ruby takes a variable for a yes that is set at all, to whatever.
"""

from collections.abc import Iterator, Mapping

from resqued.cli.translation import servers
from resqued.cli.translation.meaning import Meaning, Mistake, Reader, Remark, Setting, Variables, number, seconds, whole
from resqued.queues import is_glob

COUNT = "COUNT"
DAY = 86400.0  # s
MANY = 100  # jobs in one process, where there was one process for all
LEVELS = {"critical": "error"}  # of pyres, and what is nearest


def meanings(variables: Variables) -> Iterator[Meaning]:
    """Of all that are known."""
    for names, reader in READERS.items():
        if not variables.keys().isdisjoint(names):
            yield from reader(variables)
    for name, why in REASONS.items():
        if name in variables:
            yield Remark(name, why)


def is_known(name: str) -> bool:
    return name in REASONS or any(name in names for names in READERS)


# What a pool does


def _queues(variables: Variables) -> Iterator[Meaning]:
    name, *ignored = (each for each in ("QUEUES", "QUEUE") if each in variables)
    yield from (Remark(other, f"{name} is set, too, and goes first") for other in ignored)
    entries = [entry for entry in map(str.strip, variables[name].split(",")) if entry]
    if not entries:
        yield Mistake(name, "names no queue; write, for example, QUEUES=critical,mail")
        return
    every = any(is_glob(entry) for entry in entries if not entry.startswith("!"))
    note = "takes the jobs of others on these queues, too; those whose class is not allowed here fail (UnknownJob)"
    yield Setting("", "queues", list(dict.fromkeys(entries)), name, note if every else "")


def _count(variables: Variables) -> Iterator[Meaning]:
    count = whole(variables[COUNT])
    if count < 1:
        yield Mistake(COUNT, f"expected a number of workers, got {variables[COUNT]!r}")
    else:
        yield Setting("", "workers", count, COUNT)


def _interval(variables: Variables) -> Iterator[Meaning]:
    pause = number(variables["INTERVAL"])
    if pause is None:
        yield Mistake("INTERVAL", f"expected a number of seconds, got {variables['INTERVAL']!r}")
    elif pause == 0:
        yield Remark("INTERVAL", "0 had a worker leave when its queues were empty; one of resqued stays")
    else:
        note = "a safety net: a new job is noticed at once, so the default (5) will do"
        yield Setting("", "interval", pause, "INTERVAL", note)


def _forks(variables: Variables) -> Iterator[Meaning]:
    many = variables.get("JOBS_PER_FORK")
    if variables.get("DISABLE_MULTI_JOBS_PER_FORK") is not None:
        yield Remark("DISABLE_MULTI_JOBS_PER_FORK", "one process for each job is the default")
    elif many is not None:
        yield Setting("", "jobs_per_fork", max(1, whole(many)), "JOBS_PER_FORK")
    if variables.get("FORK_PER_JOB") == "false":
        why = f"every job has a process of its own, or shares one with up to {MANY - 1} before it; never the worker's"
        yield Remark("FORK_PER_JOB", why) if many else Setting("", "jobs_per_fork", MANY, "FORK_PER_JOB", why)
    elif "FORK_PER_JOB" in variables:
        yield Remark("FORK_PER_JOB", "one process for each job is the default")


def _timeout(variables: Variables) -> Iterator[Meaning]:
    yield Setting("", "timeout", seconds(variables["--timeout"]), "--timeout")


# How it stops


def _stop(variables: Variables) -> Iterator[Meaning]:
    if "RESQUE_TERM_TIMEOUT" in variables:
        yield Setting("shutdown", "term_timeout", seconds(variables["RESQUE_TERM_TIMEOUT"]), "RESQUE_TERM_TIMEOUT")
    before = variables.get("RESQUE_PRE_SHUTDOWN_TIMEOUT")
    if "GRACEFUL_TERM" in variables:
        note = (
            "a stop waits for running jobs: a day, where Ruby waits for ever. TimeoutStopSec= of the unit has to be "
            "more; KillSignal=SIGQUIT there is without end, too"
        )
        yield Setting("shutdown", "grace", DAY, "GRACEFUL_TERM", note)
        if before is not None:
            yield Remark("RESQUE_PRE_SHUTDOWN_TIMEOUT", "with GRACEFUL_TERM it is about INT alone")
    elif before is not None:
        yield Setting("shutdown", "grace", seconds(before), "RESQUE_PRE_SHUTDOWN_TIMEOUT")


# What it tells


def _level(variables: Variables) -> Iterator[Meaning]:
    names = [name for name in LEVEL_NAMES if name in variables]
    stated = variables.get("--log-level", "").lower()
    level = {"VVERBOSE": "debug", "--log-level": LEVELS.get(stated, stated)}.get(names[0], "info")
    yield Setting("log", "level", level, names[0])
    yield from (Remark(name, f"{names[0]} goes first") for name in names[1:])


def _logfile(variables: Variables) -> Iterator[Meaning]:
    file = variables["--logfile"]
    if file in ("stderr", "stdout") or file.startswith("syslog"):
        yield Remark("--logfile", "the log goes to standard error: the journal, or the log of a container")
    else:
        yield Setting("log", "file", file, "--logfile")


LEVEL_NAMES = ("VVERBOSE", "VERBOSE", "LOGGING", "--log-level")
READERS: Mapping[tuple[str, ...], Reader] = {
    servers.NAMESPACES: servers.namespace,
    (*servers.URLS, *servers.HOSTS, *servers.PARTS, "REDIS_PROVIDER", servers.DATABASE): servers.redis,
    ("QUEUES", "QUEUE"): _queues,
    (COUNT,): _count,
    ("INTERVAL",): _interval,
    ("JOBS_PER_FORK", "FORK_PER_JOB", "DISABLE_MULTI_JOBS_PER_FORK"): _forks,
    ("--timeout",): _timeout,
    ("RESQUE_TERM_TIMEOUT", "RESQUE_PRE_SHUTDOWN_TIMEOUT", "GRACEFUL_TERM"): _stop,
    LEVEL_NAMES: _level,
    ("--logfile",): _logfile,
}

NOTICED = "a new job is noticed at once, however long the interval"
FOREGROUND = "resqued stays in the foreground: systemd, or a container, is what runs it"
IN_MODULES = "the code that may run is named in jobs.modules"
OF_THE_SCHEDULER = "is of resque-scheduler, which may go on beside resqued"
OF_THE_POOL = "is of resque-pool; what its file says is translated by hand: docs/migrating/pools.md"
OF_RUBYS_RESQUED = "is what Ruby's resqued tells its own processes"
REASONS: Mapping[str, str] = {
    "TERM_CHILD": "a job is always asked to stop before it is killed",
    "MAX_INTERVAL": NOTICED,
    "MIN_INTERVAL": NOTICED,
    "BACKOFF_INTERVAL": NOTICED,
    "BLOCKING": NOTICED,
    "--manager-interval": "a master sleeps until there is something to do",
    "BACKGROUND": FOREGROUND,
    "PIDFILE": "none is needed: a lock in daemon.state_dir keeps a second master away, and systemd knows the process",
    "RUN_AT_EXIT_HOOKS": "a job's process writes out what it has to, and leaves without atexit handlers",
    "RESQUE_PROCLINE_PREFIX": "titles begin with `resque-`, or Ruby and Perl workers would take ours for dead ones",
    "FAILURE_BACKEND": "failures go to the list `failed`, which all implementations read",
    "MINUTES_PER_FORK": "only jobs_per_fork says how long a process goes on",
    "RESQUE_MEM_THRESHOLD": 'see memory (of a job) and max_memory (of a worker): sizes such as "512MiB"',
    "--process_max_jobs": "pyres only rested there; max_jobs here has a new worker take the place",
    "--concat_minions_logs": "there is one log, and each line in it names its worker",
    "APP_INCLUDE": IN_MODULES,
    "--module": IN_MODULES,
    "RESQUE_POOL_CONFIG": OF_THE_POOL,
    "RESQUE_ENV": OF_THE_POOL,
    "RESQUE_SINGLE_PGRP": "a job always has a session of its own",
    **dict.fromkeys(
        (
            *("RESQUE_SCHEDULER_INTERVAL", "RESQUE_SCHEDULER_OPTIONS", "RESQUE_SCHEDULER_MASTER_LOCK_PREFIX"),
            *("DYNAMIC_SCHEDULE", "DELAYED_REQUEUE_BATCH_SIZE", "LOCK_TIMEOUT"),
        ),
        OF_THE_SCHEDULER,
    ),
    **dict.fromkeys(
        ("RESQUED_SOCKET", "RESQUED_CONFIG_PATH", "RESQUED_STATE", "RESQUED_LISTENER_ID", "RESQUED_MASTER_VERSION"),
        OF_RUBYS_RESQUED,
    ),
}
