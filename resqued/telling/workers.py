"""What a worker's record means."""

from datetime import datetime

from resqued.protocol.records import WorkerView
from resqued.store.pruning import OLD


def is_stale(view: WorkerView, now: datetime) -> bool:
    """Whether a Ruby worker would take it for dead. Who never beats is not: most implementations do not."""
    return view.heartbeat is not None and (now - view.heartbeat).total_seconds() > OLD
