"""What stands in Redis about queues and workers."""

import socket
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TypeVar

from resqued import coroner, processes
from resqued.cli.doctor.facts import Fleet, Known, Unknown
from resqued.cli.terminal import span
from resqued.errors import CommandRefused
from resqued.protocol.keys import Keys
from resqued.protocol.records import WorkerView
from resqued.store.catalog import Catalog
from resqued.store.checkup import Checkup
from resqued.store.pruning import OLD, Dead, Pruning
from resqued.whereabouts import whereabouts
from resqued.wire import Wire

T = TypeVar("T")

HIDDEN = Unknown("a key has the wrong type (see key-types)")


def of(wire: Wire, keys: Keys) -> Fleet:
    """Raises StoreUnavailable. A key of the wrong type hides what stands there, and no more."""
    catalog, checkup = Catalog(wire, keys), Checkup(wire, keys)
    names, now = _tried(catalog.queues), checkup.date()
    misfits = list(checkup.misfits(() if isinstance(names, Unknown) else names))
    hidden = keys.registrations in {misfit.key for misfit in misfits}
    workers, registered = _tried(catalog.workers), HIDDEN if hidden else Pruning(wire, keys).registered()
    return Fleet(
        now=now,
        queues=_tried(catalog.sizes),
        workers=workers,
        lifeless=_lifeless(workers, registered, now),
        versions=registered
        if isinstance(registered, Unknown)
        else Counter(one.registration.version for one in registered),
        is_paused=_tried(checkup.is_paused),
        pause_key=keys.pause,
        misfits=misfits,
    )


def _tried(ask: Callable[[], T]) -> Known[T]:
    try:
        return ask()
    except CommandRefused as error:
        return HIDDEN if error.code == "WRONGTYPE" else Unknown(str(error))


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
        elif worker.heartbeat is not None and (silent := (now - worker.heartbeat).total_seconds()) > OLD:
            yield worker.id, f"no heartbeat for {span(silent)}"
        elif worker.heartbeat is None and worker.id not in known and _has_gone(worker, host):
            yield worker.id, f"no process {worker.pid} on this host"


def _has_gone(worker: WorkerView, host: str) -> bool:
    """Only of this host: a worker that does not beat can be judged by nobody else."""
    return worker.host == host and worker.pid is not None and not processes.exists(worker.pid)
