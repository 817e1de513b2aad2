"""Every event that resqued logs: how loud it is, and what it means.

info: what an operator would tell a colleague. warning: may need a person. error: needs one.
"""

from typing import Literal

Level = Literal["debug", "info", "warning", "error"]

EVENTS: dict[str, tuple[Level, str]] = {
    "application.has_threads": ("warning", "Importing the application started threads; a fork does not have them."),
    "config.refused": ("error", "The configuration or the application is wrong; one line for each mistake."),
    "hook.failed": ("error", "A worker hook of the application raised."),
    "job.asked": ("info", "A job that has to end was asked to."),
    "job.done": ("info", "A job ended well."),
    "job.failed": ("warning", "A job ended badly and stands in the failed list."),
    "job.killed": ("warning", "A job that was asked to end did not, and was killed with its session."),
    "job.not_forked": ("error", "The system gave no process for a job; it is back at the head of its queue."),
    "job.put_back": ("info", "A job was taken in the moment of a stop or pause and is back, unstarted."),
    "job.requeued": ("info", "A job was cut short by our own stop and is back at the head of its queue."),
    "job.settled": ("info", "After `job.unsettled`: Redis came back in time, and the end of the job is written."),
    "job.started": ("info", "A job was taken from its queue and has a process."),
    "job.unsettled": ("error", "A job ended while Redis was away and the worker had to go; its slate keeps the job."),
    "master.gone": ("warning", "The master died; its worker finishes its job and leaves."),
    "master.started": ("info", "The master has read its configuration and begins to start workers."),
    "master.stopped": ("info", "All workers have left; the master exits."),
    "master.stopping": ("info", "The master was asked to stop and passes it on."),
    "note.failed": ("error", "The end of a job could not be noted on disk; only a death right now would matter."),
    "pruner.failed": ("warning", "The process that settles what dead workers left has failed; it is tried again."),
    "redis.died": ("error", "The embedded Redis ended without having been asked to; it is started again."),
    "redis.started": ("info", "The embedded Redis has been started."),
    "redis.stopped": ("info", "The embedded Redis has ended."),
    "redis.back": ("warning", "Redis answers again, after `redis.lost`."),
    "redis.lost": ("warning", "Redis does not answer; said once, until `redis.back`."),
    "signal.heard": ("debug", "A worker was sent a signal that means something to it."),
    "worker.died": ("warning", "A process of the master ended although nobody had asked, or badly; `by` says how."),
    "worker.killed": ("error", "A worker did not leave in time, and the master killed it."),
    "worker.left": ("info", "A worker has unregistered and is about to exit."),
    "worker.not_forked": ("error", "The system gave the master no process for a worker; it tries again."),
    "worker.pruned": ("warning", "A dead worker was struck from the register; `job_is` says what became of its job."),
    "worker.ready": ("info", "A worker is ready to take jobs."),
    "worker.renamed": ("warning", "Another worker had the same host name and pid; this one has taken another id."),
    "worker.started": ("info", "The master has forked a worker."),
    "worker.still_registered": ("error", "A worker had to go while Redis was away, or with a job on its slate."),
    "worker.stopped": ("info", "A worker has exited as it should."),
    "worker.struck_off": ("warning", "A peer had unregistered a worker that is alive; it registered again."),
}
