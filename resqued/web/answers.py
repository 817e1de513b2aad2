"""What a page answers, as a response: with its cookies, and with the headers that keep a browser on its guard."""

from collections.abc import Callable
from urllib.parse import quote, unquote

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from resqued.web.forms import TOKEN
from resqued.web.guards import cookies
from resqued.web.site import Said, Site
from resqued.web.visit import Visit

SAID = "resqued_said"
MOST_SAID = 500  # characters
LIVE = "x-live"  # a header of our script: it looks again, and nobody reads what was said
POLICY = "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'"
HEADERS = {
    "content-security-policy": POLICY,
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}

Page = Callable[[Site, Visit], "str | Said | Response"]  # HTML, what a change came to, or anything else


class Guarded:
    """An application whose every answer carries `HEADERS`, and is kept by nobody who has not been told he may."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(HEADERS)
                headers.setdefault("cache-control", "no-store")
            await send(message)

        await self._app(scope, receive, send_guarded)


def said_to(request: Request) -> str:
    """What the change came to after which this page is shown."""
    return "" if LIVE in request.headers else unquote(cookies(request).get(SAID, ""))[:MOST_SAID]


def response(answer: str | Said | Response, visit: Visit, status: int = 200) -> Response:
    match answer:
        case str():
            made: Response = HTMLResponse(answer.encode(errors="replace"), status)
        case Said():
            made = RedirectResponse(answer.to, 303)
            keep(made, visit, SAID, quote(answer.text[:MOST_SAID], errors="replace"), seconds=60)
        case _:
            made = answer
    if visit.said:
        made.delete_cookie(SAID, path=visit.root or "/")
    keep(made, visit, TOKEN, visit.token)
    return made


def keep(made: Response, visit: Visit, name: str, value: str, *, seconds: int | None = None) -> None:
    """In the browser, for us alone: no script reads it, and no other site's form brings it along."""
    path = visit.root or "/"
    made.set_cookie(name, value, seconds, path=path, secure=visit.is_sealed, httponly=True, samesite="lax")
