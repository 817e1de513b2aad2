"""What stands in Redis about queues and workers."""

import socket
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import TypeVar

from resqued import coroner, processes
from resqued.cli.doctor.facts import Fleet, Known, Later, Unknown
from resqued.cli.inquest import LARGEST_PID
from resqued.cli.terminal import ago
from resqued.errors import CommandRefused, InvalidPayload
from resqued.protocol import delayed
from resqued.protocol.keys import Keys
from resqued.protocol.records import WorkerView
from resqued.store.agenda import Agenda
from resqued.store.census import Census
from resqued.store.checkup import Checkup
from resqued.store.delays import Delayed, Delays
from resqued.store.pruning import Dead, Pruning
from resqued.store.stock import Stock
from resqued.telling.workers import is_stale
from resqued.whereabouts import whereabouts
from resqued.wire import Wire

T = TypeVar("T")
R = TypeVar("R")

LOOKED_AT = 1000  # delayed jobs: there may be millions

HIDDEN = Unknown("a key has the wrong type (see key-types)")


def of(wire: Wire, keys: Keys) -> Fleet:
    """Raises StoreUnavailable. A key of the wrong type hides what stands there, and no more."""
    stock, census = Stock(wire, keys), Census(wire, keys)
    queues, now = _tried(lambda: list(stock.look(stock.names()))), census.now()
    misfits = list(Checkup(wire, keys).misfits(() if isinstance(queues, Unknown) else [each.name for each in queues]))
    hidden = keys.registrations in {misfit.key for misfit in misfits}
    workers = _tried(lambda: list(census.views(census.ids())))
    registered = HIDDEN if hidden else Pruning(wire, keys).registered()
    return Fleet(
        now=now,
        queues=_meaning(queues, lambda every: {each.name: each.size or 0 for each in every}),
        held=_meaning(queues, lambda every: {each.name: each.paused_since for each in every if each.paused}),
        workers=workers,
        lifeless=_lifeless(workers, registered, now),
        versions=_meaning(registered, lambda every: Counter(one.registration.version for one in every)),
        is_paused=_tried(stock.all_paused),
        later=_tried(lambda: _later(wire, keys)),
        misfits=misfits,
    )


def _tried(ask: Callable[[], T]) -> Known[T]:
    try:
        return ask()
    except CommandRefused as error:
        return HIDDEN if error.code == "WRONGTYPE" else Unknown(str(error))


def _later(wire: Wire, keys: Keys) -> Later:
    delays = Delays(wire, keys)
    first = list(islice(delays.each(), LOOKED_AT))
    return Later(
        leaders=Agenda(wire, keys).leaders(),
        count=delays.size(),
        overdue=delays.overdue(),
        looked_at=len(first),
        bad=[*_misplaced(delays), *(why for one in first if (why := _badness(one)))],
    )


def _misplaced(delays: Delays) -> Iterator[str]:
    for key, kind in islice(delays.misplaced(), LOOKED_AT):
        yield f"there is a {kind} at {key}, where the jobs of that time should be"


def _badness(one: Delayed) -> str:
    try:
        delayed.due(one.item)
    except InvalidPayload as error:
        return str(error)
    return ""


def _meaning(found: Known[T], of: Callable[[T], R]) -> Known[R]:
    return found if isinstance(found, Unknown) else of(found)


def _lifeless(
    workers: Known[Sequence[WorkerView]], registered: Known[Sequence[Dead]], now: datetime
) -> Known[Mapping[str, str]]:
    if isinstance(workers, Unknown):
        return workers
    ours = () if isinstance(registered, Unknown) else registered
    return dict(_dead(workers, ours, now))


def _dead(workers: Sequence[WorkerView], ours: Sequence[Dead], now: datetime) -> Iterator[tuple[str, str]]:
    here, host = whereabouts(), socket.gethostname()
    ended = {one.id for one in ours if coroner.is_dead(one, here)}
    known = {one.id for one in ours}
    for worker in workers:
        if worker.id in ended:
            yield worker.id, "its process has ended"
        elif is_stale(worker, now):
            yield worker.id, f"no heartbeat for {ago(worker.heartbeat, now)}"
        elif worker.heartbeat is None and worker.id not in known and _has_gone(worker, host):
            yield worker.id, f"no process {worker.pid} on this host"


def _has_gone(worker: WorkerView, host: str) -> bool:
    """Only of this host: a worker that does not beat can be judged by nobody else."""
    return worker.host == host and 0 < (worker.pid or 0) <= LARGEST_PID and not processes.exists(worker.pid or 0)
