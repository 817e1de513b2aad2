"""Failed jobs put back on their queues, or removed: those that are marked at once, all that fit a search by and by."""

from collections.abc import Callable, Mapping, Sequence

from resqued.protocol import payloads
from resqued.protocol.failed import Entry
from resqued.store.picking import Outcome, Picking
from resqued.store.sweep import Action, Removal, Retrial
from resqued.web import choice
from resqued.web.answers import Page
from resqued.web.outcomes import told
from resqued.web.pages.failed import list_named, pick_of
from resqued.web.site import Said, Site
from resqued.web.visit import Refused, Visit

DONE = {"retry": "retried", "remove": "removed"}


def change(site: Site, visit: Visit) -> Said:
    """Those that are marked, or, if all are wanted, begin an errand."""
    what = visit.form.text("do")
    if what not in {*DONE, *(f"{one}-all" for one in DONE)}:
        raise Refused(400, "The form does not say what to do. Nothing was changed.")
    name = list_named(visit, site.failures.sizes())
    if what.endswith("-all"):
        return _change_all(site, visit, what.removesuffix("-all"), name)
    return _change_marked(site, visit, what, name)


def _action(site: Site, visit: Visit, what: str) -> Action:
    if what == "remove":
        return Removal()
    to = visit.form.text("to")
    return Retrial(site.keys, to=payloads.check_queue_name(to) if to else "", again=visit.form.text("again") == "yes")


# Some


def _change_marked(site: Site, visit: Visit, what: str, name: str) -> Said:
    picks = [pick_of(text) for text in visit.form.all("entry")]
    if not picks:
        raise Refused(400, "No entry is marked. Nothing was changed.")
    action, outcome = _action(site, visit, what), Outcome()

    def do() -> Mapping[str, object]:
        nonlocal outcome
        outcome = Picking(site.failures, name).act(action, picks)
        return {
            "list": name,
            "ids": [pick.id[:12] for pick in picks[:50]],
            "done": outcome.done,
            "gone": outcome.gone,
            "refused": dict(outcome.refused),
        }

    site.change(visit, f"failed.{what}", do)
    return Said(_back(visit, name), told(outcome, what="failed job", done=DONE[what], before="retried or removed"))


# All


def _change_all(site: Site, visit: Visit, what: str, name: str) -> Said:
    wanted = choice.fields(visit.query)
    chosen: Callable[[Entry], bool] = choice.filter_of(wanted)
    if what == "remove" and visit.form.text("really") != "yes":
        raise Refused(400, "Tick the box to say that you mean it. Nothing was removed.")
    action, about = _action(site, visit, what), f"{name}: {choice.in_words(wanted)}"
    begun: Sequence[str] = ()

    def do() -> Mapping[str, object]:
        nonlocal begun
        errand = site.runner.begin(what, about, visit.who, name=name, action=action, chosen=chosen)
        begun = (errand.id,)
        return {"list": name, "about": about, "errand": errand.id, "entries": errand.whole}

    site.change(visit, f"failed.{what}_all", do)
    return Said(_back(visit, name), "It has begun, and goes on if you leave this page.")


def stop(site: Site, visit: Visit) -> Said:
    errand = visit.form.text("errand")

    def do() -> Mapping[str, object]:
        site.errands.stop(errand)
        return {"errand": errand}

    site.change(visit, "errand.stop", do)
    return Said(_back(visit, visit.query.text("list")), "It ends after the portion that is under way.")


def _back(visit: Visit, name: str) -> str:
    """To the same search."""
    return visit.link("/failed", **{"list": name, **choice.fields(visit.query)})


PAGES: dict[tuple[str, str], Page] = {
    ("POST", "/failed"): change,
    ("POST", "/errand/stop"): stop,
}
