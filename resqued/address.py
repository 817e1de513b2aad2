"""Where a Redis server is, and as whom to speak to it. Reads addresses, connects to nothing.

No message of this module repeats anything of the text that it is about: whatever stands there may be a password.
"""

import re
from dataclasses import dataclass, field, replace
from typing import Literal
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlsplit

from resqued.errors import AddressError

ACCEPTED = (
    "host[:port], redis://[user:password@]host[:port][/database], "
    "the same with rediss:// for TLS, or unix:///path/of/socket[?db=database]"
)
DEFAULT_PORT = 6379
TLS_OPTIONS = ("ssl_ca_certs", "ssl_certfile", "ssl_keyfile", "ssl_cert_reqs")  # named as in redis-py

IMPOSSIBLE = re.compile(r"[\s\x00-\x1f\x7f-\x9f\ud800-\udfff]")
HOST = re.compile(r"[\w.:%-]+")  # names, IPv4, IPv6 with a zone
NUMBER = re.compile(r"[0-9]{1,9}")  # int() alone would take "+1", "1_0" and other scripts' digits


@dataclass(frozen=True, slots=True)
class Address:
    """One server, one database. Neither `str` nor `repr` shows the password."""

    scheme: Literal["tcp", "tls", "unix"]
    host: str = ""  # empty for a unix socket; IPv6 without brackets
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

    def __str__(self) -> str:
        """A URL to show to people: the password is `***`, TLS options are left out."""
        if self.scheme == "unix":
            path = quote(self.path, errors="replace")
            return f"unix://{self._user()}{path}?db={self.database}"
        scheme = "rediss" if self.scheme == "tls" else "redis"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{scheme}://{self._user()}{host}:{self.port}/{self.database}"

    def _user(self) -> str:
        name = quote(self.username or "", safe="", errors="replace")
        secret = ":***" if self.password is not None else ""
        return f"{name}{secret}@" if name or secret else ""


def parse(text: str) -> Address:
    """The address that `text` names, in one of the forms of `ACCEPTED`.

    Raises AddressError, which says what is wrong and what is accepted, and shows nothing of `text`.
    """
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


def _tcp(url: SplitResult) -> Address:
    server = _server(url)
    _options(url, ())
    return server


def _tls(url: SplitResult) -> Address:
    server = _server(url)
    options = _options(url, TLS_OPTIONS)
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


def _port(url: SplitResult) -> int:
    try:
        port = DEFAULT_PORT if url.port is None else url.port
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
        return parse_qsl(query, keep_blank_values=True, strict_parsing=True, errors="strict") if query else []
    except ValueError:
        raise _wrong("what stands behind the ? must be option=value, joined by &") from None


def _decoded(text: str) -> str:
    try:
        return unquote(text, errors="strict")
    except UnicodeDecodeError:
        raise _wrong("what is escaped with % is not UTF-8") from None


def _wrong(what: str) -> AddressError:
    return AddressError(f"{what}; accepted: {ACCEPTED}")
