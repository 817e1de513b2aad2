"""Every error that resqued raises, and every one that it records.

Facts are attributes; the message says what happened, where, and what to do.
"""

from collections.abc import Sequence


class ResquedError(Exception):
    """What a caller of resqued may want to catch."""


class ConfigError(ResquedError):
    """A configuration, or the application that it names, is wrong: all mistakes at once."""

    def __init__(self, source: str, mistakes: Sequence[str]) -> None:
        self.source, self.mistakes = source, tuple(mistakes)
        super().__init__("\n".join(f"{source}: {mistake}" for mistake in self.mistakes))


class AddressError(ResquedError, ValueError):
    """An address of a Redis server cannot be understood."""


class NotEncodable(ResquedError, ValueError):
    """A job that some peer could not read is refused before it reaches a queue."""


class WrongArguments(ResquedError, TypeError):
    """A job that could not be called with these arguments is refused before it is enqueued."""


class StoreUnavailable(ResquedError):
    """Redis did not answer, or answered that it cannot serve now. What was asked may or may not have been done."""


class CommandRefused(ResquedError):
    """Redis answered with an error that trying again will not cure.

    `executed`: the places, from 0 on, of those commands of a transaction that have been executed all the same.
    """

    executed: Sequence[int] = ()

    def __init__(self, code: str, text: str) -> None:
        self.code, self.text = code, text
        super().__init__(f"Redis refused a command: {text}")

    @property
    def remedy(self) -> str:
        """What a person may do about it, who has not been told which key it is; empty: nobody knows."""
        wrong_type = "`resquectl doctor` names keys of the wrong type, and says what to do about them (check key-types)"
        return wrong_type if self.code == "WRONGTYPE" else ""


class QueueNotListed(CommandRefused):
    """Jobs are on their queue, where they are performed; only the set of all queues' names is something else.

    `there`: how many of them. Those are not to be enqueued again.
    """

    def __init__(self, refused: CommandRefused, key: str, queue: str, *, there: int, jobs: int) -> None:
        self.key, self.queue, self.there = key, queue, there
        what = (
            "the job is" if jobs == 1 else "all jobs are" if there == jobs else f"the first {there} of {jobs} jobs are"
        )
        super().__init__(
            refused.code,
            f"{refused.text}: {key} is not what Resque keeps there; but {what} on queue {queue!r}, so do not enqueue "
            "again what is there, and move that key away (RENAME)",
        )


class QueueFull(ResquedError):
    """A job was not enqueued: its queue has as many as it may. Nothing has changed."""

    def __init__(self, queue: str, size: int, most: int) -> None:
        self.queue, self.size, self.most = queue, size, most
        super().__init__(
            f"queue {queue!r} is full: it has {size} jobs and may have {most}; "
            "try again later, add workers, or raise its bound"
        )


