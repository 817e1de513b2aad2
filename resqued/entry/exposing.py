"""A master's metrics and health, for machines that watch. Loaded only where [metrics] asks for them."""

import os
from pathlib import Path
from time import monotonic

import resqued.worker.meter  # noqa: F401  the master's forks need it: once for all
from resqued.config import Config
from resqued.entry.estate import Estate
from resqued.fleet import Fleet
from resqued.handover import Handover, Totals
from resqued.log import log
from resqued.master import Door
from resqued.master.figures import Figures
from resqued.master.pages import Pages
from resqued.reload import Reload

MODE = 0o644  # node_exporter is another user


class Exposing:
    def __init__(
        self,
        config: Config,
        file: Path,
        *,
        estate: Estate,
        fleet: Fleet,
        reload: Reload,
        before: Handover | None,
    ) -> None:
        self._estate, self._fleet = estate, fleet
        queues = {name: pool.queues for name, pool in config.pools.items()}
        self.figures = Figures(queues, before.totals if before else None)
        self._pages = Pages(fleet, estate.boards, reload, self.figures, started_at=estate.started_at)
        textfile, interval = config.metrics.textfile, config.metrics.textfile_interval
        self._textfile = Textfile(Path(textfile), interval, file.stem) if textfile else None

    @property
    def doors(self) -> list[Door]:
        return [(self._estate.metrics, self._pages.answer)] if self._estate.metrics else []

    def totals(self) -> Totals:
        """For the next image."""
        return self.figures.bequeathed(self._fleet, self._estate.boards)

    def tell(self) -> float | None:
        """Whatever is due. When to come again at the latest (monotonic)."""
        self._pages.look()
        return self._textfile.write(self._pages) if self._textfile else None

    def remove(self) -> None:
        """There is nothing to say any more."""
        if self._textfile:
            self._textfile.remove()


class Textfile:
    """A file that a reader sees whole, renewed every `interval` seconds. An error is logged once, until it is over."""

    def __init__(self, file: Path, interval: float, config: str) -> None:
        self._file, self._interval, self._config = file, interval, config
        self._new = file.with_name(f".{file.name}.{os.getpid()}")  # node_exporter reads what ends with .prom
        self._due = 0.0
        self._fails = False

    def write(self, pages: Pages) -> float:
        if (now := monotonic()) >= self._due:
            self._due = now + self._interval
            try:
                self._put(pages.text(self._config))
            except OSError as error:
                self._failed(error)
            else:
                self._fails = False
        return self._due

    def _put(self, text: bytes) -> None:
        descriptor = os.open(self._new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW, MODE)
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(descriptor, MODE)  # whatever the umask is
            file.write(text)
        self._new.replace(self._file)

    def _failed(self, error: OSError) -> None:
        if not self._fails:
            log.error("metrics.not_written", file=str(self._file), error=str(error))
        self._fails = True

    def remove(self) -> None:
        for file in (self._file, self._new):
            try:
                file.unlink(missing_ok=True)
            except OSError as error:
                self._failed(error)
