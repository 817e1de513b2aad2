"""What failed: a page of it that fits a search, and one entry with all that is known of it.

However long the list is, a page reads a bounded part of it: until it is full, or has looked long enough; then it says
how far it has come, and the next page goes on there. A place is counted from the oldest entry, so that what fails
meanwhile moves nothing; what is removed meanwhile moves older entries nearer, and none out of sight.
"""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from resqued.protocol.failed import Entry
from resqued.store.failures import Failures
from resqued.store.picking import Pick, Picking
from resqued.telling import failures as telling
from resqued.telling.failures import Filter, Stats
from resqued.web import choice
from resqued.web.answers import Page
from resqued.web.pages.payloads import pretty_text
from resqued.web.site import Site
from resqued.web.visit import Refused, Visit

AT_ONCE = 50
LONG_ENOUGH = 0.12  # s of looking
CHECKED_EVERY = 100  # entries
SAMPLED, KINDS = 1000, 8  # the newest entries, of which the most frequent kinds are told
SAMPLED_FOR = 0.05  # s


@dataclass(frozen=True, slots=True)
class Found:
    at: int
    entry: Entry
    failed: datetime | None

    @property
    def first_line(self) -> str:
        return self.entry.error.partition("\n")[0]


@dataclass(frozen=True, slots=True)
class Search:
    """`end`: where it ended; what is older has not been looked at. `whole`: how many there are."""

    found: list[Found]
    looked_at: int
    end: int
    whole: int


def show_all(site: Site, visit: Visit) -> str:
    sizes = site.failures.sizes()
    name = list_named(visit, sizes)
    wanted = choice.fields(visit.query)
    chosen = choice.filter_of(wanted)
    start = min(visit.query.number("before", sizes[name]), sizes[name])
    search = _search(site.failures, name, chosen, start=start, whole=sizes[name])
    return site.render(
        "failed.html",
        visit,
        now=site.now(),
        list=name,
        lists=sizes,
        wanted=wanted,
        labels=choice.FIELDS,
        is_open=chosen.is_open,
        search=search,
        start=start,
        older=visit.here(before=search.end) if search.end else "",
        newest=visit.here(before="") if start < sizes[name] else "",
        kinds=_kinds(site.failures, name) if start == sizes[name] and chosen.is_open else {},
        errands=site.errands.all()[:5],
    )


def list_named(visit: Visit, sizes: Mapping[str, int]) -> str:
    name = visit.query.text("list") or next(iter(sizes))
    if name not in sizes:
        raise Refused(404, "There is no such failed list.")
    return name


def _search(failures: Failures, name: str, chosen: Filter, *, start: int, whole: int) -> Search:
    found, looked_at, end = list[Found](), 0, start
    deadline = time.monotonic() + LONG_ENOUGH
    for at, entry in failures.backwards(name, start):
        end, looked_at = at, looked_at + 1
        if chosen(entry):
            found.append(Found(at, entry, telling.when(entry)))
        if len(found) == AT_ONCE or (looked_at % CHECKED_EVERY == 0 and time.monotonic() > deadline):
            break
    return Search(found, looked_at, end, whole)


def _kinds(failures: Failures, name: str) -> Mapping[str, list[tuple[str, int]]]:
    """Of the newest."""
    stats = Stats()
    for entry in _for_a_while(islice(failures.newest_first(name), SAMPLED)):
        stats.add(entry)
    kinds = {"exception": stats.of("exception"), "class": stats.of("class"), "queue": stats.of("queue")}
    return {kind: names[:KINDS] for kind, names in kinds.items() if names} if stats.total else {}


def _for_a_while(entries: Iterator[Entry]) -> Iterator[Entry]:
    deadline = time.monotonic() + SAMPLED_FOR
    for entry in entries:
        yield entry
        if time.monotonic() > deadline:
            return


# One


def show(site: Site, visit: Visit) -> str:
    sizes = site.failures.sizes()
    name = list_named(visit, sizes)
    pick = pick_of(f"{visit.query.number('at')}:{visit.query.text('id')}")
    found = Picking(site.failures, name).find(pick)
    if found is None:
        raise Refused(404, "This entry is not there any more: it was retried or removed, or others before it were.")
    at, entry = found
    return site.render(
        "entry.html",
        visit,
        list=name,
        entry=entry,
        at=at,
        now=site.now(),
        failed=telling.when(entry),
        payload=pretty_text(entry.payload) if entry.payload else "",
        raw=entry.raw.decode(errors="backslashreplace")[:100_000],
        error=entry.error.splitlines(),
    )


def pick_of(text: str) -> Pick:
    """As a form marks an entry: its place, and its whole id. Raises Refused."""
    at, _, own = text.partition(":")
    if not (at.isascii() and at.isdecimal() and len(at) < 19 and len(own) == 40 and own.isascii() and own.isalnum()):  # noqa: PLR2004
        raise Refused(400, "The address names no entry.")
    return Pick(int(at), own)


PAGES: dict[tuple[str, str], Page] = {
    ("GET", "/failed"): show_all,
    ("GET", "/failed/entry"): show,
}
