"""What a form must prove before anything is changed, and how much of it is read at all."""

import asyncio
import secrets

from starlette.requests import ClientDisconnect, Request

from resqued.web.guards import cookies
from resqued.web.visit import Refused

TOKEN = "resqued_token"  # noqa: S105  the name of a cookie, and of a field
LARGEST = 256 * 1024  # bytes; a page full of marked entries has 10 KiB
PATIENCE = 10.0  # s for all of it
OURS = {"same-origin", "none"}  # Sec-Fetch-Site of what our own pages send, or a person typed


def token_of(request: Request) -> str:
    """A secret between this browser and us, which no other site can read; a new one for who has none."""
    token = cookies(request).get(TOKEN, "")
    return token if len(token) == len(secrets.token_urlsafe()) and token.isascii() else secrets.token_urlsafe()


def refuse_foreign(request: Request, brought: str) -> None:
    """Raises Refused for a form of another site, and for one that does not bring the token of its browser."""
    if (site := request.headers.get("sec-fetch-site")) is not None:
        is_ours = site in OURS
    else:
        origin = request.headers.get("origin")
        is_ours = origin is None or origin.partition("://")[2] == request.headers.get("host", "")
    kept = cookies(request).get(TOKEN, "")
    if not (is_ours and kept and secrets.compare_digest(kept.encode(), brought.encode(errors="replace"))):
        raise Refused(403, "This form is too old, or not of this page. Nothing was changed. Go back and reload it.")


async def body_of(request: Request) -> bytes:
    """Raises Refused for one that is too large, or does not come."""
    said = request.headers.get("content-length", "0")
    if not said.isdecimal() or len(said) > len(str(LARGEST)) or int(said) > LARGEST:
        raise _too_large()
    if not request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        raise Refused(415, "Only forms are taken here.")
    try:
        async with asyncio.timeout(PATIENCE):
            return await _read(request)
    except TimeoutError:
        raise Refused(408, "The form did not arrive in time. Nothing was changed.", {"connection": "close"}) from None
    except ClientDisconnect:
        raise Refused(400, "The form did not arrive. Nothing was changed.") from None


async def _read(request: Request) -> bytes:
    read = bytearray()
    async for part in request.stream():
        read += part
        if len(read) > LARGEST:
            raise _too_large()
    return bytes(read)


def _too_large() -> Refused:
    return Refused(413, "That is more than any form of this page has. Nothing was changed.", {"connection": "close"})
