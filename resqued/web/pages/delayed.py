"""Jobs that wait for their time: when something is due, and what; run it now, or throw it away."""

from collections.abc import Mapping, Sequence

from resqued.errors import CommandRefused, InvalidPayload
from resqued.protocol import delayed
from resqued.store.delays import Delayed, Delays
from resqued.store.picking import Outcome
from resqued.telling import jobs
from resqued.web.answers import Page
from resqued.web.jobrows import jobs_of
from resqued.web.outcomes import told
from resqued.web.pages.failed import pick_of
from resqued.web.paging import Part
from resqued.web.site import Said, Site
from resqued.web.visit import Refused, Visit

AT_ONCE = 50
DONE = {"run": "queued", "remove": "removed"}


def show_all(site: Site, visit: Visit) -> str:
    whole = site.delays.moments()
    first = min(visit.query.number("from"), max(0, whole - 1)) // AT_ONCE * AT_ONCE
    moments = site.delays.upcoming(first, AT_ONCE)
    return site.render(
        "delayed.html",
        visit,
        now=site.now(),
        part=Part(
            [(moment, jobs.class_in(moment.first) if moment.first else "") for moment in moments],
            first,
            whole,
            earlier=visit.here(**{"from": max(0, first - AT_ONCE) or ""}) if first else "",
            later=visit.here(**{"from": first + AT_ONCE}) if first + AT_ONCE < whole else "",
        ),
    )


# One time


def show(site: Site, visit: Visit) -> str:
    epoch = _named(visit)
    if not (size := site.delays.size_at(epoch)):
        raise Refused(404, "Nothing is due at that time: it has been brought to its queue, or was removed.")

    def read(start: int, count: int) -> Sequence[tuple[int, bytes]]:
        return [(place, one.item) for place, one in enumerate(site.delays.at(epoch, start, count), start)]

    return site.render(
        "due.html",
        visit,
        now=site.now(),
        at=delayed.moment(epoch),
        epoch=epoch,
        part=jobs_of(read, visit, size=size),
    )


def _named(visit: Visit) -> str:
    epoch = visit.query.text("time")
    if delayed.moment(epoch) is None:
        raise Refused(404, "The address names no time.")
    return epoch


def change(site: Site, visit: Visit) -> Said:
    """Those that are marked."""
    what, epoch, marked = visit.form.text("do"), _named(visit), visit.form.all("entry")
    if what not in DONE:
        raise Refused(400, "The form does not say what to do. Nothing was changed.")
    if not marked:
        raise Refused(400, "No job is marked. Nothing was changed.")
    picks = {pick.id: pick.at for pick in map(pick_of, marked)}
    outcome = Outcome()

    def do() -> Mapping[str, object]:
        found = site.delays.find(epoch, picks)
        outcome.gone = len(picks) - len(found)
        for one in found:
            _change(site.delays, what, one, outcome)
        return {"time": epoch, "done": outcome.done, "gone": outcome.gone, "refused": dict(outcome.refused)}

    site.change(visit, f"delayed.{what}", do)
    text = told(outcome, what="delayed job", done=DONE[what], before="brought to their queues or removed")
    return Said(visit.link("/delayed/at", time=epoch) if site.delays.size_at(epoch) else visit.link("/delayed"), text)


def _change(delays: Delays, what: str, one: Delayed, outcome: Outcome) -> None:
    """All that are the same are changed together, as they can be told apart by nobody."""
    try:
        count = delays.run(one, delayed.due(one.item)) if what == "run" else delays.drop(one)
    except (InvalidPayload, CommandRefused) as why:
        outcome.refused[str(why)] += 1
        return
    outcome.done += count
    outcome.gone += count == 0


PAGES: dict[tuple[str, str], Page] = {
    ("GET", "/delayed"): show_all,
    ("GET", "/delayed/at"): show,
    ("POST", "/delayed/at"): change,
}
