"""Jobs that come again and again: when each was enqueued and will be; enqueue one now, let it rest, let it go on."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from resqued.errors import ConfigError
from resqued.recurring import Recurring, Unusable
from resqued.telling import jobs, schedules
from resqued.telling.schedules import Schedule
from resqued.web.answers import Page
from resqued.web.paging import part
from resqued.web.site import Said, Site
from resqued.web.visit import Refused, Visit


@dataclass(frozen=True, slots=True)
class Row:
    """`why`: it cannot be used, and has nothing else."""

    name: str
    why: str = ""
    said: str = ""
    queue: str = ""
    job: str = ""
    arguments: str = ""
    description: str = ""
    last: datetime | None = None
    next: datetime | None = None
    is_disabled: bool = False
    is_persistent: bool = True


def show(site: Site, visit: Visit) -> str:
    found, problem = _found(site)
    shown = part(found, visit)
    return site.render(
        "recurring.html",
        visit,
        now=(now := site.now()),
        part=shown,
        rows=_rows(site, shown.items, now),
        problem=problem,
        has_file=site.file is not None,
    )


def _found(site: Site) -> tuple[list[Schedule], str]:
    """And what is wrong with the configuration: those in Redis are shown all the same."""
    try:
        return schedules.found(site.agenda, site.file), ""
    except ConfigError as error:
        return schedules.found(site.agenda, None), str(error)


def _rows(site: Site, shown: Sequence[Schedule], now: datetime) -> list[Row]:
    disabled = site.agenda.disabled()
    lasts = site.agenda.last_enqueued([one.name for one in shown])
    return [_row(one, last, now, is_disabled=one.name in disabled) for one, last in zip(shown, lasts, strict=True)]


def _row(one: Schedule, last: datetime | None, now: datetime, *, is_disabled: bool) -> Row:
    if isinstance(one, Unusable):
        return Row(one.name, one.why, last=last, is_disabled=is_disabled)
    payload, following = one.payload.encode(), one.rhythm.after(int(now.timestamp()))
    return Row(
        one.name,
        said=one.said,
        queue=one.queue,
        job=jobs.class_in(payload),
        arguments=jobs.arguments_in(payload),
        description=one.description,
        last=last,
        next=None if following is None or is_disabled else datetime.fromtimestamp(following, UTC),
        is_disabled=is_disabled,
        is_persistent=one.is_persistent,
    )


# Changes


def run(site: Site, visit: Visit) -> Said:
    one = _named(site, visit)

    def do() -> Mapping[str, object]:
        site.agenda.run(one)
        return {"schedule": one.name, "queue": one.queue}

    site.change(visit, "schedule.run", do)
    return Said(visit.link("/recurring"), f"The job of {one.name} has been put onto {one.queue}.")


def disable(site: Site, visit: Visit) -> Said:
    name = _named(site, visit).name
    return _switch(site, visit, "disable", site.agenda.disable, f"{name} enqueues nothing any more, on no host.")


def enable(site: Site, visit: Visit) -> Said:
    """One that is gone may be enabled, too: it would be disabled when it comes again."""
    return _switch(site, visit, "enable", site.agenda.enable, f"{visit.query.get('name', '')} goes on.")


def _switch(site: Site, visit: Visit, what: str, switch: Callable[[str], bool], text: str) -> Said:
    name = visit.query.get("name", "")
    site.change(visit, f"schedule.{what}", lambda: {"schedule": name, "changed": switch(name)})
    return Said(visit.link("/recurring"), text)


def _named(site: Site, visit: Visit) -> Recurring:
    match schedules.named(_found(site)[0], visit.query.get("name", "")):
        case Recurring() as one:
            return one
        case Unusable(why=why):
            raise Refused(409, f"This schedule cannot be used: {why}. Nothing was changed.")
        case None:
            raise Refused(404, "There is no such schedule any more. Nothing was changed.")


PAGES: dict[tuple[str, str], Page] = {
    ("GET", "/recurring"): show,
    ("POST", "/recurring/run"): run,
    ("POST", "/recurring/disable"): disable,
    ("POST", "/recurring/enable"): enable,
}
