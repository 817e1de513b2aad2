"""`resquectl exporter`."""

import signal
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path
from select import POLLIN, poll
from time import monotonic

from resqued import listening
from resqued.cli import listenat, subjects, waiting
from resqued.cli.commands import DONE, Commands
from resqued.cli.fleetfigures import FleetFigures
from resqued.cli.terminal import complain
from resqued.errors import NotServed
from resqued.listener import Listener as Place
from resqued.listening import Listener
from resqued.metrics import asking
from resqued.signals import Inbox, milliseconds
from resqued.store.survey import Survey

DEFAULT = "127.0.0.1:9749"
INTERVAL = 10.0  # s
PATIENCE = 10.0  # s that a visitor has: a look at Redis may take as long as Redis is silent
STOPS = {signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGHUP}


def add_to(commands: Commands) -> None:
    exporter = commands.add_parser(
        "exporter",
        help="tell machines how the fleet is: queues, waits, failures, workers",
        description="Serve figures of the whole fleet, out of Redis, for Prometheus: /metrics, /healthz and /readyz "
        "over HTTP. One is enough for a fleet. It runs until it gets TERM or INT.",
    )
    exporter.add_argument(
        "--listen",
        type=listenat.closed,
        default=DEFAULT,
        metavar="ADDRESS",
        help=f"a port of this machine, or unix:/path/of/socket; default {DEFAULT}",
    )
    exporter.add_argument(
        "--interval",
        type=waiting.seconds,
        default=INTERVAL,
        metavar="S",
        help=f"look at Redis every S seconds at most, however often somebody asks; default {INTERVAL:g}",
    )
    exporter.set_defaults(run=export, about=subjects.survey)


def export(survey: Survey, arguments: Namespace) -> int:
    place: Place = arguments.listen
    try:
        door = listening.bound(place)
    except OSError as error:
        raise NotServed(f"nobody can be served at {place}: {error.strerror or error}") from None
    visitors = Listener(
        door,
        Path(place.path) if place.path else None,
        end=asking.END,
        longest=asking.LONGEST,
        most=asking.MOST,
        patience=PATIENCE,
    )
    inbox = Inbox()
    complain("resquectl", f"figures of the fleet are at {place}")
    try:
        _serve(visitors, inbox, FleetFigures(survey.look, stays_for=arguments.interval).answer)
    finally:
        visitors.remove()
        visitors.close()
        inbox.close()
    return DONE


def _serve(visitors: Listener, inbox: Inbox, answer: Callable[[bytes], bytes]) -> None:
    """Until a signal says to stop."""
    events = poll()
    events.register(inbox, POLLIN)
    visitors.watch(events)
    while STOPS.isdisjoint(inbox.read()):
        events.poll(milliseconds(visitors.wakes_at))
        visitors.serve(monotonic(), answer)
