"""Who serves which queue, by what the ids of workers say."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import cache

from resqued.protocol import records
from resqued.queues import expand, is_glob, matches
from resqued.store.replies import name_of


def listeners(ids: Iterable[bytes], queues: Sequence[str]) -> Mapping[str, int]:
    """How many of these workers serve each of the `queues`. Most workers have their patterns in common with others."""

    @cache
    def matching(glob: str) -> frozenset[str]:
        return frozenset(name for name in queues if matches(glob, name))

    def meant(entry: str) -> frozenset[str]:
        return matching(entry) if is_glob(entry) else frozenset([entry])

    count = Counter[str]()
    for entries, workers in Counter(records.parts(name_of(worker))[2] for worker in ids).items():
        wanted = frozenset[str]().union(*(meant(entry) for entry in entries if not entry.startswith("!")))
        for queue in wanted.difference(*(matching(entry[1:]) for entry in entries if entry.startswith("!"))):
            count[queue] += workers
    return count


def serves(entries: Sequence[str], queue: str) -> bool:
    """Whether a worker with these queues and patterns takes jobs from `queue`."""
    return queue in expand(entries, [queue])
