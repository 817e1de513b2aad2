"""One request, as a page sees it, and what can become of it other than an answer."""

from collections.abc import Mapping
from dataclasses import dataclass

from resqued.errors import ResquedError
from resqued.web.words import Words, query


class Refused(ResquedError):
    """Nothing has been done, and nothing is shown but why."""

    def __init__(self, status: int, why: str, headers: Mapping[str, str] | None = None) -> None:
        self.status, self.headers = status, dict(headers or {})
        super().__init__(why)


class LoginWanted(ResquedError):
    """Nobody knows who that is."""


@dataclass(frozen=True, slots=True)
class Visit:
    """`path` is the page's own, behind `root`, where it is mounted."""

    method: str
    path: str
    root: str
    query: Words
    form: Words
    who: str  # for the log, and for who looks
    client: str  # its address; of a proxy, if there is one
    token: str  # that a form must bring back
    session: str = ""  # its secret, where there is a login
    said: str = ""  # what the last change came to
    is_sealed: bool = False  # TLS, at least as far as a proxy says

    def link(self, path: str, **words: object) -> str:
        """Where another page is."""
        return f"{self.root}{path}{query(words)}"

    def here(self, **words: object) -> str:
        """This page with other words; an empty one takes a word away."""
        return self.link(self.path, **{**{name: self.query[name] for name in self.query}, **words})
