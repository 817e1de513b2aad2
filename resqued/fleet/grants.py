"""What becomes of an operator's wishes about pools. WishRefused says why one cannot be granted."""

from resqued.errors import WishRefused
from resqued.escalation import Mood
from resqued.fleet.fleet import Fleet
from resqued.fleet.slots import Pool
from resqued.wishes import Scale


def pause(fleet: Fleet, name: str | None, *, to: bool) -> list[str]:
    """One pool or all, whoever has paused them. Returns which of them were otherwise before."""
    _refuse_while_stopping(fleet)
    pools = list(fleet.pools.values()) if name is None else [_pool(fleet, name)]
    changed = [pool.name for pool in pools if pool.paused != to]
    fleet.pause(to=to, pool=name)
    return changed


def change(fleet: Fleet, wish: Scale, room: int) -> int:
    """By how many workers its pool is to grow. `room`: so many more have a place.

    An elastic pool finds its own size within its bounds: an operator may be ahead of the work, and no more.
    """
    _refuse_while_stopping(fleet)
    pool = _pool(fleet, wish.pool)
    was = pool.wanted
    wanted = max(0, was + (wish.by or 0)) if wish.to is None else wish.to
    _refuse_beyond_bounds(pool, wanted)
    if wanted > was:
        _refuse_growth(fleet, wanted - was, room)
    return wanted - was


def _refuse_while_stopping(fleet: Fleet) -> None:
    if fleet.mood is not Mood.RUNNING:
        raise WishRefused(f"the master is {fleet.mood.name.lower()}, and changes no pool any more")


def _pool(fleet: Fleet, name: str) -> Pool:
    pool = fleet.pools.get(name)
    if pool is None or not pool.is_configured:
        there_are = ", ".join(pool.name for pool in fleet.pools.values() if pool.is_configured)
        raise WishRefused(f"there is no pool {name!r}; there are: {there_are}")
    return pool


def _refuse_beyond_bounds(pool: Pool, wanted: int) -> None:
    size = pool.size
    if size.is_elastic and wanted != size.clamped(wanted):
        raise WishRefused(
            f"pool {pool.name} is elastic between {size.min} and {size.max} workers and cannot have {wanted}; "
            "change the file and reload"
        )


def _refuse_growth(fleet: Fleet, by: int, room: int) -> None:
    if fleet.halted:
        raise WishRefused(f"no worker can be started: {fleet.halted}")
    if by > room:
        raise WishRefused(
            f"there is no place for {by} more workers, only for {max(0, room)}: raise `workers` in the file and reload"
        )
