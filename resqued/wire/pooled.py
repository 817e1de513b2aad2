"""The wire of a process that does not fork, and may have threads: redis-py makes and keeps the connections.

We talk on them ourselves: redis-py would repeat a command whose reply was lost (ten times, by default, since version
8), and an LPOP that is repeated loses a job, an INCR counts twice.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from resqued.address import Address
from resqued.errors import ResquedError, StoreUnavailable
from resqued.wire import PENDING, Argument, Command, Meanwhile, Pending, Reply, refusal, rest
from resqued.wire.conversation import Conversation
from resqued.wire.credentials import credentials
from resqued.wire.sentinel import agree_to_be_master, at_the_master

NEVER_AGAIN: dict[str, Any] = {"retry": Retry(NoBackoff(), 0), "retry_on_timeout": False, "retry_on_error": ()}
RAW: dict[str, Any] = {"protocol": 2, "decode_responses": False}
KEPT = {  # what a client's settings say of where and who; the rest is redis-py's own, and differs with its version
    *("host", "port", "path", "db", "client_name", "username", "password", "credential_provider"),
    *("socket_type", "socket_keepalive", "socket_keepalive_options"),
    "redis_connect_func",
    "connection_pool",  # in which a connection of Sentinel's looks up its master
}
NO_LIMIT = 2**31  # of connections; each thread has one at most

Taken = tuple[redis.Connection, Conversation]


def connect(server: Address | redis.Redis, *, name: str = "", timeout: float = 5.0) -> "PooledWire":
    """A wire to `server`, which connects when it is first used.

    Of a client, the way to connect is taken (address, TLS, credentials, Sentinel), but not its connections, nor how it
    repeats and decodes. `name` is what CLIENT LIST shows. `timeout`: seconds for connecting, and without a byte of a
    reply.
    """
    made, settings = _of_address(server) if isinstance(server, Address) else _of_client(server)
    settings |= {**NEVER_AGAIN, **RAW, "socket_timeout": timeout, "socket_connect_timeout": timeout}
    if name:
        settings["client_name"] = name
    return PooledWire(server, redis.ConnectionPool(made, max_connections=NO_LIMIT, **settings))


class PooledWire:
    """As many connections as there are threads that call at the same time, and one more for what is asked.

    `ask`, `fileno` and `answer` are for one thread. `close` interrupts other threads: they get StoreUnavailable.
    """

    def __init__(self, server: Address | redis.Redis, pool: redis.ConnectionPool) -> None:
        self._server = server  # held: the connections of a Sentinel client look up their master through it
        self._where = str(server) if isinstance(server, Address) else _where(pool)
        self._pool = pool
        self._timeout: float = pool.connection_kwargs["socket_timeout"]
        self._asking: Taken | None = None

    def call(self, *command: Argument, meanwhile: Meanwhile = rest) -> Reply:
        with self._conversation() as conversation:
            return conversation.call(command, meanwhile)

    def transaction(self, commands: Sequence[Command]) -> list[Reply]:
        with self._conversation() as conversation:
            return conversation.transaction(commands)

    def pipeline(self, commands: Sequence[Command]) -> list[Reply]:
        with self._conversation() as conversation:
            return conversation.pipeline(commands)

    def ask(self, *command: Argument) -> None:
        if not (self._asking and self._asking[1].ready) or self._asking[1].has_ended():
            self._stop_asking()
            self._asking = self._taken()
        self._asking[1].ask(command)

    def fileno(self) -> int:
        return self._asking[1].fileno() if self._asking else -1

    def answer(self) -> Reply | Pending:
        return self._asking[1].answer() if self._asking else PENDING

    def close(self) -> None:
        self._stop_asking()
        self._pool.disconnect()

    @contextmanager
    def _conversation(self) -> Iterator[Conversation]:
        taken = self._taken()
        try:
            yield taken[1]
        finally:
            self._give_back(*taken)

    def _stop_asking(self) -> None:
        if self._asking:
            self._give_back(*self._asking)
            self._asking = None

    def _taken(self) -> Taken:
        try:
            connection = self._connection()
        except (redis.RedisError, OSError, UnicodeError) as error:
            raise _meaning(error, self._where) from error
        lent = vars(connection)["_sock"]  # there is no other way to borrow it
        return connection, Conversation(lent, self._where, self._timeout)

    def _connection(self) -> redis.Connection:
        try:
            return self._pool.get_connection()
        except BaseException:  # it keeps a connection whose greeting was cut short, and would use it
            self._pool.disconnect(inuse_connections=False)
            raise

    def _give_back(self, connection: redis.Connection, conversation: Conversation) -> None:
        if not conversation.ready:
            connection.disconnect()  # type: ignore[no-untyped-call]  # redis-py has no type for it
        self._pool.release(connection)


class _Credentials(redis.CredentialProvider):
    """Looked up at each connect: a password file may have changed."""

    def __init__(self, address: Address) -> None:
        self._address = address

    def get_credentials(self) -> Any:  # one or two strings, or none
        return credentials(self._address)


class _ToTheMaster(redis.Connection):
    """Leads to where the sentinels of an address say that its master is, each time that it connects."""

    def __init__(self, *, watched: Address, socket_timeout: float, **settings: Any) -> None:
        super().__init__(socket_timeout=socket_timeout, **settings)  # type: ignore[no-untyped-call]
        self._watched, self._limit = watched, socket_timeout

    def connect(self) -> None:
        if not vars(self)["_sock"]:
            at_the_master(self._watched, self._connect_to, self._limit)

    def _connect_to(self, server: Address) -> None:
        self.host, self.port = server.host, server.port
        try:
            super().connect()  # type: ignore[no-untyped-call]  # redis-py has no type for it
        except (redis.RedisError, OSError, UnicodeError) as error:
            raise _meaning(error, str(server)) from error
        try:
            agree_to_be_master(Conversation(vars(self)["_sock"], str(server), self._limit), server)
        except BaseException:
            self.disconnect()  # type: ignore[no-untyped-call]
            raise


class _ToTheMasterByTLS(_ToTheMaster, redis.SSLConnection):
    pass


def _of_address(address: Address) -> tuple[type, dict[str, Any]]:
    settings: dict[str, Any] = {"db": address.database, "credential_provider": _Credentials(address)}
    match address.scheme:
        case "unix":
            return redis.UnixDomainSocketConnection, {**settings, "path": address.path}
        case "tcp" if address.sentinels:
            return _ToTheMaster, {**settings, **_tcp(address), "watched": address}
        case "tls" if address.sentinels:
            return _ToTheMasterByTLS, {**settings, **_tcp(address), **_tls(address), "watched": address}
        case "tcp":
            return redis.Connection, {**settings, **_tcp(address)}
        case "tls":
            return redis.SSLConnection, {**settings, **_tcp(address), **_tls(address)}


def _tcp(address: Address) -> dict[str, Any]:
    return {"host": address.host, "port": address.port, "socket_keepalive": True}


def _tls(address: Address) -> dict[str, Any]:
    return {
        "ssl_ca_certs": address.ca_file,
        "ssl_certfile": address.cert_file,
        "ssl_keyfile": address.key_file,
        "ssl_cert_reqs": "required" if address.verify else "none",
        "ssl_check_hostname": address.verify,
    }


def _of_client(client: redis.Redis) -> tuple[type, dict[str, Any]]:
    pool = client.connection_pool
    settings = pool.connection_kwargs.items()
    return pool.connection_class, {key: value for key, value in settings if key in KEPT or key.startswith("ssl_")}


def _where(pool: redis.ConnectionPool) -> str:
    """As an Address would show it: never with a password, which redis-py's own `repr` used to tell."""
    settings = pool.connection_kwargs
    if "connection_pool" in settings:
        return "the master that its Sentinel names"
    return f"unix://{settings['path']}" if "path" in settings else f"{settings['host']}:{settings['port']}"


def _meaning(error: Exception, where: str) -> ResquedError:
    """What it means that redis-py could not connect. Of an error reply it cuts off the code, if it knows it."""
    if code := getattr(error, "status_code", None):
        return refusal(where, f"{code} {error}")
    if isinstance(error, redis.ResponseError):
        return refusal(where, str(error))
    return StoreUnavailable(f"cannot connect to Redis at {where}: {error}")
