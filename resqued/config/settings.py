"""What can be configured: one Struct for each table of the file, one field for each key, with its default.

A Struct that was built by hand has not been checked; `resqued.config.parse` checks.
"""

from collections.abc import Iterator
from typing import Annotated

from msgspec import Meta, field

from resqued import address
from resqued.address import Address
from resqued.config.kinds import (
    Aliases,
    AtFork,
    AtLeastOne,
    Bytes,
    Cap,
    Count,
    Directories,
    Flag,
    Format,
    Group,
    Hostname,
    Interrupted,
    Interval,
    JobRates,
    Level,
    Modules,
    Namespace,
    Nice,
    NoMore,
    Path,
    PoolName,
    Preload,
    Queues,
    Seconds,
    Settings,
    SignalPool,
    Size,
    Umask,
    Url,
    User,
    WorkerLost,
)
from resqued.config.policies import Retry
from resqued.config.schedules import Scheduler, Schedules
from resqued.config.serving import Metrics, Web
from resqued.config.table import Contradiction, Given, Table
from resqued.errors import AddressError
from resqued.queues import Order


class Redis(Table, frozen=True, kw_only=True):
    """Where the queues are."""

    url: Url = "redis://127.0.0.1:6379/0"  # in a form that `resqued.address.parse` takes; may hold a password
    namespace: Namespace = "resque"  # every key begins with it and a colon
    password_file: Path = ""  # empty: none
    embedded: Flag = False  # a redis-server of our own

    def __repr__(self) -> str:
        return f"Redis({', '.join(f'{name}={value!r}' for name, value in self.__rich_repr__())})"

    def __rich_repr__(self) -> list[tuple[str, object]]:
        """The fields as anybody may see them: the URL without its password."""
        return [("url", _without_password(self.url)), *super().__rich_repr__()[1:]]

    @staticmethod
    def contradictions(given: Given) -> Iterator[Contradiction]:
        server, problem = _server(given.get("url"))
        if problem:
            yield "url", problem
        if given.get("embedded") is True:
            for key in ("url", "password_file"):
                if given.get(key):
                    yield "embedded", f"is true, and redis.{key} is about another server; remove one of the two"
        elif server and server.password and given.get("password_file"):
            yield "password_file", "redis.url has a password already; remove one of the two"


class Jobs(Table, frozen=True, kw_only=True):
    """Which code may run, and where it is."""

    path: Directories = ()  # put first on sys.path, in this order
    modules: Modules = ()  # "app.jobs.*" takes all submodules
    django: Settings = ""  # a project, whose applications' modules `jobs` are taken, too
    preload: Preload = "master"  # where the modules are imported
    at_fork: AtFork = "needed"  # which handlers of the standard library run around the fork of a job
    max_payload: Size = Bytes(1024**2)
    tracing: Flag = False  # whether each job is a span of OpenTelemetry
    names: Aliases = field(default_factory=dict)  # what other languages call a job → "module:Class"

    @staticmethod
    def wanting(given: Given) -> Iterator[str]:
        if not given.get("django"):
            yield "modules"


class Elastic(Table, frozen=True, kw_only=True):
    """A number of workers that follows the work."""

    min: Count
    max: Count
    spare: Count = 1  # so many are to have nothing to do

    @staticmethod
    def contradictions(given: Given) -> Iterator[Contradiction]:
        least, most = given.get("min"), given.get("max")
        if isinstance(least, int) and isinstance(most, int) and least > most >= 0:
            yield "min", f"{least} is more than max, {most}"


Workers = Annotated[Count | Elastic, Meta(description="int ≥ 0 or { min, max, spare }")]