class NotDone(ResquedError, TimeoutError):
    """What was waited for has not ended in time. It goes on."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what} has not ended in time; it goes on")


class ResultLost(ResquedError):
    """There is no result: the job failed, or returned what cannot be kept."""


class NoRedisServer(ResquedError):
    """There is no redis-server program to run as an embedded Redis."""


class NoPlace(ResquedError, OSError):
    """What resqued has to write can be written nowhere; `key` says where in the configuration."""

    def __init__(self, key: str, path: object, why: OSError) -> None:
        self.key, self.path = key, str(path)
        super().__init__(
            f"{key}: {path} cannot be written: {why.strerror or why}; "
            f"make room there, let this user write there, or give {key} another place"
        )


class UnknownLayout(ResquedError):
    """A scoreboard is none, or was made by a version of resqued that lays it out in another way."""

    def __init__(self, file: str, known: int) -> None:
        self.file = file
        super().__init__(f"{file} is no scoreboard of layout {known}; use the version of resqued that made it")


class NoStatus(ResquedError):
    """No master has written a status here: none runs, or it runs elsewhere."""

    def __init__(self, directory: str) -> None:
        self.directory = directory
        super().__init__(f"there is no status in {directory}")


class UnreadableStatus(ResquedError):
    """A master's status cannot be understood: broken, of a later version, or somebody else's."""

    def __init__(self, file: str, why: str) -> None:
        self.file = file
        super().__init__(f"{file} {why}")


class NotRunning(ResquedError):
    """There is no master to be seen of a configuration."""


class NotReloaded(ResquedError):
    """A reload was refused, or it is not known how it ended."""


class NotPruned(ResquedError):
    """A worker that somebody wants to be rid of may live, or cannot be looked at."""


class NotRetryable(ResquedError):
    """An entry of the failed list does not say which job to put on which queue."""


class NotInstalled(ResquedError):
    """Something was asked for that needs an extra of this package."""

    def __init__(self, extra: str, missing: str) -> None:
        self.extra = extra
        super().__init__(f"{extra} needs packages that are not here ({missing}): pip install 'resqued[{extra}]'")


class NotServed(ResquedError):
    """There can be no socket where somebody is to be served."""


class NotSignalled(ResquedError):
    """A process was not signalled: it is not ours to signal, or may be another than is meant."""


class WishRefused(ResquedError):
    """A master did not do what was wished of it. Nothing has changed."""


class NotAnswered(ResquedError):
    """A master did not say in time what became of a wish."""


class NotGone(ResquedError):
    """What was to end has not ended in time, or not as it should."""


class AlreadyEnqueued(ResquedError):
    """A job was not enqueued: there may be one only of its kind, and there is one. `unique` says that of its class."""

    def __init__(self, shown: str, since: str, place: str) -> None:
        self.job, self.since, self.place = shown, since, place
        super().__init__(f"there is such a job already: {shown}, at {place}, since {since}")


class UnreadableInput(ResquedError):
    """What was to be enqueued cannot be read."""

    def __init__(self, why: str) -> None:
        super().__init__(f"standard input cannot be read: {why}")


class DontPerform(Exception):  # Resque's name
    """Raised by a `before_perform` hook: the job ends here, quietly and without failure."""


class JobTerminated(BaseException):
    """Raised in a job that its worker asks to stop. A BaseException, so that `except Exception` does not swallow it."""


class JobError(ResquedError):
    """What ends up in the failed list without having been raised by the job itself."""

    recorded_as: str | None = None  # the name in the failed list; default: the class's own


class InvalidPayload(JobError):
    """A queue held something that is not a job."""


class Undeliverable(JobError):
    """A job's time has come, or its batch is over, and where its queue should be in Redis there is something else."""


class JobDropped(JobError):
    """A job made room for a newer one: its queue had as many as it may."""


class UnknownJob(JobError):
    """A payload named a job that the configuration does not allow, or that does not exist."""


class DirtyExit(JobError):
    """A job's process ended without a verdict: a signal, `os._exit`, or out of memory."""

    recorded_as = "Resque::DirtyExit"


class PrunedWorker(DirtyExit):
    """A job's worker vanished with its host: nobody has heard of it for minutes."""

    recorded_as = "Resque::PruneDeadWorkerDirtyExit"


class JobTimeout(JobError):
    """A job ran longer than its `timeout`."""


class JobMemoryExceeded(JobError):
    """A job, with all processes that it had started, used more than its `memory`."""


class PolicyNotKept(JobError):
    """A job class states a policy that only a worker can keep which knows the class before it forks."""


class NotPermitted(JobError):
    """The system refused a job's process what its pool demands: `nice`, `user`, `group` or `umask`."""


class NotUnlocked(JobError):
    """The locks that a plugin of Ruby has put on a job cannot be told, or not in time."""


class JobKilled(JobError):
    """A job was stopped by an operator."""


class JobInterrupted(JobError):
    """A job was cut short by the stop of its worker, and its policy is to fail then."""
