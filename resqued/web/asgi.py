"""The application: who comes in, to which page, and what he is told if he cannot be let in, or Redis is away."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import replace

from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from resqued.errors import CommandRefused, NotEncodable, ResquedError, StoreUnavailable
from resqued.log import log
from resqued.web import assets, forms, login, pages
from resqued.web.answers import Guarded, Page, response, said_to
from resqued.web.chronicle import EVERY
from resqued.web.guards import SESSION, Known, cookies, peer
from resqued.web.site import Site
from resqued.web.visit import LoginWanted, Refused, Visit
from resqued.web.words import Words

Endpoint = Callable[[Request], Awaitable[Response]]

AGAIN_IN = "5"  # s, after which a browser without scripts looks again whether Redis is back


def application(site: Site) -> Guarded:
    routes = [Route(path, _endpoint(site, page), methods=[method]) for (method, path), page in pages.PAGES.items()]
    if isinstance(site.terms.guard, Known):
        doors = login.DOORS.items()
        routes += [Route(path, _endpoint(site, page, is_door=True), methods=[method]) for (method, path), page in doors]
    routes += [Route("/healthz", _health(site)), Route("/static/{version}/{name}", assets.serve)]
    return Guarded(
        Starlette(routes=routes, lifespan=_lifespan(site), exception_handlers={HTTPException: _unknown(site)})
    )


def _lifespan(site: Site) -> Callable[[Starlette], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        writing = asyncio.create_task(_write_history(site))
        yield
        writing.cancel()
        with suppress(asyncio.CancelledError):
            await writing
        site.close()

    return lifespan


async def _write_history(site: Site) -> None:
    while True:
        await run_in_threadpool(site.chronicle.write_in_time)
        await asyncio.sleep(EVERY)


def _endpoint(site: Site, page: Page, *, is_door: bool = False) -> Endpoint:
    """`is_door`: to be reached by who is not known yet."""

    async def endpoint(request: Request) -> Response:
        visit = _stranger(request)
        try:
            visit = await _admitted(site, visit, request, is_door=is_door)
            made = response(await run_in_threadpool(page, site, visit), visit)
            made.background = BackgroundTask(site.chronicle.write_in_time)  # for where no lifespan is run
        except LoginWanted:
            return RedirectResponse(visit.link("/login", to=_back(request, visit)), 303)
        except Exception as error:  # noqa: BLE001  whatever a page stumbles on, somebody sees a page
            made = _trouble(site, visit, error)
        return made

    return endpoint


def _stranger(request: Request) -> Visit:
    scope = request.scope
    root = str(scope.get("root_path", "")).rstrip("/")
    return Visit(
        method=request.method,
        path=scope["path"].removeprefix(root) or "/",
        root=root,
        query=Words(scope["query_string"]),
        form=Words(b""),
        who="",
        client=peer(request),
        token=forms.token_of(request),
        session=cookies(request).get(SESSION, ""),
        said=said_to(request),
        is_sealed=request.url.scheme == "https" or request.headers.get("x-forwarded-proto") == "https",
    )


async def _admitted(site: Site, visit: Visit, request: Request, *, is_door: bool) -> Visit:
    """Raises LoginWanted, and Refused."""
    if not is_door:
        visit = replace(visit, who=site.terms.guard.who(request))
    if request.method != "POST":
        return visit
    visit = replace(visit, form=Words(await forms.body_of(request)))
    forms.refuse_foreign(request, visit.form.text(forms.TOKEN))
    return visit


def _back(request: Request, visit: Visit) -> str:
    """Where to go after the login: where somebody wanted to look, but never to change anything."""
    return visit.here().removeprefix(visit.root) if request.method == "GET" and visit.path != "/" else ""


def _trouble(site: Site, visit: Visit, error: Exception) -> Response:
    match error:
        case Refused():
            if error.status in (403, 421):
                log.warning("web.refused", who=visit.who, client=visit.client, path=visit.path, why=str(error))
            return _told(site, visit, error.status, str(error), error.headers)
        case StoreUnavailable():
            return _told(site, visit, 503, str(error), {"retry-after": AGAIN_IN, "refresh": AGAIN_IN})
        case NotEncodable():
            return _told(site, visit, 400, f"{error}. Nothing was changed.")
        case CommandRefused():  # a key has a type that is not Resque's, perhaps
            return _told(site, visit, 500, f"{error}. {error.remedy}".strip())
        case ResquedError():
            return _told(site, visit, 500, str(error))
        case _:
            log.exception("web.failed", path=visit.path, who=visit.who, client=visit.client)
            return _told(site, visit, 500, "This page has a fault. The log says which.")


HEADINGS = {
    400: "That cannot be understood",
    403: "Refused",
    404: "There is no such page",
    405: "Not in this way",
    500: "Something is wrong",
    503: "Redis does not answer",
}


def _told(site: Site, visit: Visit, status: int, why: str, headers: dict[str, str] | None = None) -> Response:
    heading = HEADINGS.get(status, HEADINGS[400] if status < 500 else HEADINGS[500])  # noqa: PLR2004  ours, or theirs
    made = response(site.render("trouble.html", visit, heading=heading, why=why, status=status), visit, status)
    made.headers.update(headers or {})
    return made


def _unknown(site: Site) -> Callable[[Request, Exception], Response]:
    def handler(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        visit = _stranger(request)
        why = "Nothing is shown at this address." if error.status_code == 404 else "Nothing was done."  # noqa: PLR2004
        return _told(site, visit, error.status_code, why, dict(error.headers or {}))

    return handler


def _health(site: Site) -> Endpoint:
    async def endpoint(_: Request) -> Response:
        try:
            await run_in_threadpool(site.wire.call, "PING")
        except ResquedError:
            return JSONResponse({"status": "unavailable", "reasons": ["Redis does not answer"]}, 503)
        return JSONResponse({"status": "ok", "reasons": []})

    return endpoint
