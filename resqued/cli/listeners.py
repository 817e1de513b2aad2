"""Who serves which queue, by what the ids of workers say."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from resqued.protocol import records
from resqued.queues import expand, is_glob
from resqued.store.replies import name_of


def listeners(ids: Iterable[bytes], queues: Sequence[str]) -> Mapping[str, int]:
    """How many of these workers serve each of the `queues`. Most workers have their patterns in common with others."""
    sets = Counter(records.parts(name_of(worker))[2] for worker in ids)
    count = Counter[str]()
    for entries, workers in sets.items():
        for queue in expand(entries, queues) if _has_pattern(entries) else dict.fromkeys(entries):
            count[queue] += workers
    return count


def _has_pattern(entries: Iterable[str]) -> bool:
    return any(entry.startswith("!") or is_glob(entry) for entry in entries)


def serves(entries: Sequence[str], queue: str) -> bool:
    """Whether a worker with these queues and patterns takes jobs from `queue`."""
    return queue in expand(entries, [queue])
