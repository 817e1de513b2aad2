"""All that the pages share: what they look at, what they may change, and how they are drawn."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment
from markupsafe import Markup

from resqued.address import Address
from resqued.log import log
from resqued.protocol.keys import Keys
from resqued.store.agenda import Agenda
from resqued.store.census import Census
from resqued.store.delays import Delays
from resqued.store.errands import Errands
from resqued.store.failures import Failures
from resqued.store.history import History
from resqued.store.stock import Stock
from resqued.version import __version__
from resqued.web import assets
from resqued.web.chronicle import Chronicle
from resqued.web.errands import Runner
from resqued.web.fleet import Lookout
from resqued.web.forms import TOKEN
from resqued.web.fuse import Fuse
from resqued.web.guards import Guard, Known
from resqued.web.rendering import environment
from resqued.web.visit import Refused, Visit
from resqued.wire import Wire, pooled

NAVIGATION = (
    ("/", "Overview"),
    ("/queues", "Queues"),
    ("/workers", "Workers"),
    ("/running", "Running"),
    ("/failed", "Failed"),
    ("/delayed", "Delayed"),
    ("/recurring", "Recurring"),
    ("/statistics", "Statistics"),
)
FIELD = Markup('<input type="hidden" name="{}" value="{}">')
PATIENCE = 2.0  # s for an answer of Redis to somebody who looks
LONG_PATIENCE = 10.0  # s for what nobody waits for


@dataclass(frozen=True, slots=True)
class Terms:
    """On which it is shown. `file`: the configuration, for its schedules; None: those in Redis alone are shown."""

    guard: Guard
    read_only: bool = False
    file: Path | None = None


@dataclass(frozen=True, slots=True)
class Said:
    """What has become of a change: for the next page."""

    to: str
    text: str


class Site:
    def __init__(self, server: Address, namespace: str, terms: Terms) -> None:
        self.terms, self.namespace, self.file = terms, namespace, terms.file
        self.server = str(server)
        self.keys = Keys(namespace)
        self.wire: Wire = Fuse(pooled.connect(server, name="resquectl-web", timeout=PATIENCE))
        self._slow = pooled.connect(server, name="resquectl-web", timeout=LONG_PATIENCE)
        self.stock = Stock(self.wire, self.keys)
        self.failures = Failures(self.wire, self.keys)
        self.delays = Delays(self.wire, self.keys)
        self.agenda = Agenda(self.wire, self.keys)
        self.lookout = Lookout(self.wire, self.keys)
        self.chronicle = Chronicle(History(self.wire, self.keys), self.lookout)
        self.errands = Errands(self.wire, self.keys)
        self.runner = Runner(Failures(self._slow, self.keys), Errands(self._slow, self.keys))
        self._templates: Environment = environment()

    def render(self, template: str, visit: Visit, **words: Any) -> str:
        return self._templates.get_template(template).render(
            site=self,
            visit=visit,
            link=visit.link,
            asset=lambda name: visit.link(f"/static/{assets.VERSION}/{name}"),
            token=lambda: FIELD.format(TOKEN, visit.token),
            navigation=NAVIGATION,
            is_known=bool(visit.who),
            version=__version__,
            may_change=not self.terms.read_only,
            has_login=isinstance(self.terms.guard, Known),
            **words,
        )

    def now(self) -> datetime:
        """By the clock of Redis, which all hosts share."""
        return Census(self.wire, self.keys).now()

    def change(self, visit: Visit, action: str, do: Callable[[], Mapping[str, object]]) -> None:
        """Do it, if anything may be changed here, and leave a line in the log, whatever comes of it."""
        facts = {"action": action, "who": visit.who, "client": visit.client}
        if self.terms.read_only:
            log.warning("web.refused", **facts, why="read-only")
            raise Refused(403, "This page is read-only. Nothing was changed.")
        try:
            done = do()
        except Exception as error:
            log.warning("web.not_changed", **facts, error=str(error))
            raise
        self.lookout.forget()
        log.info("web.changed", **facts, **done)

    def close(self) -> None:
        """What runs in the background ends after the portion that is under way."""
        self.runner.close()
        self.wire.close()
        self._slow.close()
