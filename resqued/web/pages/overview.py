"""The first page: whether there is anything to worry about."""

from collections.abc import Mapping

from resqued.web import charts
from resqued.web.answers import Page
from resqued.web.chronicle import per_hour
from resqued.web.fleet import Fleet
from resqued.web.queuerows import rows, worst_first
from resqued.web.site import Said, Site
from resqued.web.visit import Visit

QUEUES, CREWS = 12, 40  # that are shown at once
DAY = 24  # h
WIDTH, HEIGHT = 480, 80  # of the picture


def show(site: Site, visit: Visit) -> str:
    fleet = site.lookout.fleet()
    shown = sorted(fleet.queues, key=worst_first)[:QUEUES]
    crews = fleet.crews()
    return site.render(
        "overview.html",
        visit,
        fleet=fleet,
        rows=rows(shown, fleet, site.chronicle.depths(fleet)),
        crews=crews[:CREWS],
        more_crews=max(0, len(crews) - CREWS),
        processed=site.chronicle.pace(fleet, "processed"),
        failed=site.chronicle.pace(fleet, "failed"),
        failures=_failures(site, fleet),
        width=WIDTH,
        height=HEIGHT,
        problem=site.chronicle.problem,
        errands=[errand for errand in site.errands.all() if errand.state == "running"],
    )


def _failures(site: Site, fleet: Fleet) -> list[charts.Bar]:
    """Of each of the last hours, whether or not anybody has looked then."""
    found = dict(per_hour([fleet.sample(), *site.chronicle.minutes()], "failed"))
    now = int(fleet.now.timestamp()) // 3600
    hours = range(now - DAY + 1, now + 1)
    return charts.bars([(f"{hour % DAY:02}:00", found.get(hour, 0)) for hour in hours], WIDTH, HEIGHT)


def pause_all(site: Site, visit: Visit) -> Said:
    def do() -> Mapping[str, object]:
        site.stock.pause_all()
        return {}

    site.change(visit, "workers.pause", do)
    return Said(visit.link("/"), "All workers are paused, those of other implementations too.")


def resume_all(site: Site, visit: Visit) -> Said:
    def do() -> Mapping[str, object]:
        site.stock.resume_all()
        return {}

    site.change(visit, "workers.resume", do)
    return Said(visit.link("/"), "All workers go on.")


PAGES: dict[tuple[str, str], Page] = {
    ("GET", "/"): show,
    ("POST", "/pause"): pause_all,
    ("POST", "/resume"): resume_all,
}
