"""Every key that resqued reads or writes.

Resque's own keys carry the prefix `<namespace>:` (resque 3.0.0: redis-namespace, default `resque`). Ours carry
`resqued:<namespace>:`, so that nothing of ours is ever taken for a queue or a worker.

| key | type | what it is |
|---|---|---|
| `resque:queues` | set | names of all queues ever pushed to |
| `resque:queue:<queue>` | list | waiting jobs as JSON texts, head first |
| `resque:workers` | set | ids of registered workers, `host:pid:queue,queue` |
| `resque:worker:<id>` | string | the job that a worker performs, as JSON; absent while it is idle |
| `resque:worker:<id>:started` | string | when the worker registered |
| `resque:worker:ping:<host>:<pid>` | string | the heartbeat of node-resque's workers, as JSON |
| `resque:workers:heartbeat` | hash | id → Redis server time of its last heartbeat |
| `resque:stat:processed`, `resque:stat:processed:<id>` | string | jobs taken, in all and by worker |
| `resque:stat:failed`, `resque:stat:failed:<id>` | string | jobs failed, in all and by worker |
| `resque:failed` | list | failures as JSON objects, oldest first |
| `resque:failed_queues` | set | names of further failed lists, which Ruby's RedisMultiQueue keeps: `<queue>_failed` |
| `resque:<queue>_failed` | list | failures of one queue, where that is in use |
| `resque:pause-all-workers` | string | `true` pauses every worker of the fleet |
| `resque:lock:…`, `resque:loners:…`, `resque:resque-retry:…` | string | locks of Ruby's plugins: see `protocol.locks` |
| `resque:pruning_dead_workers_in_progress` | string | the lock of whoever prunes dead workers; lives a minute at most |
| `resque:delayed_queue_schedule` | sorted set | every epoch at which jobs are due, scored with itself |
| `resque:delayed:<epoch>` | list | the jobs that are due then, each with its queue (`protocol.delayed`) |
| `resque:timestamps:<item>` | set | every `delayed:<epoch>`, without prefix, where this very text lies |
| `resque:delayed:last_enqueued_at` | hash | name of a schedule → when its job was last enqueued, as Ruby writes it |
| `resque:persistent_schedules` | hash | name → a schedule as JSON, which Ruby's `set_schedule` keeps |
| `resque:schedules_changed` | set | names of those that have changed, or gone |
| `resque:resque:resque_scheduler_master_lock` | string | who leads Ruby's schedulers; the prefix stands there twice |
| `resque:resque_scheduler_leader_lock` | string | who leads node's |
| `resqued:<namespace>:earlier` | list | wakes our scheduler: a job is due sooner than any it knows; lives a minute |
| `resqued:<namespace>:vacant` | list | wakes a scheduler of ours: nobody leads any more; lives for seconds |
| `resqued:<namespace>:ticks` | hash | schedule → its last tick, an epoch; `@` stands before one that is kept in Redis |
| `resqued:<namespace>:disabled` | hash | name of a schedule that is not to enqueue anything → since when |
| `resqued:<namespace>:workers` | hash | id → who that worker is (`protocol.identity.Registration`) |
| `resqued:<namespace>:paused` | hash | queue that no worker of ours takes from → since when |
| `resqued:<namespace>:look` | string | who of ours looked last for dead workers; lives a minute |
| `resqued:<namespace>:sightings` | hash | id → a stopped heartbeat, first and last seen; lives for minutes |
| `resqued:<namespace>:trim` | string | somebody of ours has cut the failed list to its limits; lives a minute |
| `resqued:<namespace>:lost:<digest>` | string | how often a payload was put back for a dead worker; lives 7 days |
| `resqued:<namespace>:order:<digest>` | list | names of queues, in the order in which workers ask them; lives a day |
| `resqued:<namespace>:receipt:<name>` | string | how many lines `resquectl enqueue` has put on queues; lives an hour |
| `resqued:<namespace>:slate:<id>` | hash | a worker's job: `run`, `queue`, `payload`, `dues`; what is `settled` |
| `resqued:<namespace>:history:minutes`, `…:hours` | list | how much of everything there was; a day, and thirty, of it |
| `resqued:<namespace>:history:queues` | list | how many jobs were on each queue, minute by minute; an hour of it |
| `resqued:<namespace>:history:turn` | string | the present minute has been written; lives for most of it |
| `resqued:<namespace>:errands` | hash | id → what the page does in the background, and how far it is; lives a day |
| `resque:resque-retry:<counted as>` | string | how often a job was tried again (`protocol.retries`) |
| `resque:failure-resque-retry:<counted as>` | string | how it has failed last, as JSON, while it is delayed |
| `resqued:<namespace>:tries:<counted as>` | list | how each of its tries has failed, as JSON; lives 7 days longer |

Those of limits, batches and locks: `protocol.policykeys`.
"""

from dataclasses import dataclass

from resqued.protocol.policykeys import PolicyKeys

DEFAULT_NAMESPACE = "resque"
FAILED = "failed"  # the list of failures that everybody knows


