"""Whether the server is fit to keep jobs."""

import re
from collections.abc import Iterator

from resqued.cli.doctor.facts import Facts
from resqued.cli.doctor.findings import Finding, NotChecked, hint, known
from resqued.cli.terminal import size

OLDEST = (6, 2)
SLOW = 0.02  # s; a hundred times what a server nearby takes
SKEW = 5.0  # s
ALMOST = 0.9  # of a limit


def reachable(facts: Facts) -> Iterator[Finding]:
    if facts.trouble:
        yield Finding(
            f"Redis cannot be used: {facts.trouble}",
            "see that it runs and can be reached from here, and that address and password are right "
            "([redis] of the configuration, or --url); until then workers wait, and lose nothing",
        )
    else:
        known(facts.server)


def version(facts: Facts) -> Iterator[Finding]:
    said = known(facts.server).version
    numbers = tuple(map(int, re.findall(r"\d+", said)[:2]))
    if not numbers:
        raise NotChecked("the server does not say its version")
    if numbers < OLDEST:
        yield Finding(
            f"Redis {said} is too old: workers wait with BLMOVE, which it does not know",
            "upgrade it to Redis 6.2 or newer, or to Valkey",
        )


def latency(facts: Facts) -> Iterator[Finding]:
    took = known(facts.server).latency
    if took > SLOW:
        yield hint(
            f"Redis takes {took * 1000:.0f} ms to answer; each job waits for it at least once",
            "look for slow commands (SLOWLOG GET), for a busy or swapping host (redis-cli --intrinsic-latency 10), "
            "and for a long way to it",
        )


def eviction(facts: Facts) -> Iterator[Finding]:
    server = known(facts.server)
    if server.policy is None:
        raise NotChecked("the server does not say its maxmemory-policy")
    if server.policy == "noeviction":
        return
    says = f"maxmemory-policy is {server.policy}: when its memory is full, Redis throws away "
    do = "CONFIG SET maxmemory-policy noeviction, and the same in redis.conf; give caches a Redis of their own"
    if server.policy.startswith("volatile-"):
        yield hint(f"{says}keys that expire, among them what resqued remembers of lost jobs", do)
    elif server.memory_limit:
        yield Finding(f"{says}any key, whole queues among them", do)
    else:
        yield hint(f"{says}any key, whole queues among them; now there is no limit (maxmemory is 0)", do)


def fullness(facts: Facts) -> Iterator[Finding]:
    server = known(facts.server)
    if server.memory_limit is None:
        raise NotChecked("the server does not say how much memory it may use")
    if server.memory_limit and server.memory_used > ALMOST * server.memory_limit:
        yield Finding(
            f"Redis uses {size(server.memory_used)} of the {size(server.memory_limit)} that it may (maxmemory); "
            "when it is full nobody can enqueue, and workers cannot take jobs",
            "find what fills it (redis-cli --bigkeys; the failed list, perhaps), or raise maxmemory",
        )


def persistence(facts: Facts) -> Iterator[Finding]:
    server = known(facts.server)
    if not server.writes_well:
        yield Finding(
            "Redis could not write its data to the disk when it last tried",
            "read its log; most often the disk is full, or there is no memory for the fork that saves",
        )
    if server.appends:
        yield from _appends(server.append_sync)
    elif server.snapshots is None or server.appends is None:
        raise NotChecked("the server does not tell how it keeps its data (CONFIG GET save)")
    elif not server.snapshots:
        yield Finding(
            "Redis keeps its data in memory only (no AOF, no snapshots): a restart loses every job",
            "CONFIG SET appendonly yes, and the same in redis.conf",
        )
    else:
        yield hint(
            f"Redis keeps its data in snapshots only (save {server.snapshots}): after a crash the jobs since the last "
            "one are gone, and jobs that were done since then are there again",
            "CONFIG SET appendonly yes, and the same in redis.conf",
        )


def _appends(sync: str | None) -> Iterator[Finding]:
    if sync == "no":
        yield hint(
            "Redis leaves it to the kernel when its file reaches the disk (appendfsync no): half a minute may be lost",
            "CONFIG SET appendfsync everysec, and the same in redis.conf",
        )


def clients(facts: Facts) -> Iterator[Finding]:
    server = known(facts.server)
    if server.clients_limit is None:
        raise NotChecked("the server does not say how many clients it takes")
    if server.clients > ALMOST * server.clients_limit:
        yield Finding(
            f"Redis has {server.clients} clients of at most {server.clients_limit}; further workers will be refused",
            "raise maxclients (and the open files of the server), or find who does not hang up (CLIENT LIST); an idle "
            "pool has one connection for each worker, and one for each of its queues",
        )


def clock(facts: Facts) -> Iterator[Finding]:
    ahead = known(facts.server).ahead
    if abs(ahead) > SKEW:
        behind = "behind" if ahead > 0 else "ahead of"
        yield Finding(
            f"the clock of this machine is {abs(ahead):.0f} s {behind} that of Redis: dates and ages are wrong",
            "let both follow a time server (timedatectl set-ntp true)",
        )
