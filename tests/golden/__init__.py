"""What other implementations of Resque left in Redis, seen on live sessions: every key, at named moments.

ruby: Resque 3.0.0. perl: Resque of CPAN. node: node-resque 9.7. pyres: 1.5. scheduler: resque-scheduler 5.0.0 and the
scheduler of node-resque, beside each other. activejob: what Rails 7.2.3 enqueues, with the arguments that each case is
named after.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, TypeAlias

from redis import Redis

Implementation = Literal["ruby", "perl", "node", "pyres", "scheduler"]
Dump: TypeAlias = dict[str, dict[str, Any]]  # key → its type and value; sets sorted


def seen(implementation: Implementation, moment: str) -> Dump:
    """The dump of that moment, such as "after enqueue"."""
    captures = json.loads(Path(__file__).with_name(f"{implementation}.json").read_text(encoding="utf-8"))
    dump: Dump = captures[moment]
    return dump


def wrapped(case: str) -> bytes:
    """The payload that ActiveJob has made."""
    captures = json.loads((Path(__file__).with_name("made") / "activejob.json").read_text(encoding="utf-8"))
    payload: str = captures[case]["payload"]
    return payload.encode()


def dump(redis: Redis) -> Dump:
    """Every key of this Redis, in the same shape. The client decodes nothing."""
    return {_text(key): _entry(redis, key) for key in sorted(redis.scan_iter())}


def restore(redis: Redis, entries: Mapping[str, Mapping[str, Any]]) -> None:
    """Put what was seen into this Redis, in which none of the keys is yet."""
    for key, entry in entries.items():
        match entry["type"]:
            case "string":
                redis.set(key, entry["value"])
            case "list":
                redis.rpush(key, *entry["value"])
            case "set":
                redis.sadd(key, *entry["value"])
            case "hash":
                redis.hset(key, mapping=entry["value"])
            case "zset":
                redis.zadd(key, entry["value"])


def _entry(redis: Redis, key: bytes) -> dict[str, Any]:
    kind = _text(redis.type(key))
    return {"type": kind, "value": _value(redis, key, kind)}


def _value(redis: Redis, key: bytes, kind: str) -> Any:
    match kind:
        case "string":
            return _text(redis.get(key) or b"")
        case "list":
            return [_text(item) for item in redis.lrange(key, 0, -1)]
        case "set":
            return sorted(_text(item) for item in redis.smembers(key))
        case "hash":
            return {_text(field): _text(value) for field, value in redis.hgetall(key).items()}
        case "zset":
            return {_text(member): f"{score:.0f}" for member, score in redis.zscan_iter(key)}


def _text(raw: bytes | str) -> str:
    return raw.decode() if isinstance(raw, bytes) else raw
