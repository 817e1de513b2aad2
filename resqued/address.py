"""Where a Redis server is, or who knows where, and as whom to speak to it. Reads addresses, connects to nothing.

No message of this module repeats anything of the text that it is about: whatever stands there may be a password.
"""

import re
from dataclasses import dataclass, field, replace
from typing import Literal
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlsplit

from resqued.errors import AddressError

ACCEPTED = (
    "host[:port], redis://[user:password@]host[:port][/database], "
    "the same with rediss:// for TLS, unix:///path/of/socket[?db=database], or "
    "redis+sentinel://[user:password@]host[:port],host[:port]/name-of-the-master[/database]"
)
DEFAULT_PORT, SENTINEL_PORT = 6379, 26379
TLS_OPTIONS = ("ssl_ca_certs", "ssl_certfile", "ssl_keyfile", "ssl_cert_reqs")  # named as in redis-py
SENTINEL_OPTIONS = ("sentinel_username", "sentinel_password")

IMPOSSIBLE = re.compile(r"[\s\x00-\x1f\x7f-\x9f\ud800-\udfff]")
HOST = re.compile(r"[\w.:%-]+")  # names, IPv4, IPv6 with a zone
NUMBER = re.compile(r"[0-9]{1,9}")  # int() alone would take "+1", "1_0" and other scripts' digits
SERVICE = re.compile(r"[A-Za-z0-9._-]+")  # what Sentinel takes for the name of a master
SENTINELS = re.compile(r"(rediss?\+sentinel://(?:[^/?#]*@)?)([^/?#]*)(.*)", re.IGNORECASE)  # before, hosts, behind

Server = tuple[str, int]  # host, port


@dataclass(frozen=True, slots=True)
class Address:
    """One server, one database. Neither `str` nor `repr` shows a password.

    Where there are `sentinels`, the server is the one that they call the master of `service` at that moment.
    """

    scheme: Literal["tcp", "tls", "unix"]
    host: str = ""  # empty for a unix socket, and where sentinels know it; IPv6 without brackets
    port: int = 0
    path: str = ""  # of the unix socket
    database: int = 0
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    password_file: str | None = None  # never part of a URL: set with `dataclasses.replace`
    ca_file: str | None = None  # None: the system's authorities
    cert_file: str | None = None
    key_file: str | None = None
    verify: bool = True  # the server's certificate and name
    sentinels: tuple[Server, ...] = ()  # to be asked in turn, over TLS if the scheme is `tls`
    service: str = ""
    sentinel_username: str | None = None
    sentinel_password: str | None = field(default=None, repr=False)

    def __str__(self) -> str:
        """A URL to show to people: the password is `***`, options are left out but for a socket's database."""
        if self.scheme == "unix":
            path = quote(self.path, errors="replace")
            return f"unix://{self._user()}{path}?db={self.database}"
        scheme = "rediss" if self.scheme == "tls" else "redis"
        if self.sentinels:
            hosts = ",".join(_shown(*sentinel) for sentinel in self.sentinels)
            return f"{scheme}+sentinel://{self._user()}{hosts}/{self.service}/{self.database}"
        return f"{scheme}://{self._user()}{_shown(self.host, self.port)}/{self.database}"

    def _user(self) -> str:
        name = quote(self.username or "", safe="", errors="replace")
        secret = ":***" if self.password is not None else ""
        return f"{name}{secret}@" if name or secret else ""

    def master(self, host: str, port: int) -> "Address":
        """The server itself, when sentinels have said where it is."""
        return replace(
            self, host=host, port=port, sentinels=(), service="", sentinel_username=None, sentinel_password=None
        )

    def sentinel(self, host: str, port: int) -> "Address":
        """One of the `sentinels`: a server of another kind, with credentials of its own."""
        return replace(
            self.master(host, port),
            database=0,
            username=self.sentinel_username,
            password=self.sentinel_password,
            password_file=None,
        )