def holds_failures(name: str) -> bool:
    """Whether Ruby can have given this name to a list of failures. A list of jobs must never be taken for one."""
    return name.endswith("_failed") and not name.startswith("queue:")


@dataclass(frozen=True, slots=True)
class Keys(PolicyKeys):
    namespace: str = DEFAULT_NAMESPACE

    def _resque(self, rest: str) -> str:
        return f"{self.namespace}:{rest}"

    def _own(self, rest: str) -> str:
        return f"resqued:{self.namespace}:{rest}"

    @property
    def everything(self) -> tuple[str, str]:
        """Patterns of SCAN that match every key of this namespace, Resque's and ours."""
        return self._resque("*"), self._own("*")

    @property
    def prefix(self) -> str:
        """What comes before Resque's names, for a script that makes some itself."""
        return self._resque("")

    @property
    def own(self) -> str:
        """The same of our own names."""
        return self._own("")

    @property
    def queues(self) -> str:
        return self._resque("queues")

    def queue(self, name: str) -> str:
        return self._resque(f"queue:{name}")

    @property
    def workers(self) -> str:
        return self._resque("workers")

    def worker(self, worker_id: str) -> str:
        return self._resque(f"worker:{worker_id}")

    def started(self, worker_id: str) -> str:
        return self._resque(f"worker:{worker_id}:started")

    def ping(self, host: str, pid: int) -> str:
        return self._resque(f"worker:ping:{host}:{pid}")

    @property
    def heartbeats(self) -> str:
        return self._resque("workers:heartbeat")

    @property
    def processed(self) -> str:
        return self._resque("stat:processed")

    def processed_by(self, worker_id: str) -> str:
        return self._resque(f"stat:processed:{worker_id}")

    @property
    def failures(self) -> str:
        """The counter. The list is `failed`: the two differ once entries have been cleared or retried."""
        return self._resque("stat:failed")

    def failures_of(self, worker_id: str) -> str:
        return self._resque(f"stat:failed:{worker_id}")

    @property
    def failed(self) -> str:
        return self.failed_list(FAILED)

    @property
    def failed_queues(self) -> str:
        return self._resque("failed_queues")

    def failed_list(self, name: str) -> str:
        """By the name that `failed_queues` has for it, or FAILED."""
        return self._resque(name)

    @property
    def pause(self) -> str:
        return self._resque("pause-all-workers")

    @property
    def prune_lock(self) -> str:
        return self._resque("pruning_dead_workers_in_progress")

    @property
    def schedule(self) -> str:
        """What is due when (resque-scheduler 5)."""
        return self._resque("delayed_queue_schedule")

    def due(self, epoch: str) -> str:
        """What is due at that time."""
        return self._resque(f"delayed:{epoch}")

    @property
    def last_enqueued(self) -> str:
        return self._resque("delayed:last_enqueued_at")

    @property
    def persistent(self) -> str:
        return self._resque("persistent_schedules")

    @property
    def changed(self) -> str:
        return self._resque("schedules_changed")

    @property
    def leaders(self) -> tuple[str, str]:
        """The locks of resque-scheduler (its prefix, put before the key twice) and of node-resque."""
        return self._resque(self._resque("resque_scheduler_master_lock")), self._resque("resque_scheduler_leader_lock")

    @property
    def earlier(self) -> str:
        return self._own("earlier")

    @property
    def vacant(self) -> str:
        return self._own("vacant")

    @property
    def ticks(self) -> str:
        return self._own("ticks")

    @property
    def disabled(self) -> str:
        return self._own("disabled")

    @property
    def registrations(self) -> str:
        return self._own("workers")

    @property
    def paused(self) -> str:
        return self._own("paused")

    @property
    def look(self) -> str:
        return self._own("look")

    @property
    def sightings(self) -> str:
        return self._own("sightings")

    @property
    def trim(self) -> str:
        return self._own("trim")

    def foreign_lock(self, name: str) -> str:
        """Of a plugin of Ruby's, by the name that `protocol.locks` has for it."""
        return self._resque(name)

    def tries(self, counted_as: str) -> tuple[str, str, str]:
        """How often a job was tried again, how it has failed last, and how each time."""
        counter = f"resque-retry:{counted_as}"
        return self._resque(counter), self._resque(f"failure-{counter}"), self._own(f"tries:{counted_as}")

    def timestamps(self, item: str) -> str:
        return self._resque(f"timestamps:{item}")

    def lost(self, digest: str) -> str:
        return self._own(f"lost:{digest}")

    def order(self, digest: str) -> str:
        return self._own(f"order:{digest}")

    def receipt(self, name: str) -> str:
        return self._own(f"receipt:{name}")

    def history(self, of: str) -> str:
        """`minutes`, `hours` or `queues`; `turn`: whose it is to write."""
        return self._own(f"history:{of}")

    @property
    def errands(self) -> str:
        return self._own("errands")

    def slate(self, worker_id: str) -> str:
        return self._own(f"slate:{worker_id}")
