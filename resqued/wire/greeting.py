"""Making a connection: a socket of the right kind, to the right server, which is told who speaks and of what."""

import socket
import struct
from collections.abc import Iterator
from contextlib import suppress

from resqued.address import Address
from resqued.errors import CommandRefused, StoreUnavailable
from resqued.wire import Command
from resqued.wire.conversation import Conversation
from resqued.wire.credentials import credentials

KEEPALIVE = {  # a peer that vanished is noticed within a minute, even while nothing is said
    "TCP_KEEPIDLE": 30,  # seconds of silence before the first probe
    "TCP_KEEPINTVL": 10,  # seconds between probes
    "TCP_KEEPCNT": 3,  # unanswered probes until the connection is lost
}


def greeted(address: Address, name: str, timeout: float) -> Conversation:
    """A new connection, on which the server knows who speaks and of which database.

    Raises StoreUnavailable, or CommandRefused if there is no such database.
    """
    try:
        *needed, naming = _greetings(address, name)
        conversation = Conversation(_connected(address, timeout), str(address), timeout)
    except (OSError, UnicodeError) as error:
        raise StoreUnavailable(f"cannot connect to Redis at {address}: {error}") from error
    try:
        *replies, named = conversation.exchange([*needed, naming])
        conversation.accepted(replies)
        with suppress(CommandRefused):  # a user that may not name its connections can do without
            conversation.accepted([named])
    except BaseException:
        conversation.close()
        raise
    return conversation


def _greetings(address: Address, name: str) -> Iterator[Command]:
    if known := credentials(address):
        yield ("AUTH", *known)
    if address.database:
        yield "SELECT", address.database
    yield "CLIENT", "SETNAME", name


def _connected(address: Address, timeout: float) -> socket.socket:
    match address.scheme:
        case "unix":
            return _unix(address.path, timeout)
        case "tcp":
            return _timed_by_the_kernel(_tcp(address, timeout), timeout)
        case "tls":
            return _tls(address, timeout)


def _unix(path: str, timeout: float) -> socket.socket:
    connecting = socket.socket(socket.AF_UNIX)
    try:
        connecting.settimeout(timeout)
        connecting.connect(path)
    except BaseException:
        connecting.close()
        raise
    return _timed_by_the_kernel(connecting, timeout)


def _timed_by_the_kernel(connected: socket.socket, timeout: float) -> socket.socket:
    """The same socket, with its timeout where it costs nothing: Python would poll before each send and each receive."""
    limit = struct.pack("@ll", int(timeout), int(timeout % 1 * 1e6))
    connected.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, limit)
    connected.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, limit)
    connected.settimeout(None)
    return connected


def _tcp(address: Address, timeout: float) -> socket.socket:
    where = _as_it_is(address.host), address.port
    connected = socket.create_connection(where, timeout)  # type: ignore[arg-type]  # which takes bytes, too
    connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connected.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in KEEPALIVE.items():
        if hasattr(socket, option):
            connected.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)
    return connected


def _tls(address: Address, timeout: float) -> socket.socket:
    import ssl  # noqa: PLC0415  a process that speaks no TLS does not pay for it

    context = ssl.create_default_context(cafile=address.ca_file)  # certificates are read anew: they get renewed
    if not address.verify:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if address.cert_file:
        context.load_cert_chain(address.cert_file, address.key_file)
    connected = _tcp(address, timeout)
    try:
        return context.wrap_socket(connected, server_hostname=address.host)
    except BaseException:
        connected.close()
        raise


def _as_it_is(host: str) -> str | bytes:
    """A name in ASCII, as bytes: text would be prepared as IDNA wants it, by code that stays in memory."""
    return host.encode() if host.isascii() else host
