"""A worker that does the least: `python -m bench.programs.bare IMAGE URL QUEUE WORKERS`.

It trusts whatever it finds on its queue, keeps a job that was running when it died on a list for good, and tells nobody
what it does.
"""

import json
import os
import sys
from pathlib import Path

from bench.programs import likeness
from resqued import address
from resqued.wire import lean
from resqued.wire.lean import LeanWire

FOR_EVER = 86400.0  # s


def main() -> None:
    image, url, queue, workers = sys.argv[1:]
    likeness.assume(Path(image))
    likeness.spread(int(workers), lambda: work(lean.connect(address.parse(url), timeout=FOR_EVER), f"bare:{queue}"))


def work(wire: LeanWire, queue: str) -> None:
    wire.call("SADD", "bare:workers", os.getpid())
    while True:
        payload = wire.call("BLMOVE", queue, "bare:taken", "LEFT", "RIGHT", 0)
        assert isinstance(payload, bytes)
        pid = os.fork()
        if pid == 0:
            _perform(payload)
        if os.waitpid(pid, 0)[1]:
            wire.call("RPUSH", "bare:failed", payload)
        wire.call("LREM", "bare:taken", 1, payload)


def _perform(payload: bytes) -> None:
    status = 1
    try:
        job = json.loads(payload)
        getattr(sys.modules["trivial"], job["class"]).perform(*job["args"])
        status = 0
    finally:
        os._exit(status)


if __name__ == "__main__":
    main()
