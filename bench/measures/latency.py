"""From the call that enqueues a job to the first line of its `perform`, for one idle worker.

Those that bounds are about are there alone and all the time, and take turns job by job, so that what disturbs one
disturbs the others; then come all the others. Each enqueues with its own client: what that takes is part of what an
application waits for, and is told separately, too. Who only looks now and then is given its jobs at random moments.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

from bench.contestants import Contestant, at_work
from bench.contestants.ours import ThreeQueues
from bench.effort import Effort
from bench.field import Field
from bench.figures import Bound, Collection, Section, asked, percentile
from bench.measures import looking
from bench.measures.looking import PAUSE, Probe
from bench.stage import Letterbox, Stage

TITLE = "from enqueueing a job to the first line of its perform, one idle worker"
THREE = "the same, on any of three queues that the worker serves"
RIVALS = ("rq worker", "bare loop")
WARM_UP = 5  # jobs
MEDIAN, TAIL, CALL = "p50", "p99", "of which the enqueueing call, p50"
BESIDE_BARE = (Bound(MEDIAN, "at most", 1.5, "bare loop"), Bound(TAIL, "at most", 2.0, "bare loop"))
BESIDE_RQ = asked([MEDIAN], "at most", {"rq worker": 0.2})

Probes = dict[Contestant, list[Probe]]


def measure(stage: Stage, field: Field, effort: Effort, three: ThreeQueues) -> list[Section]:
    collection = Collection()
    first = [field.forking[0], three, *(one for one in field.forking if one.name in RIVALS)]
    others = [one for one in field.everybody() if one not in first]
    for _ in range(effort.rounds):
        probes = _of_those_told(stage, field, first, effort.probes)
        probes |= _of_those_told(stage, field, [one for one in others if one.told], effort.others)
        probes |= _of_those_who_look(stage, field, [one for one in others if not one.told], effort)
        for contestant, found in probes.items():
            _note(collection, contestant.name, found, with_tail=contestant in first)
    figures = collection.figures({three.name, "bare loop"})
    return [
        *field.sections(collection, "latency", TITLE, unit="ms", better="less", bounds=[*BESIDE_BARE, *BESIDE_RQ]),
        Section("latency, three queues", THREE, "ms", "less", figures, three.name, BESIDE_BARE),
    ]


def _note(collection: Collection, name: str, probes: Sequence[Probe], *, with_tail: bool) -> None:
    """A tail takes many probes."""
    latencies, calls = zip(*probes, strict=True)
    collection.add(MEDIAN, name, percentile(latencies, 0.50))
    if with_tail:
        collection.add(TAIL, name, percentile(latencies, 0.99))
    collection.add(CALL, name, percentile(calls, 0.50))


def _of_those_told(stage: Stage, field: Field, contestants: Sequence[Contestant], count: int) -> Probes:
    """So many probes of each, in turn."""
    probes: Probes = {}
    with _all_at_work(stage, field, contestants) as present:
        for number in range(-WARM_UP, count):
            for contestant in field.present(present):
                with field.excusing(contestant):
                    probe = _once(contestant, stage.letterbox)
                    if number >= 0:
                        probes.setdefault(contestant, []).append(probe)
    return {one: probes[one] for one in field.present(list(probes))}


def _of_those_who_look(stage: Stage, field: Field, contestants: Sequence[Contestant], effort: Effort) -> Probes:
    with _all_at_work(stage, field, contestants) as present:
        counts = {one: min(effort.others, max(1, int(effort.looks / one.interval))) for one in present}
        return looking.probe(stage, field, counts)


@contextmanager
def _all_at_work(stage: Stage, field: Field, contestants: Sequence[Contestant]) -> Iterator[list[Contestant]]:
    """All of these that can, with one worker each."""
    stage.redis.flushall()  # or who has left would count as there
    with ExitStack() as held:
        for contestant in contestants:
            with field.excusing(contestant):
                held.enter_context(at_work(stage, contestant, 1))
        yield field.present(contestants)


def _once(contestant: Contestant, letterbox: Letterbox) -> Probe:
    time.sleep(PAUSE)
    began = time.monotonic_ns()
    contestant.enqueue("Stamp", letterbox.path)
    returned = time.monotonic_ns()
    started = int(letterbox.next())
    return (started - began) / 1e6, (returned - began) / 1e6
