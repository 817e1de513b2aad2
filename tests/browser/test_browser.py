"""Every page in a real browser, and what can be done with a keyboard, without scripts, and while Redis is away."""

import os
import signal
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import chromium
from tests.browser.served import Served
from tests.web import scene

NAMES = (
    *("overview", "queues", "queue", "hostile", "workers", "worker", "running", "failed", "search", "entry"),
    *("delayed", "due", "recurring", "statistics"),
)


@pytest.fixture(params=[(width, scheme) for width in chromium.WIDTHS for scheme in chromium.SCHEMES], ids=str)
def look(request: pytest.FixtureRequest, browser: Browser) -> Iterator[Page]:
    width, scheme = request.param
    with chromium.window(browser, width=width, scheme=scheme) as window:
        yield window.new_page()


@pytest.fixture
def tab(browser: Browser) -> Iterator[Page]:
    with chromium.window(browser) as window:
        yield window.new_page()


def test_every_page_is_sound(served: Served, look: Page) -> None:
    """It fits its window, and neither the browser nor axe finds fault; nothing hostile runs."""
    complaints = chromium.complaints(look)
    paths = chromium.paths(served.redis)
    assert tuple(paths) == NAMES
    for name, path in paths.items():
        answer = look.goto(served.at(path))
        assert answer
        assert answer.status == 200
        assert chromium.overhang(look) <= 0, name
        assert not chromium.AXE.exists() or chromium.findings(look) == [], name
    assert complaints == []


def test_a_keyboard_is_enough(served: Served, tab: Page) -> None:
    scene.queue(served.redis, "keys", scene.job("Echo"))
    tab.goto(served.at("/queue?name=keys"))
    tab.keyboard.press("Tab")
    expect(tab.locator(".skip")).to_be_focused()
    tab.keyboard.press("Enter")
    expect(tab.locator("main")).to_be_focused()
    _tab_to(tab, "Pause")
    tab.keyboard.press("Enter")
    expect(tab.locator(".said")).to_contain_text("No worker of resqued takes a job from keys")

    served.redis.rpush("resque:failed", scene.failure("ByKeyboard", queue="keys"))
    tab.goto(served.at("/failed?class=ByKeyboard"))
    tab.locator("input[name=entry]").focus()
    tab.keyboard.press("Space")
    tab.get_by_role("button", name="Retry marked").focus()
    tab.keyboard.press("Enter")
    expect(tab.locator(".said")).to_have_text("1 failed job retried.")


def test_delayed_and_recurring_jobs_are_changed_with_a_keyboard(served: Served, tab: Page) -> None:
    at = "4102444800"
    scene.delay(served.redis, at, '{"class":"Soon","args":[],"queue":"keys2"}')
    tab.goto(served.at(f"/delayed/at?time={at}"))
    tab.locator("input[name=entry]").focus()
    tab.keyboard.press("Space")
    tab.get_by_role("button", name="Run marked now").focus()
    tab.keyboard.press("Enter")
    expect(tab.locator(".said")).to_have_text("1 delayed job queued.")
    assert served.redis.lrange("resque:queue:keys2", 0, -1) == [b'{"class":"Soon","args":[]}']

    tab.goto(served.at("/recurring"))
    for label, text in (
        ("Disable", "nightly enqueues nothing any more, on no host."),
        ("Enable", "nightly goes on."),
        ("Run now", "The job of nightly has been put onto reports."),
    ):
        tab.get_by_role("button", name=f"{label}: nightly").focus()
        tab.keyboard.press("Enter")
        expect(tab.locator(".said")).to_have_text(text)


def _tab_to(tab: Page, label: str) -> None:
    for _ in range(40):
        tab.keyboard.press("Tab")
        if tab.evaluate("document.activeElement.textContent.trim()") == label:
            return
    pytest.fail(f"no Tab leads to {label}")


def test_it_keeps_itself_up_to_date_and_takes_nothing_from_under_ones_hands(served: Served, tab: Page) -> None:
    scene.queue(served.redis, "live", scene.job("Echo"))
    tab.goto(served.at("/queue?name=live"))
    tab.evaluate("window.isTheSame = true")
    served.redis.rpush("resque:queue:live", scene.job("Second"), scene.job("Third"))
    expect(tab.locator("#jobs")).to_contain_text("Third")
    assert tab.evaluate("window.isTheSame") is True

    tab.goto(served.at("/failed"))
    mark = tab.locator("input[name=entry]").first
    mark.check()
    served.redis.rpush("resque:failed", scene.failure("Meanwhile"))
    expect(tab.locator("#kinds")).to_contain_text("Meanwhile")
    expect(mark).to_be_checked()


def test_somebody_may_want_it_to_stand_still(served: Served, tab: Page) -> None:
    tab.goto(served.at("/"))
    live = tab.locator("#live")
    live.click()
    expect(live).to_have_attribute("aria-pressed", "false")
    tab.goto(served.at("/queues"))
    expect(live).to_have_attribute("aria-pressed", "false")


def test_without_scripts_everything_works(served: Served, browser: Browser) -> None:
    name = quote("plain")
    scene.queue(served.redis, "plain", scene.job("Echo"))
    with chromium.window(browser, java_script_enabled=False) as window:
        tab = window.new_page()
        tab.goto(served.at(f"/queue?name={name}"))
        expect(tab.locator("#live")).to_be_hidden()
        tab.locator("#hold button").click()
        expect(tab.locator(".said")).to_contain_text("takes a job from plain")
        tab.get_by_text("Throw jobs away").click()
        tab.get_by_label("I mean it").check()
        tab.get_by_role("button", name="Throw away").click()
        expect(tab.locator(".said")).to_have_text("1 job of plain thrown away.")


def test_while_redis_is_away_it_says_so_and_recovers(served: Served, tab: Page) -> None:
    tab.goto(served.at("/"))
    os.kill(served.server.pid, signal.SIGSTOP)
    try:
        expect(tab.locator("#signal")).to_contain_text("Redis does not answer")
        tab.goto(served.at("/workers"))
        expect(tab.locator("h1")).to_have_text("Redis does not answer")
    finally:
        os.kill(served.server.pid, signal.SIGCONT)
    expect(tab.locator("h1")).to_have_text("Workers")
