"""Workers of all hosts and implementations, one of them, and what they are working on."""

from collections.abc import Sequence

from resqued.store.census import Census
from resqued.store.replies import count, raw
from resqued.telling import jobs
from resqued.telling.listeners import serves
from resqued.web import local
from resqued.web.answers import Page
from resqued.web.fleet import Fleet, Worker
from resqued.web.pages.payloads import pretty
from resqued.web.paging import part
from resqued.web.site import Site
from resqued.web.visit import Refused, Visit

STATES = ("busy", "idle", "stale")


def show_all(site: Site, visit: Visit) -> str:
    fleet = site.lookout.fleet()
    wanted = {name: visit.query.text(name) for name in ("host", "pool", "queue", "state")}
    return site.render(
        "workers.html",
        visit,
        fleet=fleet,
        part=part(_chosen(fleet.workers, **wanted), visit),
        wanted=wanted,
        states=STATES,
        hosts=sorted({worker.view.host for worker in fleet.workers}),
        pools=sorted({worker.pool for worker in fleet.workers if worker.pool}),
    )


def _chosen(workers: Sequence[Worker], *, host: str, pool: str, queue: str, state: str) -> list[Worker]:
    return [
        worker
        for worker in workers
        if (not host or worker.view.host == host)
        and (not pool or worker.pool == pool)
        and (not queue or serves(worker.view.queues, queue))
        and (not state or worker.state == state)
    ]


def show_running(site: Site, visit: Visit) -> str:
    fleet = site.lookout.fleet()
    shown = part(fleet.working, visit)
    memory = {worker.id: local.memory_of_job(worker.view.registration) for worker in shown.items}
    return site.render("running.html", visit, fleet=fleet, part=shown, memory=memory)


def show(site: Site, visit: Visit) -> str:
    if not (name := visit.query.get("id", "")):
        raise Refused(404, "The address names no worker.")
    census, keys = Census(site.wire, site.keys), site.keys
    registered, processed, failed, job = site.wire.pipeline(
        [
            ("SISMEMBER", keys.workers, raw(name)),
            ("GET", raw(keys.processed_by(name))),
            ("GET", raw(keys.failures_of(name))),
            ("GET", raw(keys.worker(name))),
        ]
    )
    if registered != 1:
        raise Refused(404, "There is no such worker: it has left, or was struck off.")
    (view,) = census.views([raw(name)])
    return site.render(
        "worker.html",
        visit,
        now=census.now(),
        view=view,
        name=jobs.class_of(view.working.payload) if view.working else "",
        payload=pretty(view.working.payload) if view.working else "",
        record=jobs.shown(job) if isinstance(job, bytes) else "",
        processed=count(processed),
        failed=count(failed),
        memory=local.memory_of_job(view.registration),
        old=_is_stale(site.lookout.fleet(), name),
    )


def _is_stale(fleet: Fleet, name: str) -> bool:
    return any(worker.is_stale for worker in fleet.workers if worker.id == name)


PAGES: dict[tuple[str, str], Page] = {
    ("GET", "/workers"): show_all,
    ("GET", "/worker"): show,
    ("GET", "/running"): show_running,
}