class Pool(Table, frozen=True, kw_only=True):
    """Workers that serve one set of queues. Its name is the key in `Config.pools`."""

    queues: Queues  # in order of priority
    workers: Workers = 1
    order: Order = "strict"
    interval: Interval = 5.0  # seconds between looks at all queues while idle
    jobs_per_fork: AtLeastOne = 1  # that one process performs, one after the other
    standby: Flag = True  # whether a process for the next job is forked while there is none
    timeout: Seconds = 0.0  # seconds that a job may run; 0: no limit
    memory: NoMore = Cap(0)  # bytes that a job may use; 0: no limit
    nice: Nice = 0  # added to the niceness of jobs
    user: User = ""  # whose rights jobs have; empty: those of resqued
    group: Group = ""
    umask: Umask = ""  # of jobs, octal; empty: that of resqued
    interrupted: Interrupted = "requeue"  # what becomes of a job that our own stop cuts short
    worker_lost: WorkerLost = "fail"  # what becomes of a job whose worker died
    worker_lost_limit: Count = 3  # how often one payload may be put back because its worker died
    retry: Retry = Retry(limit=0)  # which failed jobs are tried again, and when; a class may say so for itself
    max_jobs: Count = 0  # that a worker performs before another takes its place; 0: no limit
    max_age: Seconds = 0.0  # seconds after which another worker takes its place; 0: no limit
    max_memory: NoMore = Cap(0)  # bytes that a worker itself may have between jobs; 0: no limit

    @staticmethod
    def contradictions(given: Given) -> Iterator[Contradiction]:
        listed = given.get("queues")
        if not isinstance(listed, list):
            return
        queues = {place: queue for place, queue in enumerate(listed) if isinstance(queue, str)}
        if queues and all(queue.startswith("!") for queue in queues.values()):
            yield "queues", 'has only "!" entries, which take queues away; add what they take from, such as "*"'
        for place, queue in queues.items():
            if queue in listed[:place]:
                yield f"queues[{place}]", f"repeats queues[{listed.index(queue)}]; remove one of the two"


class Shutdown(Table, frozen=True, kw_only=True):
    """How long a stop may take. Seconds."""

    grace: Seconds = 20.0  # to let running jobs finish
    term_timeout: Seconds = 4.0  # from asking a job to stop to killing it
    redis_timeout: Seconds = 5.0  # to wait for Redis when leaving


class Worker(Table, frozen=True, kw_only=True):
    """How workers present themselves."""

    hostname: Hostname = ""  # the host part of worker ids; empty: the machine's


class Log(Table, frozen=True, kw_only=True):
    """What is written about it all."""

    level: Level = "info"
    format: Format = "auto"  # console on a terminal, json otherwise
    file: Path = ""  # empty: standard error
    args: Flag = False  # whether the arguments of jobs are logged


class Failed(Table, frozen=True, kw_only=True):
    """What may stay in the failed list. Workers remove the oldest entries beyond that."""

    max: Count = 0  # entries; 0: no limit
    max_age: Seconds = 0.0  # seconds; 0: no limit


class Limits(Table, frozen=True, kw_only=True):
    """What workers keep in the whole fleet."""

    rates: JobRates = field(default_factory=dict)  # queue or glob → how many jobs are taken from it in a time


class Daemon(Table, frozen=True, kw_only=True):
    """Where resqued keeps things, and how its master behaves."""

    run_dir: Path = ""  # for as long as it runs; empty: depends on the environment
    state_dir: Path = ""  # for longer; empty: depends on the environment
    chdir: Path = ""  # where all processes work; empty: where they were started
    reload_timeout: Seconds = 60.0  # seconds that the application may take to import during a reload
    signal_pool: SignalPool = ""  # which pool TTIN and TTOU are about; empty: the first


Pools = Annotated[
    dict[PoolName, Pool],
    Meta(min_length=1, description='at least one pool, such as [pools.default] with queues = ["*"]'),
]


class Config(Table, frozen=True, kw_only=True):
    """The whole file."""

    redis: Redis = Redis()
    jobs: Jobs
    pools: Pools  # name → pool, in the order of the file
    shutdown: Shutdown = Shutdown()
    worker: Worker = Worker()
    failed: Failed = Failed()
    scheduler: Scheduler = Scheduler()
    schedule: Schedules = field(default_factory=dict)  # name → schedule, in the order of the file
    limits: Limits = Limits()
    log: Log = Log()
    metrics: Metrics = Metrics()
    daemon: Daemon = Daemon()
    web: Web = Web()

    @staticmethod
    def contradictions(given: Given) -> Iterator[Contradiction]:
        pools, daemon = given.get("pools"), given.get("daemon")
        wanted = daemon.get("signal_pool") if isinstance(daemon, dict) else None
        if wanted and isinstance(pools, dict) and wanted not in pools:
            yield "daemon.signal_pool", f'there is no pool "{wanted}"; there are: {", ".join(pools)}'


def _server(url: object) -> tuple[Address | None, str]:
    try:
        return (address.parse(url) if isinstance(url, str) else None), ""
    except AddressError as error:
        return None, str(error)


def _without_password(url: str) -> str:
    server, _ = _server(url)
    return str(server) if server else "***"
