"""Login and logout, where there is a password file."""

from starlette.responses import RedirectResponse, Response

from resqued.log import log
from resqued.web.answers import Page, keep, response
from resqued.web.guards import SESSION, Known
from resqued.web.passwords import LONGEST
from resqued.web.sessions import LIFE
from resqued.web.site import Said, Site
from resqued.web.visit import Refused, Visit


def show(site: Site, visit: Visit) -> str:
    return site.render("login.html", visit, to=visit.query.text("to"), wrong="")


def enter(site: Site, visit: Visit) -> str | Response:
    guard = _known(site)
    name, password = visit.form.text("name")[:LONGEST], visit.form.get("password", "")
    keys = f"name {name}", f"address {visit.client}"
    if rest := guard.attempts.wait(*keys):
        log.warning("web.login_failed", who=name, client=visit.client, why="too many tries")
        why = "Too many wrong passwords. Wait a minute."
        raise Refused(429, why, {"retry-after": str(int(rest) + 1)})
    if not guard.passwords.are(name, password):
        log.warning("web.login_failed", who=name, client=visit.client, why="wrong")
        page = site.render("login.html", visit, to=visit.form.text("to"), wrong="Name or password is wrong.")
        return response(page, visit, 403)
    guard.attempts.forgive(*keys)
    log.info("web.login", who=name, client=visit.client)
    made = RedirectResponse(visit.root + _own(visit.form.text("to")), 303)
    secret = guard.sessions.open(name, guard.passwords.hashed(name) or "")
    keep(made, visit, SESSION, secret, seconds=int(LIFE))
    return made


def leave(site: Site, visit: Visit) -> Said | Response:
    _known(site).sessions.close(visit.session)
    made = RedirectResponse(visit.link("/login"), 303)
    made.delete_cookie(SESSION, path=visit.root or "/")
    return made


def _own(path: str) -> str:
    r"""Only a page of ours: `//elsewhere` and `/\elsewhere` are other hosts."""
    return path if path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable() else "/"


def _known(site: Site) -> Known:
    assert isinstance(site.terms.guard, Known)
    return site.terms.guard


DOORS: dict[tuple[str, str], Page] = {
    ("GET", "/login"): show,
    ("POST", "/login"): enter,
    ("POST", "/logout"): leave,
}
