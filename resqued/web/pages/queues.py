"""All queues, and one of them with its jobs: look at them, hold them, throw them away."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from resqued.telling.listeners import serves
from resqued.web.answers import Page
from resqued.web.fleet import Line
from resqued.web.jobrows import jobs_of
from resqued.web.paging import part
from resqued.web.queuerows import rows, worst_first
from resqued.web.site import Said, Site
from resqued.web.visit import Refused, Visit

NEVER = datetime.max.replace(tzinfo=UTC)

ORDERS: Mapping[str, Callable[[Line], tuple[object, ...]]] = {
    "name": lambda line: (line.queue.name,),
    "jobs": lambda line: (-line.size, line.queue.name),
    "oldest": lambda line: (line.queue.oldest or NEVER, line.queue.name),
    "workers": lambda line: (line.workers, line.queue.name),
    "worst": worst_first,
}


def show_all(site: Site, visit: Visit) -> str:
    fleet = site.lookout.fleet()
    search, order = visit.query.text("search"), visit.query.text("sort")
    found = [line for line in fleet.queues if search.casefold() in line.queue.name.casefold()]
    shown = part(sorted(found, key=ORDERS.get(order, ORDERS["name"])), visit)
    return site.render(
        "queues.html",
        visit,
        fleet=fleet,
        rows=rows(shown.items, fleet, site.chronicle.depths(fleet)),
        part=shown,
        search=search,
        order=order if order in ORDERS else "name",
    )


# One


def show(site: Site, visit: Visit) -> str:
    name, fleet = _named(visit), site.lookout.fleet()
    (queue,) = site.stock.look([name])
    serving = [worker for worker in fleet.workers if serves(worker.view.queues, name)]
    if not (queue.size or queue.paused or serving) and all(line.queue.name != name for line in fleet.queues):
        raise Refused(404, "There is no such queue, nor a worker that serves one of that name.")
    line = Line(queue, len(serving))
    return site.render(
        "queue.html",
        visit,
        fleet=fleet,
        row=next(rows([line], fleet, site.chronicle.depths(fleet))),
        foreign=sum(worker.view.registration is None for worker in serving),
        at_work=[worker for worker in fleet.working if worker.view.working and worker.view.working.queue == name],
        part=jobs_of(lambda start, count: site.stock.peek(name, start, count), visit, size=queue.size or 0),
    )


def _named(visit: Visit) -> str:
    if not (name := visit.query.get("name", "")):
        raise Refused(404, "The address names no queue.")
    return name


# Changes


def pause(site: Site, visit: Visit) -> Said:
    name = _named(visit)
    site.change(visit, "queue.pause", lambda: {"queue": name, "changed": bool(site.stock.pause([name]))})
    return Said(_back(visit, name), f"No worker of resqued takes a job from {name} any more.")


def resume(site: Site, visit: Visit) -> Said:
    name = _named(visit)
    site.change(visit, "queue.resume", lambda: {"queue": name, "changed": bool(site.stock.resume([name]))})
    return Said(_back(visit, name), f"Workers take jobs from {name} again.")


def clear(site: Site, visit: Visit) -> Said:
    """As many as somebody saw, or more by then: he is asked for the name, so that he means it."""
    name = _named(visit)
    if visit.form.get("really", "").strip() != "yes":
        raise Refused(400, "Tick the box to say that you mean it. Nothing was thrown away.")
    gone = 0

    def do() -> Mapping[str, object]:
        nonlocal gone
        forget = visit.form.text("forget") == "yes"
        gone = site.stock.forget(name) if forget else site.stock.clear(name)
        return {"queue": name, "removed": gone, "forgotten": forget}

    site.change(visit, "queue.clear", do)
    return Said(visit.link("/queues"), f"{gone} {'job' if gone == 1 else 'jobs'} of {name} thrown away.")


def _back(visit: Visit, name: str) -> str:
    return visit.link("/queues") if visit.form.text("to") == "queues" else visit.link("/queue", name=name)


PAGES: dict[tuple[str, str], Page] = {
    ("GET", "/queues"): show_all,
    ("GET", "/queue"): show,
    ("POST", "/queue/pause"): pause,
    ("POST", "/queue/resume"): resume,
    ("POST", "/queue/clear"): clear,
}