def _shown(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def parse(text: str) -> Address:
    """The address that `text` names, in one of the forms of `ACCEPTED`.

    Raises AddressError, which says what is wrong and what is accepted, and shows nothing of `text`.
    """
    if listed := SENTINELS.fullmatch(text):
        return _watched(*listed.groups())
    url = _split(text)
    match url.scheme:
        case "redis":
            return _tcp(url)
        case "rediss":
            return _tls(url)
        case "unix":
            return _unix(url)
    raise _wrong("the scheme is unknown")


def _split(text: str) -> SplitResult:
    if not text:
        raise _wrong("the address is empty")
    if IMPOSSIBLE.search(text):
        raise _wrong("the address contains a space or a control character (in a password, a space is %20)")
    full = _with_scheme(text)
    try:
        return urlsplit(full)
    except ValueError:  # its message repeats the text
        raise _wrong("the host cannot be read (in a password, write [ and ] as %5B and %5D)") from None


def _with_scheme(text: str) -> str:
    if "://" in text or text.startswith("unix:"):
        return text
    if text.startswith("/"):
        raise _wrong("a path needs unix:// before it")
    if not {"/", "?", "#", "@"}.isdisjoint(text):
        raise _wrong("more than host and port needs redis:// before it")
    return f"redis://{text}"


def _watched(before: str, hosts: str, behind: str) -> Address:
    """The address of a master by those of its sentinels. A URL has one host: the list is taken out to read it."""
    url = _split(f"{before}sentinel{behind}")
    _refuse_stray_password(url)
    service, _, database = url.path.removeprefix("/").partition("/")
    server = _server(url._replace(path=database))
    if not SERVICE.fullmatch(service):
        raise _wrong("the name of the master is missing behind the sentinels (letters, digits, . _ -), as in /mymaster")
    sealed = url.scheme == "rediss+sentinel"
    options = _options(url, SENTINEL_OPTIONS + TLS_OPTIONS * sealed)
    watched = replace(
        server,
        host="",
        port=0,
        sentinels=tuple(_sentinel(host) for host in hosts.split(",")),
        service=service,
        sentinel_username=options.get("sentinel_username"),
        sentinel_password=options.get("sentinel_password"),
    )
    return _sealed(watched, options) if sealed else watched


def _sentinel(text: str) -> Server:
    url = _split(f"redis://{text}")
    return _host(url), _port(url, SENTINEL_PORT)


def _tcp(url: SplitResult) -> Address:
    server = _server(url)
    _options(url, ())
    return server


def _tls(url: SplitResult) -> Address:
    return _sealed(_server(url), _options(url, TLS_OPTIONS))


def _sealed(server: Address, options: dict[str, str]) -> Address:
    if "ssl_keyfile" in options and "ssl_certfile" not in options:
        raise _wrong("ssl_keyfile needs ssl_certfile")
    return replace(
        server,
        scheme="tls",
        ca_file=options.get("ssl_ca_certs"),
        cert_file=options.get("ssl_certfile"),
        key_file=options.get("ssl_keyfile"),
        verify=_verify(options.get("ssl_cert_reqs", "required")),
    )


def _unix(url: SplitResult) -> Address:
    options = _options(url, ("db",))
    username, password = _credentials(url)
    return Address(
        "unix",
        path=_socket_path(url),
        database=_database(options.get("db", "")),
        username=username,
        password=password,
    )


def _server(url: SplitResult) -> Address:
    _refuse_stray_password(url)
    username, password = _credentials(url)
    return Address(
        "tcp",
        host=_host(url),
        port=_port(url),
        database=_database(url.path.removeprefix("/")),
        username=username,
        password=password,
    )


def _refuse_stray_password(url: SplitResult) -> None:
    """Refuse an `@` behind the host: it is where a password with / ? # in it really ends."""
    if "@" in url.path + url.query + url.fragment:
        raise _wrong("there is an @ behind the host (in a password, write / ? # as %2F %3F %23)")


def _credentials(url: SplitResult) -> tuple[str | None, str | None]:
    return _decoded(url.username or "") or None, _decoded(url.password or "") or None


def _host(url: SplitResult) -> str:
    if not url.hostname:
        raise _wrong("the host is missing")
    if not HOST.fullmatch(url.hostname):
        raise _wrong("the host contains a character that no host has")
    return url.hostname


def _port(url: SplitResult, default: int = DEFAULT_PORT) -> int:
    try:
        port = default if url.port is None else url.port
    except ValueError:  # its message repeats the port, which is a password where the host was forgotten
        port = 0
    if not port:
        raise _wrong("the port must be a number from 1 to 65535 (IPv6 addresses are written in [ ])")
    return port


def _database(text: str) -> int:
    if text and not NUMBER.fullmatch(text):
        raise _wrong("the database must be a number")
    return int(text or 0)


def _socket_path(url: SplitResult) -> str:
    path = _decoded(url.path)
    if url.hostname or not path.startswith("/"):
        raise _wrong("the path of a socket is absolute: unix:///path, with three slashes")
    if "\0" in path:
        raise _wrong("the path of the socket contains a null character")
    return path


def _verify(requirement: str) -> bool:
    if requirement not in ("none", "required"):
        raise _wrong("ssl_cert_reqs must be none or required")
    return requirement == "required"


def _options(url: SplitResult, known: tuple[str, ...]) -> dict[str, str]:
    """What stands behind the `?`: each of the `known` options at most once, none empty."""
    if url.fragment:
        raise _wrong("there is a # in the address (in a password, it is %23)")
    pairs = _pairs(url.query)
    options = dict(pairs)
    if not options.keys() <= set(known):
        accepted = f"only {', '.join(known)}" if known else "no options"
        raise _wrong(f"there is an unknown option behind the ?: {url.scheme}:// takes {accepted}")
    if len(options) < len(pairs) or not all(options.values()):
        raise _wrong("an option behind the ? is empty or given twice")
    return options


def _pairs(query: str) -> list[tuple[str, str]]:
    try:
        # a + stands for itself, in passwords and paths; only in forms is it a space
        literal = query.replace("+", "%2B")
        return parse_qsl(literal, keep_blank_values=True, strict_parsing=True, errors="strict") if query else []
    except ValueError:
        raise _wrong("what stands behind the ? must be option=value, joined by &") from None


def _decoded(text: str) -> str:
    try:
        return unquote(text, errors="strict")
    except UnicodeDecodeError:
        raise _wrong("what is escaped with % is not UTF-8") from None


def _wrong(what: str) -> AddressError:
    return AddressError(f"{what}; accepted: {ACCEPTED}")
