"""The scheduler: brings jobs to their queues when their time has come, those that were delayed and those that recur."""

from resqued.scheduler.loop import Ears, Scheduler

__all__ = ["Ears", "Scheduler"]
