"""Every command that a Redis server carries out, in order, and who sent it."""

import re
import socket
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

LINE = re.compile(rb"\+?(\d+\.\d+) \[\d+ ([^\]]+)\] (.*)")
WORD = re.compile(rb'"((?:[^"\\]|\\.)*)"')
ESCAPE = re.compile(rb"\\(x[0-9a-f]{2}|.)")
LETTERS = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"a": b"\a", b"b": b"\b"}


@dataclass(frozen=True, slots=True)
class Step:
    """`who`: the name that the connection has given itself. `script`: the number of the script that did it; 0: none."""

    at: float
    who: str
    script: int
    words: list[bytes]


@contextmanager
def recording(port: int, file: Path) -> Iterator[None]:
    """All that happens during the block goes into the file."""
    with socket.create_connection(("127.0.0.1", port)) as connection, file.open("wb") as out:
        connection.sendall(b"MONITOR\r\n")
        assert connection.recv(5) == b"+OK\r\n"
        thread = threading.Thread(target=_copy, args=(connection, out.write))
        thread.start()
        try:
            yield
        finally:
            connection.shutdown(socket.SHUT_RD)
            thread.join()


def _copy(connection: socket.socket, write: object) -> None:
    assert callable(write)
    while part := connection.recv(1 << 20):
        write(part)


def steps(lines: Iterable[bytes]) -> Iterator[Step]:
    names: dict[bytes, str] = {}
    caller, script = b"", 0
    for line in lines:
        if not (found := LINE.match(line)):
            continue
        at, client, rest = found.groups()
        words = [_plain(word) for word in WORD.findall(rest)]
        words[0] = words[0].upper()
        if client == b"lua":
            yield Step(float(at), names.get(caller, ""), script, words)
            continue
        if words[0] in (b"EVALSHA", b"EVAL"):
            caller, script = client, script + 1
        if words[0] == b"CLIENT" and words[1].upper() == b"SETNAME":
            names[client] = words[2].decode()
        yield Step(float(at), names.get(client, ""), 0, words)


def _plain(word: bytes) -> bytes:
    return ESCAPE.sub(_character, word) if b"\\" in word else word


def _character(escape: re.Match[bytes]) -> bytes:
    said = escape[1]
    return bytes([int(said[1:], 16)]) if len(said) > 1 else LETTERS.get(said, said)
