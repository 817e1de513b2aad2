"""Further jobs for a process that performs several, one after the other: how its worker hands them over.

An order is written in one piece, and only while the process waits for it, so that it never waits for room in the pipe.
What is too large for that is not handed over: a process that is forked for it has it already.
"""

import os
import struct

from resqued.work import Work

HEAD = struct.Struct("<qIII")  # run, earlier tries, bytes of the queue's name, bytes of the payload
LARGEST = 32768  # bytes; a pipe holds 65536


def encoded(work: Work) -> bytes | None:
    """None if it is too large."""
    queue = work.queue.encode()
    order = HEAD.pack(work.run, work.tried, len(queue), len(work.payload)) + queue + work.payload
    return order if len(order) <= LARGEST else None


def read(descriptor: int) -> Work | None:
    """The next one, for which this process waits; None if there will be none."""
    if (head := _exactly(descriptor, HEAD.size)) is None:
        return None
    run, tried, name, size = HEAD.unpack(head)
    if (body := _exactly(descriptor, name + size)) is None:
        return None
    return Work(run, body[:name].decode(), body[name:], tried)


def _exactly(descriptor: int, size: int) -> bytes | None:
    text = b""
    while len(text) < size:
        if not (more := os.read(descriptor, size - len(text))):
            return None
        text += more
    return text
