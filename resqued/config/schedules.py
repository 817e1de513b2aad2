"""What can be configured about jobs that come later, and again and again."""

from collections.abc import Callable, Iterator
from typing import Annotated

from msgspec import Meta, field

from resqued import rhythm
from resqued.config.kinds import Arguments, CronLine, Every, Flag, JobName, Missed, QueueName, ScheduleName, Words, Zone
from resqued.config.table import Contradiction, Given, Table
from resqued.errors import NotEncodable
from resqued.protocol import payloads


class Scheduler(Table, frozen=True, kw_only=True):
    """Who brings jobs to their queues when their time has come."""

    enabled: Flag = False  # whether a process of this master does
    delayed: Flag = True  # delayed jobs, and the schedules kept in Redis: in the place of Ruby's and node's schedulers
    timezone: Zone = "UTC"  # in which crontab lines are meant that name none
    env: Words = ""  # of schedules kept in Redis, those for another environment are left alone

    @staticmethod
    def contradictions(given: Given) -> Iterator[Contradiction]:
        yield from _about_zone(given)


class Schedule(Table, frozen=True, kw_only=True):
    """A job that comes again and again. Its name is the key in `Config.schedule`."""

    class_: JobName = field(name="class")
    queue: QueueName
    args: Arguments = ()
    cron: CronLine = ""
    every: Every = 0  # seconds; 0: by `cron`
    timezone: Zone = ""  # of `cron`; empty: that of the scheduler
    missed: Missed = "skip"  # what becomes of times for which no scheduler was there
    description: Words = ""  # for people

    @staticmethod
    def contradictions(given: Given) -> Iterator[Contradiction]:
        cron, every = given.get("cron"), given.get("every")
        if not cron and not every:
            yield "cron", 'missing, and so is every; give one of them, such as cron = "30 3 * * *" or every = 300'
        elif cron and every:
            yield "every", "there is a cron line, too; remove one of the two"
        yield from _about_zone(given)
        if cron and isinstance(cron, str) and (problem := _problem(lambda: rhythm.cron(cron, "UTC"))):
            yield "cron", problem
        if isinstance(args := given.get("args", []), list):
            problem = _problem(lambda: payloads.encode_job({"class": "it", "args": args}))
            if problem:
                yield "args", problem.removeprefix("job 'it': payload.args")


def _about_zone(given: Given) -> Iterator[Contradiction]:
    zone = given.get("timezone")
    if isinstance(zone, str) and zone and (problem := _problem(lambda: rhythm.zone_of(zone))):
        yield "timezone", problem


def _problem(attempt: Callable[[], object]) -> str:
    try:
        attempt()
    except (ValueError, NotEncodable) as error:
        return str(error)
    return ""


Schedules = Annotated[dict[ScheduleName, Schedule], Meta(description="tables such as [schedule.nightly]")]
