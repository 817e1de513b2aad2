"""Whether the master of this configuration is well, and its processes are as they should be."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from math import isinf

from resqued.cli.doctor.facts import Facts, Process, Unknown
from resqued.cli.doctor.findings import Finding, hint, known
from resqued.cli.terminal import span
from resqued.scoreboard import State

TITLE = re.compile(r"resque-[0-9]")  # what `ps | grep` of a Ruby or Perl worker looks for
STARTING = State.STARTING.name.lower()
ALMOST = 0.8  # of a limit
FILES = 64  # that a worker may have open itself: its pipes, and a connection for each of up to 32 queues


def configuration(facts: Facts) -> Iterator[Finding]:
    if not facts.mistakes:
        known(facts.config)
    for mistake in facts.mistakes:
        yield Finding(f"{facts.file}: {mistake}", f"correct it; resqued -t -c {facts.file} shows what else is wrong")


def master(facts: Facts) -> Iterator[Finding]:
    report = known(facts.report)
    for problem in report.problems:
        yield Finding(
            problem,
            "its log says more; what has ended starts again with its unit" if report.alive else "start it again",
        )


def reload(facts: Facts) -> Iterator[Finding]:
    last = known(facts.report).status.reload
    if last and last.state == "refused":
        yield Finding(
            f"the last reload was refused, and what ran before goes on: {' '.join(last.reason)}",
            "correct what it says, and reload again: resquectl reload --wait",
        )


def pauses(facts: Facts) -> Iterator[Finding]:
    paused = [name for name, pool in known(facts.report).status.pools.items() if pool.paused]
    if paused:
        yield hint(
            f"paused, and takes no jobs: pool {', '.join(paused)}",
            "if that is no longer wanted, resume it (CONT to the master resumes all)",
        )


def overdue(facts: Facts) -> Iterator[Finding]:
    """Beyond its own timeout a job is killed; one that is not tells of a worker that is stuck."""
    config, report = known(facts.config), known(facts.report)
    for worker in report.workers:
        pool = config.pools.get(worker.facts.pool)
        if pool is None or not pool.timeout or worker.row.job is None or worker.row.since is None:
            continue
        age = (report.now - worker.row.since).total_seconds()
        if age > 2 * (pool.timeout + config.shutdown.term_timeout):
            yield Finding(
                f"{worker.row.job} of {worker.facts.slot} runs for {span(age)}, beyond the timeout of its pool "
                f"({pool.timeout:g} s)",
                "its worker should have ended it; look into its log, and reload if the timeout is newer than it",
            )


# Processes


def titles(facts: Facts) -> Iterator[Finding]:
    starting = {worker.facts.pid for worker in known(facts.report).workers if worker.row.state == STARTING}
    for worker in known(facts.family).processes:
        if not worker.is_worker or worker.pid in starting:  # it has its title before anybody can know of it
            continue
        if not TITLE.match(title := known(worker.title)):
            yield Finding(
                f"{worker.name} (pid {worker.pid}) is called {title[:40]!r} in ps: a Ruby or Perl worker that starts "
                "on this host takes it for dead, and fails its job",
                "something in the application sets the title of its process (setproctitle); let it do so in jobs only",
            )


def sockets(facts: Facts) -> Iterator[Finding]:
    family = known(facts.family)
    sockets = [(process.name, known(process.sockets)) for process in family.processes]
    for inode, connection in family.connections.items():
        having = [name for name, inodes in sockets if inode in inodes]
        yield Finding(
            f"{_named(having)} {'hold' if len(having) > 1 else 'holds'} {connection}, and all that is forked from "
            "there inherits it: two processes that speak on one connection get each other's answers",
            "the application opens it when it is imported: let it be opened by the job that needs it first, or set "
            '[jobs] preload = "job"',
        )


def _named(processes: Sequence[str]) -> str:
    """The first, and how many more."""
    more = len(processes) - 1
    return f"{processes[0]} and {more} more of its processes" if more else processes[0]


def shared(processes: Sequence[Process]) -> set[int]:
    """Sockets that are the master's, which has no business with any, or that more than one process has.

    A worker's own connections to Redis are none of them: its jobs close these.
    """
    seen = [process.sockets for process in processes if not isinstance(process.sockets, Unknown)]
    holders = Counter(inode for sockets in seen for inode in sockets)
    of_the_master = processes[0].sockets if processes else frozenset()
    inherited = {inode for inode, processes in holders.items() if processes > 1}
    return inherited if isinstance(of_the_master, Unknown) else inherited | of_the_master


def open_files(facts: Facts) -> Iterator[Finding]:
    for process in known(facts.family).processes:
        limit = known(process.files_limit)
        if limit < FILES:
            yield Finding(
                f"{process.name} may have no more than {limit} open files, and a worker itself may need {FILES}",
                "LimitNOFILE=2048 in its unit, or ulimit -n where it is started",
            )
            return
        if known(process.files) > ALMOST * limit:
            yield Finding(
                f"{process.name} (pid {process.pid}) has {process.files} open files of at most {limit}",
                "see what they are (ls -l /proc/PID/fd): if it needs them, raise LimitNOFILE in its unit",
            )


# Its unit


def stop_time(facts: Facts) -> Iterator[Finding]:
    unit, config = known(facts.unit), known(facts.config)
    needs = config.shutdown.grace + config.shutdown.term_timeout + config.shutdown.redis_timeout
    if isinf(unit.stops_within) or unit.stops_within > needs:
        return
    says = (
        f"{unit.name} gives a stop {unit.stops_within:g} s (TimeoutStopSec), and the configuration allows it {needs:g} "
        "s (grace + term_timeout + redis_timeout)"
    )
    do = f"TimeoutStopSec={needs + 30:g} in the unit (systemctl edit {unit.name}), or a shorter [shutdown] grace"
    if unit.hears_the_master:
        yield hint(f"{says}; the master asks for more time while it stops, unless it hangs", do)
    else:
        yield Finding(f"{says}: systemd will kill jobs that may still finish", do)
