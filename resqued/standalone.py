"""One worker in a process of the application's own, without a master: what `Resque.worker()` gives."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from resqued import performer, streams
from resqued.address import Address
from resqued.client import RedisClient
from resqued.entry.post import Post, work
from resqued.entry.rehearsal import rehearse
from resqued.escalation import Patience
from resqued.protocol import payloads
from resqued.protocol.keys import Keys
from resqued.queues import Order
from resqued.registry import Registry
from resqued.scoreboard import Scoreboard
from resqued.signals import Inbox
from resqued.store.vigil import Token
from resqued.worker import Application, Terms

MAX_PAYLOAD = 1024**2  # bytes; as [jobs] max_payload

Server = Address | RedisClient


def registry(jobs: Sequence[type], names: Mapping[str, type], modules: Sequence[str]) -> Registry:
    """Of these jobs, or of these modules, or of the script itself. Raises ConfigError."""
    if jobs or names:
        return Registry.of(*jobs, names=names)
    found = Registry(modules or ["__main__"], {})
    found.load(source="worker")
    return found


class QueueWorker:
    """One worker: `add_queue`, then `work`."""

    def __init__(self, server: Server, namespace: str, registry: Registry, *, interval: float, timeout: float) -> None:
        self.queues: list[str] = []
        self._server, self._namespace, self._registry = server, namespace, registry
        self._interval, self._timeout = interval, timeout

    def add_queue(self, *queues: str) -> None:
        """Serve these queues after those that were added before: names, globs such as `*`, or `!name` to leave out."""
        for queue in queues:
            payloads.check_queue_name(queue.removeprefix("!"))
            if queue not in self.queues:
                self.queues.append(queue)

    def work(self, *, order: Order = "strict") -> None:
        """Perform jobs, each in a process of its own, until a signal says to stop; then leave nothing behind.

        QUIT finishes the running job; TERM gives it 20 s and INT none before it is asked to stop and goes back to its
        queue. To be called from the main thread. Raises ValueError if there is no queue to serve.
        """
        if all(queue.startswith("!") for queue in self.queues):
            raise ValueError("a worker needs a queue to serve; call add_queue first")
        streams.ensure_all()
        inbox = Inbox()
        try:
            work(
                self._post(order),
                Application(
                    self._registry, performer.perform, performer.failed, max_payload=MAX_PAYLOAD, rehearse=rehearse
                ),
                token=Token(),
                row=Scoreboard(1).row(0),
                inbox=inbox,
            )
        finally:
            inbox.close()

    def _post(self, order: Order) -> Post:
        terms = Terms(
            slot="worker.0",
            timeout=self._timeout,
            interrupted="requeue",
            patience=Patience(grace=20.0, term_timeout=4.0),
            redis_timeout=5.0,
        )
        return Post(
            pool="worker",
            number=0,
            queues=self.queues,
            order=order,
            interval=self._interval,
            terms=terms,
            address=_address(self._server),
            keys=Keys(self._namespace),
            hostname="",
        )


def _address(server: Server) -> Address:
    """Where a worker connects, which speaks to Redis over a connection of its own."""
    if isinstance(server, Address):
        return server
    settings = server.connection_pool.connection_kwargs
    place = (
        Address("unix", path=settings["path"])
        if "path" in settings
        else Address(
            "tls" if "ssl_cert_reqs" in settings else "tcp",
            settings.get("host", "localhost"),
            settings.get("port", 6379),
        )
    )
    return replace(
        place,
        database=settings.get("db") or 0,
        username=settings.get("username"),
        password=settings.get("password"),
        ca_file=settings.get("ssl_ca_certs"),
        cert_file=settings.get("ssl_certfile"),
        key_file=settings.get("ssl_keyfile"),
        verify=settings.get("ssl_cert_reqs", "required") not in ("none", None),
    )
