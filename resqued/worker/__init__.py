"""A worker: reserve a job, fork a process for it, watch that, settle; and again."""

from resqued.worker.loop import Worker
from resqued.worker.task import Application
from resqued.worker.terms import Terms

__all__ = ["Application", "Terms", "Worker"]
