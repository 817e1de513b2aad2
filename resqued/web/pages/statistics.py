"""Jobs processed and failed, over a day and over a month."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from resqued.store.history import HOUR, MINUTE, Sample, increases
from resqued.web import charts
from resqued.web.answers import Page
from resqued.web.chronicle import per_hour
from resqued.web.site import Site
from resqued.web.visit import Visit

WIDTH, HEIGHT = 720, 120
COUNTED = (("processed", "Jobs taken"), ("failed", "Jobs failed"))
MEASURED = (("waiting", "Jobs waiting"), ("working", "Workers busy"), ("kept", "Failed jobs kept"))
SPANS = {"day": "24 hours", "month": "30 days"}


@dataclass(frozen=True, slots=True)
class Picture:
    of: str
    title: str
    unit: str
    line: charts.Line | None
    latest: float | None


def show(site: Site, visit: Visit) -> str:
    span = visit.query.text("span")
    span = span if span in SPANS else "day"
    fleet = site.lookout.fleet()
    samples = site.chronicle.minutes() if span == "day" else site.chronicle.hours()
    return site.render(
        "statistics.html",
        visit,
        fleet=fleet,
        span=span,
        spans=SPANS,
        pictures=_pictures([fleet.sample(), *samples], span),
        since=datetime.fromtimestamp(samples[-1].at, UTC) if samples else None,
        hours=_hours([fleet.sample(), *samples]),
        width=WIDTH,
        height=HEIGHT,
        problem=site.chronicle.problem,
    )


def _pictures(samples: Sequence[Sample], span: str) -> list[Picture]:
    return [*(_rate(samples, of, title, span) for of, title in COUNTED), *(_level(samples, *one) for one in MEASURED)]


def _rate(samples: Sequence[Sample], of: str, title: str, span: str) -> Picture:
    unit, seconds = ("a minute", MINUTE) if span == "day" else ("an hour", HOUR)
    grown = zip(increases(samples, of), samples, samples[1:], strict=False)
    rates = [amount * seconds / max(1, new.at - old.at) for (_, amount), new, old in grown]
    return _picture(of, title, unit, rates)


def _level(samples: Sequence[Sample], of: str, title: str) -> Picture:
    return _picture(of, title, "", [getattr(sample, of) for sample in samples])


def _picture(of: str, title: str, unit: str, newest_first: Sequence[float]) -> Picture:
    latest = newest_first[0] if newest_first else None
    return Picture(of, title, unit, charts.line(newest_first[::-1], WIDTH, HEIGHT), latest)


def _hours(samples: Sequence[Sample]) -> list[tuple[datetime, int, int]]:
    """The same in numbers, the newest first: for who cannot see a picture, or wants to know."""
    failed = dict(per_hour(samples, "failed"))
    processed = per_hour(samples, "processed")[::-1][:24]
    return [(datetime.fromtimestamp(hour * HOUR, UTC), count, failed.get(hour, 0)) for hour, count in processed]


PAGES: dict[tuple[str, str], Page] = {("GET", "/statistics"): show}
