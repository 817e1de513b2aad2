"""The page: queues, workers and failed jobs in a browser.

    from resqued.web import app

    asgi = app(redis="127.0.0.1:6379")

An ASGI application, which `resquectl web` serves, and which any other may mount, at any path. Needs the extra `web`.
"""

from collections.abc import Callable, Collection
from pathlib import Path
from typing import TYPE_CHECKING, Any

from resqued import address
from resqued.protocol.keys import DEFAULT_NAMESPACE

if TYPE_CHECKING:
    from starlette.types import ASGIApp

LOOPBACK = ("127.0.0.1", "::1")


def app(
    redis: str | address.Address = "127.0.0.1:6379",
    namespace: str = DEFAULT_NAMESPACE,
    *,
    read_only: bool = False,
    password_file: str | Path = "",
    trusted_header: str = "",
    trusted_proxies: Collection[str] = LOOPBACK,
    user: Callable[[Any], str | None] | None = None,
    configuration: str | Path = "",
) -> "ASGIApp":
    """`user`: who it is that sends a request (an ASGI scope), for an application that knows; None: he may not look.

    Without it: who has a password of `password_file`; or whom a proxy names in `trusted_header`; or, without any of
    these, anybody on this machine, and nobody else.

    `configuration`: a file whose schedules are shown beside those that are kept in Redis.

    Raises ConfigError for a password file that cannot be used, and AddressError for an address that is none.
    """
    from resqued.web import guards  # noqa: PLC0415  who asks for none of it need not have the extra
    from resqued.web.asgi import application  # noqa: PLC0415
    from resqued.web.passwords import Passwords  # noqa: PLC0415
    from resqued.web.site import Site, Terms  # noqa: PLC0415

    guard: guards.Guard = guards.Nearby()
    if user:
        guard = guards.Asked(user)
    elif password_file:
        guard = guards.Known(Passwords(Path(password_file)))
    elif trusted_header:
        guard = guards.Introduced(trusted_header, trusted_proxies)
    server = address.parse(redis) if isinstance(redis, str) else redis
    return application(Site(server, namespace, Terms(guard, read_only, Path(configuration) if configuration else None)))
