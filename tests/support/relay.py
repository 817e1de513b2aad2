"""A process between clients and a Redis server, which counts commands and makes trouble on order: inside `proxy.py`.

Orders are lines of JSON on standard input, each answered by one line; the end of the input is the end of the process.
"""

import asyncio
import json
import socket
import struct
import sys
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import hiredis

CHUNK = 65536
RESET = struct.pack("ii", 1, 0)  # SO_LINGER: close with RST, as a machine that knows nothing of the connection


@dataclass
class Loss:
    """Replies that shall be lost."""

    times: int = 0
    of: str = ""  # name of a command; empty: of any
    how: str = "close"  # or "silence"

    def claims(self, command: str) -> bool:
        if not self.times or self.of not in ("", command):
            return False
        self.times -= 1
        return True


class Relay:
    """What is true of all connections, and the orders."""

    def __init__(self, upstream: int) -> None:
        self.upstream = upstream
        self.seen: Counter[str] = Counter()
        self.links: set[Link] = set()
        self.flowing = asyncio.Event()
        self.loss = Loss()
        self.canned = b""  # what every command is answered with, instead of being passed on
        self.port = 0
        self._listener: asyncio.Server | None = None

    async def behave(self) -> None:
        """Forget everything: no connections, no trouble, nothing seen."""
        self.reset()
        self.seen.clear()
        self.loss, self.canned = Loss(), b""
        self.flowing.set()
        await self.come_back()

    async def come_back(self) -> None:
        if not self._listener:
            self._listener = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
            self.port = self._listener.sockets[0].getsockname()[1]

    def go_away(self) -> None:
        if self._listener:
            self._listener.close()
            self._listener = None
        self.reset()

    def reset(self) -> None:
        while self.links:
            self.links.pop().reset()

    def stall(self) -> None:
        self.flowing.clear()

    def hold(self) -> None:
        for link in self.links:
            link.flowing.clear()

    def flow(self) -> None:
        self.flowing.set()
        for link in self.links:
            link.flowing.set()

    def lose(self, times: int, of: str, how: str) -> None:
        self.loss = Loss(times, of, how)

    def can(self, reply: str) -> None:
        self.canned = reply.encode() + b"\r\n" if reply else b""

    def counted(self) -> dict[str, int]:
        return self.seen

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            server = await asyncio.open_connection("127.0.0.1", self.upstream)
        except OSError:
            writer.transport.abort()  # or the client would wait for a server that is not there
            return
        with suppress(OSError, asyncio.IncompleteReadError):
            await Link(self, (reader, writer), server).relay()


Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Link:
    """One client's connection and ours to the server on its behalf."""

    def __init__(self, relay: Relay, client: Stream, server: Stream) -> None:
        self._relay, self._client, self._server = relay, client, server
        self.flowing = asyncio.Event()
        self.flowing.set()
        self._commands = hiredis.Reader()
        self._lost: str = ""  # how the next reply is to be lost
        self._pumps: list[asyncio.Task[None]] = []

    async def relay(self) -> None:
        """Pass on in both directions until one ends."""
        self._relay.links.add(self)
        self._pumps = [asyncio.create_task(self._upwards()), asyncio.create_task(self._downwards())]
        await asyncio.wait(self._pumps, return_when=asyncio.FIRST_COMPLETED)
        self._stop()
        await asyncio.gather(*self._pumps, return_exceptions=True)
        self._relay.links.discard(self)
        for _, writer in (self._client, self._server):
            writer.close()

    def reset(self) -> None:
        self._stop()
        if self._client[1].is_closing():
            return
        self._client[1].get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        for _, writer in (self._client, self._server):
            writer.transport.abort()

    def _stop(self) -> None:
        for pump in self._pumps:
            pump.cancel()

    async def _upwards(self) -> None:
        while data := await self._client[0].read(CHUNK):
            await self._may_flow()
            self._commands.feed(data)
            while command := self._commands.gets():
                self._note(command[0].decode().upper())
            if not self._relay.canned:
                self._server[1].write(data)

    async def _may_flow(self) -> None:
        await self._relay.flowing.wait()
        await self.flowing.wait()

    def _note(self, command: str) -> None:
        self._relay.seen[command] += 1
        if self._relay.loss.claims(command):
            self._lost = self._relay.loss.how
        if self._relay.canned:
            self._client[1].write(self._relay.canned)

    async def _downwards(self) -> None:
        while data := await self._server[0].read(CHUNK):
            await self._may_flow()
            if self._lost == "close":
                return
            if not self._lost:
                self._client[1].write(data)


async def _obey(relay: Relay) -> None:
    orders = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(orders), sys.stdin)
    while line := await orders.readline():
        order: dict[str, Any] = json.loads(line)
        answer = getattr(relay, order.pop("do"))(**order)
        if asyncio.iscoroutine(answer):
            answer = await answer
        print(json.dumps(answer), flush=True)


async def _main(upstream: int) -> None:
    relay = Relay(upstream)
    await relay.behave()
    print(relay.port, flush=True)
    await _obey(relay)


if __name__ == "__main__":
    asyncio.run(_main(int(sys.argv[1])))
