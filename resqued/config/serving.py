"""What can be configured about what is served to browsers, and to machines that watch."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from resqued.config.kinds import Flag, Header, Interval, Listen, Path, Proxies
from resqued.config.table import Contradiction, Given, Table

if TYPE_CHECKING:
    from resqued.listener import Listener


class Metrics(Table, frozen=True, kw_only=True):
    """Figures and health for machines that watch."""

    listen: Listen = ""  # where they are asked for over HTTP; empty: nowhere
    textfile: Path = ""  # where they are written, for node_exporter; empty: nowhere
    textfile_interval: Interval = 15.0  # seconds from one time to the next

    @property
    def is_wanted(self) -> bool:
        return bool(self.listen or self.textfile)

    @staticmethod
    def contradictions(given: Given) -> Iterator[Contradiction]:
        listen, textfile = given.get("listen"), given.get("textfile")
        if listen and isinstance(listen, str):
            address, problem = _read(listen)
            if problem := address.exposure if address else problem:
                yield "listen", problem
        if isinstance(textfile, str) and textfile and not textfile.endswith(".prom"):
            yield "textfile", 'node_exporter reads only files whose names end with ".prom"'


class Web(Table, frozen=True, kw_only=True):
    """The page that `resquectl web` serves."""

    listen: Listen = "127.0.0.1:5678"
    password_file: Path = ""  # who may log in; empty: nobody has to
    trusted_header: Header = ""  # in which a proxy says who somebody is; empty: none does
    trusted_proxies: Proxies = ("127.0.0.1", "::1")
    read_only: Flag = False

    @staticmethod
    def contradictions(given: Given) -> Iterator[Contradiction]:
        if given.get("password_file") and given.get("trusted_header"):
            yield "trusted_header", "there is a password_file already; remove one of the two"
        if isinstance(listen := given.get("listen"), str):
            address, problem = _read(listen)
            if address and not (address.is_loopback or given.get("password_file") or given.get("trusted_header")):
                advice = "add password_file or trusted_header, or listen on 127.0.0.1"
                problem = f"whoever reaches it could do anything; {advice}"
            if problem:
                yield "listen", problem


def _read(listen: str) -> "tuple[Listener | None, str]":
    """Where that is, or what is wrong with it."""
    from resqued import listener  # noqa: PLC0415  the daemon forks: what only these tables need stays out

    try:
        return listener.parse(listen), ""
    except ValueError as error:
        return None, str(error)
