"""What a payload says to us beyond class and args, under a key that no peer knows: who asks for its end.

`{"class": …, "args": […], "resqued": {"id": …, "keep": 3600, "batch": …, "number": 7}}`: its result is kept under `id`
for `keep` seconds; it is number 7 of a batch. Both, or one of the two. Whatever else stands there means nothing.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from resqued.protocol.keys import Keys
from resqued.protocol.payloads import dumps

KEY = "resqued"
LOCK = "lock"  # digest of its lock, of which there may be one only and that may be dropped (`dropping.lua`)
NAME = re.compile(r"[0-9a-f]{32}")
LONGEST_KEPT = 30 * 86400  # s
LONGEST_REMEMBERED = 365 * 86400  # s that a batch is, after its last end
MOST = 10_000_000  # jobs of a batch
LONGEST_RESULT = 64 * 1024  # bytes of its JSON


@dataclass(frozen=True, slots=True)
class Ties:
    id: str = ""
    keep: int = 0  # s; 0: its result is not kept
    batch: str = ""
    number: int = 0

    def document(self) -> dict[str, object]:
        """For the payload."""
        of_batch: dict[str, object] = {"batch": self.batch, "number": self.number} if self.batch else {}
        return {"id": self.id, "keep": self.keep, **of_batch} if self.keep else of_batch

    def end(self, keys: Keys, *, done: str = "", failed: str = "") -> str:
        """What a settlement has to do about them (`ending.lua`), with the result for either outcome."""
        facts: dict[str, object] = {}
        if self.keep:
            facts |= {"result": keys.result(self.id), "keep": self.keep, "done": done, "failed": failed}
        if self.batch:
            facts |= {"batch": keys.batch(self.batch), "number": self.number, "queue": keys.queue("")}
            facts |= {"queues": keys.queues, "failed_list": keys.failed, "failures": keys.failures}
        return dumps(facts)


def of(document: Mapping[str, Any]) -> Ties | None:
    """Those that a payload states, None without any."""
    said = document.get(KEY)
    if not isinstance(said, dict):
        return None
    keep = _number(said.get("keep"), LONGEST_KEPT) if _is_name(said.get("id")) else 0
    number = _number(said.get("number"), MOST - 1, none=-1) if _is_name(said.get("batch")) else -1
    if not keep and number < 0:
        return None
    return Ties(said["id"] if keep else "", keep, said["batch"] if number >= 0 else "", max(number, 0))


def done(result: str = "null") -> str:
    """What is kept of a job that ended well and returned this, as JSON."""
    return f'{{"outcome":"done","result":{result}}}'


def lost(why: str) -> str:
    """The same, where what it returned is not kept."""
    return dumps({"outcome": "done", "lost": why})


def failed(exception: str, error: str) -> str:
    return dumps({"outcome": "failed", "exception": exception, "error": error})


def _is_name(value: object) -> bool:
    return isinstance(value, str) and NAME.fullmatch(value) is not None


def _number(value: object, most: int, none: int = 0) -> int:
    return value if type(value) is int and 0 <= value <= most else none
