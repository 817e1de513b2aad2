"""A real browser, and what is looked at in it."""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Dialog, Page, expect, sync_playwright
from redis import Redis

from tests.support.daemon import text_of
from tests.web import scene

expect.set_options(timeout=20_000)  # ms; a page looks again every three seconds, and this machine may be busy

PROGRAM = shutil.which("chromium") or shutil.which("chromium-browser") or ""
AXE = Path(__file__).parents[2] / ".venv/npm/node_modules/axe-core/axe.min.js"
SERIOUS = {"serious", "critical"}
WIDTHS, SCHEMES = (360, 1600), ("light", "dark")


@contextmanager
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=PROGRAM, args=["--no-sandbox", "--disable-gpu"])
        yield launched
        launched.close()


def window(browser: Browser, *, width: int = 1600, scheme: Any = "light", **more: Any) -> BrowserContext:
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, **more)
    context.set_default_timeout(20_000)
    return context


def complaints(page: Page) -> list[str]:
    """Grows with whatever the browser finds fault with, and with every dialog that somebody's script opens."""
    found: list[str] = []

    def heard(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            found.append(message.text)

    def asked(dialog: Dialog) -> None:
        found.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    page.on("console", heard)
    page.on("dialog", asked)
    page.on("pageerror", lambda error: found.append(str(error)))
    return found


def paths(redis: Redis) -> dict[str, str]:
    """A page of each kind, by what its picture is to be called."""
    last = redis.llen("resque:failed") - 1
    due = next(key for key in map(text_of, redis.keys("resque:delayed:1*"))).rpartition(":")[2]
    return {
        "overview": "/",
        "queues": "/queues",
        "queue": "/queue?name=mail",
        "hostile": f"/queue?name={quote(scene.HOSTILE)}",
        "workers": "/workers",
        "worker": f"/worker?id={quote_plus('web1:4711:critical,mail')}",
        "running": "/running",
        "failed": "/failed",
        "search": "/failed?class=Import",
        "entry": f"/failed/entry?list=failed&at={last}&id={scene.entry_id(redis, last)}",
        "delayed": "/delayed",
        "due": f"/delayed/at?time={due}",
        "recurring": "/recurring",
        "statistics": "/statistics",
    }


def findings(page: Page) -> list[str]:
    """What axe calls serious, or worse."""
    page.evaluate(AXE.read_text())
    violations = page.evaluate("axe.run({resultTypes: ['violations']})")["violations"]
    return [f"{one['id']}: {json.dumps(one['nodes'][0]['target'])}" for one in violations if one["impact"] in SERIOUS]


def overhang(page: Page) -> int:
    """Pixels by which the page is wider than its window."""
    return int(page.evaluate("document.documentElement.scrollWidth - window.innerWidth"))
