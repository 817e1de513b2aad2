"""What a browser does with a form."""

import html
import re
from typing import Any

from httpx2 import Response
from starlette.testclient import TestClient


def token(page: TestClient) -> str:
    if "resqued_token" not in page.cookies:
        page.get("/login" if page.get("/", follow_redirects=False).status_code == 303 else "/")
    return str(page.cookies["resqued_token"])


def send(page: TestClient, address: str, **fields: Any) -> Response:
    return page.post(address, data={"resqued_token": token(page), **fields})


def address(text: str, label: str, page: str = "/") -> str:
    """Where the link with this label leads, if it leads to such a page."""
    found = re.search(rf'<a href="({page}[^"]*)"[^>]*>{re.escape(label)}</a>', text)
    assert found, f"no link {label!r}"
    return html.unescape(found[1])


def said(answer: Response) -> str:
    found = re.search(r'<p class="said" role="status">(.*?)</p>', answer.text)
    return html.unescape(found[1]) if found else ""


def why(answer: Response) -> str:
    found = re.search(r"<h1>.*?</h1>\s*<p>(.*?)</p>", answer.text, re.DOTALL)
    return html.unescape(found[1]) if found else ""
