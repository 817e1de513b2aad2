"""The page served by a process of its own, to clients of which none can hold it up."""

import asyncio
import os
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from resqued import listening
from resqued.errors import NotServed
from resqued.listener import Listener
from resqued.log import log
from resqued.systemd import Notifier

IDLE = 5  # s that a connection stays open between two requests
PATIENCE = 30.0  # s for a whole request, from its first byte to the last of its answer
MOST = 200  # connections; who comes then is told to try again
HEAD = 16 * 1024  # bytes of what comes before a body
LEAVE = 5  # s for requests that are under way when it is to end


class Bounded(H11Protocol):
    """Ends with every connection that takes too long: one that sends by drops, and one that never reads on."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        super().connection_made(transport)
        self._expire_later()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._expiry.cancel()
        self._expire_later()

    def connection_lost(self, exc: Exception | None) -> None:
        self._expiry.cancel()
        super().connection_lost(exc)

    def _expire_later(self) -> None:
        self._expiry = self.loop.call_later(PATIENCE, self.transport.abort)


class Server(uvicorn.Server):
    """Ends with status 0 when it is told to, and says when it can be reached."""

    def __init__(self, config: uvicorn.Config, address: Listener) -> None:
        super().__init__(config)
        self._address, self._notifier = address, Notifier()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            log.info("web.started", address=str(self._address), pid=os.getpid())
            self._notifier.ready(f"serving {self._address}")

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._notifier.stopping()
        await super().shutdown(sockets)
        log.info("web.stopped", address=str(self._address))

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Uvicorn's own would send itself the signal again in the end, and be killed by it."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.handle_exit, number, None)
        yield


def serve(app: ASGIApp, address: Listener) -> None:
    """Until it is told to end. Raises NotServed if the address cannot be had."""
    settings: dict[str, Any] = {
        "http": Bounded,
        "ws": "none",
        "lifespan": "on",
        "log_config": None,
        "log_level": "critical",  # what clients do wrong is not worth a line each
        "access_log": False,
        "server_header": False,
        "proxy_headers": False,  # whose address it is must not be a matter of a header
        "limit_concurrency": MOST,
        "timeout_keep_alive": IDLE,
        "timeout_graceful_shutdown": LEAVE,
        "h11_max_incomplete_event_size": HEAD,
    }
    try:
        listener = listening.bound(address)
    except OSError as error:
        raise NotServed(f"cannot listen at {address}: {error.strerror}; choose another with --listen") from None
    with listener:
        Server(uvicorn.Config(app, **settings), address).run(sockets=[listener])
    if address.path:
        Path(address.path).unlink(missing_ok=True)
