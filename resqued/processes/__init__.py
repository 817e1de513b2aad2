"""Processes: fork, reap, kill, title. Nothing else in resqued forks, kills or waits."""

import setproctitle

from resqued.prctl import adopt_orphans
from resqued.processes.births import be_a_worker, execute, leave, spawn, spawn_check, spawn_program
from resqued.processes.ends import (
    CRASHED,
    Exit,
    exists,
    kill_each,
    kill_group,
    reap,
    send,
    wait_until_gone,
)
from resqued.processes.job import Child, Verdicts, ask, end_with_worker, has_children, kill_job, start_job

__all__ = [
    "CRASHED",
    "Child",
    "Exit",
    "Verdicts",
    "adopt_orphans",
    "ask",
    "be_a_worker",
    "end_with_worker",
    "execute",
    "exists",
    "has_children",
    "kill_each",
    "kill_group",
    "kill_job",
    "leave",
    "reap",
    "send",
    "set_title",
    "spawn",
    "spawn_check",
    "spawn_program",
    "start_job",
    "wait_until_gone",
]

set_title = setproctitle.setproctitle
