from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("playwright.sync_api", reason="playwright is not installed (extra: browser)")

from tests.browser import chromium, served
from tests.browser.served import Served

if TYPE_CHECKING:
    from playwright.sync_api import Browser


@pytest.fixture(scope="package", name="browser")
def running_browser() -> Iterator["Browser"]:
    if not chromium.PROGRAM:
        pytest.skip("there is no chromium")
    with chromium.browser() as browser:
        yield browser


@pytest.fixture(scope="package", name="served")
def served_page(browser: "Browser") -> Iterator[Served]:
    with served.page() as page:
        yield page
