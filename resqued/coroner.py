"""What is known, on this machine, of a worker that may be dead."""

from collections.abc import Sequence
from pathlib import Path

from resqued import notes, whereabouts
from resqued.errors import CommandRefused
from resqued.log import log
from resqued.store.pruning import Dead, Pruned, Pruning
from resqued.verdict import Verdict
from resqued.whereabouts import Whereabouts
from resqued.work import Work

DIED = "worker died while processing {job}"
VANISHED = "Worker {worker} did not gracefully exit while processing {job}"  # as Ruby says it


def is_from_here(one: Dead, here: Whereabouts) -> bool:
    """Whether its pid means something here: only in the boot and the pid namespace of its own."""
    r = one.registration
    return bool(here.boot) and (r.boot, r.pids) == (here.boot, here.pids)


def is_dead(one: Dead, here: Whereabouts) -> bool:
    """Whether it is known to have ended: by its process; where that cannot be seen, by its notebook, if that can."""
    if is_from_here(one, here):
        return not whereabouts.is_alive(one.registration.pid, one.registration.born)
    return notes.has_ended(_notebook(one))


def prune(pruning: Pruning, dead: Dead) -> bool:
    """Settle what `dead` left, and say so. False if it was no longer as it had been seen.

    Raises StoreUnavailable, and CommandRefused for a key of a wrong type.
    """
    what, work = settle(pruning, dead)
    if what is Pruned.CHANGED:
        return False
    held = {"queue": work.queue, "run": work.run} if work else {}
    log.warning("worker.pruned", worker=dead.id, job_is=what.value, **held)
    return True


def prune_each(pruning: Pruning, dead: Sequence[Dead]) -> bool:
    """The same for all of these. One that cannot be settled keeps the others from nothing; it is said, and False."""
    all_are_settled = True
    for one in dead:
        try:
            all_are_settled &= prune(pruning, one)
        except CommandRefused as refused:
            log.error("worker.not_pruned", worker=one.id, error=str(refused))
            all_are_settled = False
    return all_are_settled


def settle(pruning: Pruning, dead: Dead) -> tuple[Pruned, Work | None]:
    """Settle what `dead` left, by its own note if there is one: what became of its job. Raises as `prune`.

    CHANGED if it was no longer as it had been seen: somebody else was faster, it lives, or its last words came in late.
    """
    what, work = pruning.prune(dead, _noted, VANISHED if dead.beat else DIED)
    if what is not Pruned.CHANGED:
        notes.throw_away(_notebook(dead))
    return what, work


def _noted(dead: Dead, work: Work) -> Verdict | None:
    return notes.noted(_notebook(dead), work.run)


def _notebook(dead: Dead) -> Path:
    """It may be on another machine, where this path means nothing; nobody else's file is ever named like this.

    What Redis says of its name may be anything, and must not lead out of that directory.
    """
    r = dead.registration
    return notes.notebook(Path(r.home or "/nonexistent"), r.nonce if r.nonce.isalnum() else "none")
