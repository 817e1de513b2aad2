"""Whether jobs that wait for their time will come."""

from collections.abc import Iterator

from resqued.cli.doctor.facts import Facts
from resqued.cli.doctor.findings import Finding, hint, known
from resqued.cli.terminal import span

LATE = 60.0  # s; a scheduler whose host died is replaced by then, where all are of resqued


def schedulers(facts: Facts) -> Iterator[Finding]:
    """Ruby's know one lock and node's another: whoever knows both takes both."""
    ruby, node = known(known(facts.fleet).later).leaders
    if ruby and node and ruby != node:
        yield Finding(
            f"two schedulers lead at once, {ruby} by the lock of Ruby's and {node} by that of node's: both take the "
            "same delayed jobs, and lose some and enqueue others twice",
            "stop those of one kind, or of both: a scheduler of resqued ([scheduler] enabled) waits until both have "
            "left, and then leads them all",
        )


def delayed(facts: Facts) -> Iterator[Finding]:
    later = known(known(facts.fleet).later)
    leaders = list(dict.fromkeys(filter(None, later.leaders)))
    late = f", and the first of them should have come {span(later.overdue)} ago" if later.overdue > LATE else ""
    if not later.count:
        return
    if not leaders:
        found = Finding if late else hint
        yield found(
            f"{later.count} delayed jobs wait for their time, and no scheduler is there to bring them{late}",
            "enable one on any host ([scheduler] enabled = true), or start the one that did it until now; "
            "resquectl delayed run brings some at once",
        )
    elif late:
        yield Finding(
            f"{later.count} delayed jobs wait for their time{late}, although {' and '.join(leaders)} should bring them",
            "see whether it runs, and what its log says: a lock may outlive its holder by 3 minutes, and one bad job "
            "stops schedulers of Ruby's and node's for good. If it is ended, a scheduler of resqued takes over",
        )


def retries(facts: Facts) -> Iterator[Finding]:
    """Of pools; what classes say is not known here."""
    config = known(facts.config)
    pools = [name for name, pool in config.pools.items() if pool.retry.limit and pool.retry.pauses]
    if pools and not config.scheduler.enabled and not any(known(known(facts.fleet).later).leaders):
        yield hint(
            f"failed jobs of {', '.join(pools)} are to be tried again later (retry), and no scheduler is there to "
            "bring them back",
            "enable one on any host ([scheduler] enabled = true), or say retry.backoff = 0",
        )


def bad(facts: Facts) -> Iterator[Finding]:
    later = known(known(facts.fleet).later)
    if not later.bad:
        return
    seen = f"of the {later.looked_at} delayed jobs that come first, {len(later.bad)} can go nowhere: {later.bad[0]}"
    do = "find who puts them there (resquectl delayed list shows what they are)"
    if later.is_led_by_us:
        yield hint(seen, f"{do}; when their time comes they are set aside into the failed list, and nothing stops")
    else:
        yield Finding(
            seen,
            f"{do}; Ruby's scheduler dies of such a job, and node's brings no more: let one of resqued lead, which "
            "sets them aside into the failed list",
        )
