"""A worker's post: where it stands, and being it."""

import os
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

from resqued import chance, destination, notes, processes
from resqued.address import Address
from resqued.backoff import Backoff
from resqued.duty import Duty
from resqued.entry.rehearsal import rehearse_enough
from resqued.lifeline import Bell, Lifeline
from resqued.log import log
from resqued.notes import Notebook
from resqued.protocol import identity
from resqued.protocol.identity import Registration, WorkerId
from resqued.protocol.keys import Keys
from resqued.queues import Order, QueueSet
from resqued.rates import Rates
from resqued.scoreboard import Row
from resqued.signals import Inbox
from resqued.store.pruning import Pruning
from resqued.store.slate import Slate
from resqued.store.trimming import Trimming
from resqued.store.turns import Turns
from resqued.store.vigil import Token, Vigil
from resqued.version import __version__
from resqued.wear import Wear
from resqued.whereabouts import Whereabouts, whereabouts
from resqued.wire import Wire, lean
from resqued.worker import Application, Terms, Worker
from resqued.worker.belongings import Belongings
from resqued.worker.diary import Diary
from resqued.worker.upkeep import Upkeep

if TYPE_CHECKING:
    from resqued.worker.meter import Meter


@dataclass(frozen=True, slots=True)
class Post:
    """A worker's place: which queues it serves, of which Redis, on which terms."""

    pool: str
    number: int
    queues: Sequence[str]
    order: Order
    interval: float
    terms: Terms
    address: Address
    keys: Keys
    hostname: str
    max_failed: int = 0  # entries that may stay in the failed list; 0: no limit
    max_failed_age: float = 0.0  # seconds that they may stay there; 0: no limit
    rates: Rates | None = None  # how many jobs may be taken from queues in a time
    home: Path | None = None  # the state directory of the configuration
    places: Sequence[str] = ()  # where its jobs are counted (`metrics.tally`); none: they are not


def work(
    post: Post,
    application: Application,
    *,
    token: Token,
    row: Row,
    inbox: Inbox,
    lifeline: Lifeline | None = None,
    bell: Bell | None = None,
    paused: bool = False,  # it then takes no job until it is asked to resume
) -> bool:
    """Be a worker, in this process, until asked to stop. Whether nothing of it is left in Redis."""
    here = whereabouts()
    queues = QueueSet(post.queues, post.order, chance.shuffle)
    _get_ready(post, queues)
    registration = _registration(post, here)
    wire = lean.connect(post.address, name=f"resqued:{post.terms.slot}")
    notebook = _notebook(post.home, registration.nonce) if post.home else None
    vigil = _vigil(post, token)
    gone = Worker(
        post.pool,
        post.terms,
        application,
        slate=_slate(post, wire, _worker_id(post, here, queues), registration),
        pruning=Pruning(wire, post.keys),
        upkeep=_upkeep(post, wire, application),
        here=here,
        diary=Diary(notebook, row, _meter(row, post.places)),
        vigil=vigil,
        queues=queues,
        duty=_duty(post, paused=paused),
        wear=_wear(post.terms),
        inbox=inbox,
        lifeline=lifeline,
        bell=bell,
        row=row,
        mine=Belongings(wire.fileno, vigil, inbox=inbox, notebook=notebook, lifeline=lifeline, bell=bell).descriptors,
    ).run()
    wire.close()
    return gone


def _get_ready(post: Post, queues: QueueSet) -> None:
    processes.set_title(identity.waiting(__version__, queues.entries, post.terms.slot))  # before it registers
    processes.be_a_worker()
    destination.serve(destination.Place(post.address, post.keys.namespace))
    rehearse_enough()


def _notebook(home: Path, nonce: str) -> Notebook | None:
    """Where there can be none, the worker works without: a full disk must not keep jobs from being done."""
    try:
        notes.make_directory(home)  # somebody may have cleared it away
        return Notebook(notes.notebook(home, nonce))
    except OSError as error:
        log.error("notebook.not_made", error=str(error))
        return None


def _meter(row: Row, places: Sequence[str]) -> "Meter | None":
    if not places:
        return None
    from resqued.worker.meter import Meter  # noqa: PLC0415  what is not used stays out of a process that forks

    return Meter(row, places)


def _worker_id(post: Post, here: Whereabouts, queues: QueueSet) -> WorkerId:
    return WorkerId(host(post.hostname), here.pid, queues.entries)


def _vigil(post: Post, token: Token) -> Vigil:
    return Vigil(token, partial(lean.connect, post.address, name=f"resqued-wait:{post.terms.slot}"), post.keys)


def _slate(post: Post, wire: Wire, worker: WorkerId, registration: Registration) -> Slate:
    return Slate(wire, post.keys, worker=worker, registration=registration, rates=post.rates)


def _upkeep(post: Post, wire: Wire, application: Application) -> Upkeep:
    trimming = Trimming(wire, post.keys, most=post.max_failed, max_age=post.max_failed_age)
    return Upkeep(trimming, Turns(wire, post.keys) if application.has_turns else None)


def _duty(post: Post, *, paused: bool) -> Duty:
    backoff = Backoff(first=0.1, most=10.0, chance=chance.fraction)
    return Duty(interval=post.interval, backoff=backoff, paused=paused)


def _wear(terms: Terms) -> Wear:
    return Wear(
        max_jobs=terms.max_jobs,
        max_age=terms.max_age,
        max_memory=terms.max_memory,
        born=monotonic(),
        chance=chance.fraction,
    )


def _registration(post: Post, here: Whereabouts) -> Registration:
    return Registration(
        post.pool,
        post.number,
        __version__,
        here.boot,
        here.pids,
        here.pid,
        here.born,
        nonce=os.urandom(16).hex(),
        put_back=post.terms.put_back,
        home=str(post.home or ""),
    )


def host(configured: str) -> str:
    """This host's name, as it can stand in worker ids. `configured`: that of [worker], perhaps empty."""
    return identity.UNSPEAKABLE.sub("-", configured or socket.gethostname()) or "localhost"
