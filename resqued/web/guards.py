"""Who may look: one of four ways to tell."""

from collections.abc import Callable, Collection
from http.cookies import CookieError, SimpleCookie
from ipaddress import ip_address
from typing import Any, Protocol

from starlette.requests import Request

from resqued.web.passwords import Passwords
from resqued.web.sessions import Attempts, Sessions
from resqued.web.visit import LoginWanted, Refused

SESSION = "resqued_session"
LOOPBACK_NAMES = {"localhost", "127.0.0.1", "[::1]"}
LONGEST = 100  # characters of somebody's name


class Guard(Protocol):
    """Says who it is, or raises Refused or LoginWanted."""

    def who(self, request: Request) -> str: ...


class Nearby:
    """Anybody on this machine.

    He must have meant it: a name that leads here only because somebody else's name server says so is not answered,
    or any web site could have a browser of this machine read and press everything.
    """

    def who(self, request: Request) -> str:
        if not is_loopback(peer(request)):
            raise Refused(403, "Without a login this page is for its own machine only. Give it a password file.")
        host = request.headers.get("host", "")
        name = host.rpartition(":")[0] if host.rpartition(":")[2].isdecimal() else host
        if name.lower().rstrip(".") not in LOOPBACK_NAMES:
            raise Refused(421, "Without a login this page answers to localhost only. Behind a proxy it needs a login.")
        return "somebody on this machine"


class Known:
    """Whoever has logged in with a password of the file."""

    def __init__(self, passwords: Passwords) -> None:
        self.passwords = passwords
        self.sessions, self.attempts = Sessions(), Attempts()

    def who(self, request: Request) -> str:
        session = self.sessions.find(cookies(request).get(SESSION, ""))
        if session is None or self.passwords.hashed(session.who) != session.hashed:
            raise LoginWanted
        return session.who


class Introduced:
    """Whoever a proxy names in a header. From anybody else the header is a lie."""

    def __init__(self, header: str, proxies: Collection[str]) -> None:
        self._header, self._proxies = header, {_canonical(proxy) for proxy in proxies}

    def who(self, request: Request) -> str:
        sender = peer(request)
        if sender and _canonical(sender) not in self._proxies:  # on a unix socket nobody has an address
            raise Refused(403, "This page is to be reached through its proxy.")
        names = request.headers.getlist(self._header)
        if len(names) != 1 or not names[0].strip():
            raise Refused(403, f"The proxy has not said who you are (header {self._header}).")
        return names[0].strip()[:LONGEST]


class Asked:
    """Whoever the application that this page is mounted in knows: `tell` gets the ASGI scope; None: he may not."""

    def __init__(self, tell: Callable[[Any], str | None]) -> None:
        self._tell = tell

    def who(self, request: Request) -> str:
        if not (name := self._tell(request.scope)):
            raise Refused(403, "You may not look at this page.")
        return str(name)[:LONGEST]


def peer(request: Request) -> str:
    """The address at the other end; empty on a unix socket."""
    return request.client.host if request.client else ""


def is_loopback(address: str) -> bool:
    try:
        return ip_address(address.partition("%")[0]).is_loopback
    except ValueError:
        return False


def _canonical(address: str) -> str:
    try:
        return str(ip_address(address))
    except ValueError:
        return address


def cookies(request: Request) -> dict[str, str]:
    """What somebody else has set on this host may be anything."""
    try:
        return {name: morsel.value for name, morsel in SimpleCookie(request.headers.get("cookie", "")).items()}
    except CookieError:
        return {}
