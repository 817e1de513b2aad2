"""A fleet in Redis: workers of every implementation, failures of all kinds, and names that somebody hostile chose."""

import json
import os
import time
from datetime import UTC, datetime, timedelta

from redis import Redis

from resqued import whereabouts
from resqued.protocol import dates
from resqued.protocol.failed import Entry
from resqued.protocol.identity import Registration

HOSTILE = '<script>alert("owned")</script>'
TURNED = "\u202eevil\u202c\x1b[31m"
TAKEN, FAILED = 1_284_113, 2_117
HALF = "\ud800"
NOW = datetime.now(UTC)


def ago(**span: float) -> datetime:
    return NOW - timedelta(**span)


def job(name: str, *args: object, enqueued: datetime | None = None) -> str:
    stamp = {"enqueued_at": enqueued.timestamp()} if enqueued else {}
    return json.dumps({"class": name, "args": list(args), **stamp}, separators=(",", ":"))


def queue(redis: Redis, name: str | bytes, *jobs: str | bytes) -> None:
    key = b"resque:queue:" + (name.encode() if isinstance(name, str) else name)
    redis.sadd("resque:queues", name)
    if jobs:
        redis.rpush(key, *jobs)


def failure(
    name: str = "SendMail",
    *,
    exception: str = "ConnectionRefusedError",
    error: str = "[Errno 111] Connection refused",
    queue: str = "mail",
    at: datetime | None = None,
    **more: object,
) -> str:
    return json.dumps(
        {
            "failed_at": dates.recorded((at or NOW).timestamp()),
            "payload": {"class": name, "args": [{"to": "ann@example.org", "template": "welcome"}, 4711]},
            "exception": exception,
            "error": error,
            "backtrace": [
                "/srv/app/app/jobs.py:41:in perform",
                "/srv/app/app/mail.py:112:in deliver",
                "/usr/lib/python3.11/smtplib.py:255:in __init__",
                "/usr/lib/python3.11/socket.py:833:in create_connection",
            ],
            "worker": "web1:4711:critical,mail",
            "queue": queue,
        }
        | more
    )


def ours(
    redis: Redis, name: str, pool: str, slot: int = 0, *, beat: datetime | None = None, here: bool = False
) -> None:
    """A worker of resqued."""
    place = whereabouts.whereabouts()
    boot, pids = (place.boot, place.pids) if here else ("elsewhere", "pid:[1]")
    pid, born = (os.getpid(), place.born) if here else (int(name.split(":")[1]), 1)
    registration = Registration(pool, slot, "1.2.0", boot, pids, pid, born, "nonce")
    redis.sadd("resque:workers", name)
    redis.set(f"resque:worker:{name}:started", dates.started(ago(days=3).timestamp()))
    redis.hset("resque:workers:heartbeat", name, (beat or ago(seconds=12)).strftime("%Y-%m-%dT%H:%M:%SZ"))
    redis.hset("resqued:resque:workers", name, registration.encode())
    redis.set(f"resque:stat:processed:{name}", 1200 + slot)
    redis.set(f"resque:stat:failed:{name}", 3)


def works(
    redis: Redis, name: str, queue: str, payload: str, since: datetime | None = None, *, run_at: str = ""
) -> None:
    said = run_at or dates.recorded((since or ago(seconds=42)).timestamp())
    redis.set(f"resque:worker:{name}", f'{{"queue":{json.dumps(queue)},"run_at":"{said}","payload":{payload}}}')


def foreign(redis: Redis, name: str | bytes, started: str = "") -> None:
    redis.sadd("resque:workers", name)
    if started:
        redis.set(f"resque:worker:{name!s}:started", started)


def entry_id(redis: Redis, at: int) -> str:
    """Of an entry of the failed list, as the page and `resquectl` know it."""
    return Entry(bytes(redis.lrange("resque:failed", at, at)[0])).whole_id  # type: ignore[arg-type]  # decodes nothing


def set_up(redis: Redis) -> None:
    _queues(redis)
    _workers(redis)
    _failures(redis)
    _history(redis)
    _agenda(redis)
    redis.set("resque:stat:processed", TAKEN)
    redis.set("resque:stat:failed", FAILED)


def _queues(redis: Redis) -> None:
    queue(redis, "critical")
    queue(
        redis,
        "mail",
        *(job("SendMail", {"to": f"user{n}@example.org"}, n, enqueued=ago(minutes=5)) for n in range(1500)),
    )
    queue(redis, "reports", *(job("Report", "quarterly", n, enqueued=ago(hours=3)) for n in range(12)))
    queue(redis, "video", *(job("Transcode", {"codec": "av1", "notes": "x" * 300}, n) for n in range(88)))
    redis.hset("resqued:resque:paused", "video", dates.recorded(ago(minutes=40).timestamp()))
    wrapped = {"job_class": "InvoiceJob", "arguments": [7], "enqueued_at": ago(minutes=1).isoformat()}
    queue(redis, "rails", job("ActiveJob::QueueAdapters::ResqueAdapter::JobWrapper", wrapped))
    queue(redis, "imports", *(job("Import", n, enqueued=ago(seconds=20)) for n in range(40)))
    queue(redis, "thumbnails", *(job("Thumbnail", n) for n in range(300)))
    queue(redis, HOSTILE, job(HOSTILE, HOSTILE), "no JSON <b>at all</b>", b"\xff\xfe", "[1]", job("Turn", TURNED))
    redis.rpush(f"resque:queue:{HOSTILE}", job("Half", HALF))
    redis.sadd("resque:queues", "broken")
    redis.set("resque:queue:broken", "no list")


def _workers(redis: Redis) -> None:
    for slot in range(4):
        ours(redis, f"web1:{4711 + slot}:critical,mail", "mail", slot)
    works(redis, "web1:4711:critical,mail", "mail", job("SendMail", {"to": "ann@example.org"}, 4711), ago(seconds=3))
    works(redis, "web1:4712:critical,mail", "mail", job("SendMail", {"to": "bob@example.org"}, 4712), ago(seconds=1))
    for slot in range(2):
        ours(redis, f"web2:{900 + slot}:imports,thumbnails", "bulk", slot)
    works(redis, "web2:900:imports,thumbnails", "imports", job("Import", 81), ago(minutes=7))
    ours(redis, f"here:{os.getpid()}:imports", "local", here=True)
    works(redis, f"here:{os.getpid()}:imports", "imports", job("Import", "here", 1), ago(minutes=2))
    ours(redis, "web3:77:rails", "rails", beat=ago(minutes=67))
    works(redis, "web3:77:rails", "rails", job("Report", "yearly"), ago(hours=2))
    foreign(redis, "ruby1:811:mail", dates.started(ago(hours=2).timestamp()))
    works(redis, "ruby1:811:mail", "mail", job("Ruby::Mailer", 1), run_at=ago(seconds=9).strftime("%Y-%m-%dT%H:%M:%SZ"))
    foreign(redis, "perl1:4000:mail", dates.started(ago(days=12).timestamp()))
    foreign(redis, "node1:51:rails", str(int(ago(hours=5).timestamp())))
    foreign(redis, "go1:900-poller:rails")
    foreign(redis, f"{HOSTILE}:1:{HOSTILE}")
    works(redis, f"{HOSTILE}:1:{HOSTILE}", HOSTILE, job(HOSTILE, HOSTILE))
    foreign(redis, b"\xff\xfe:1:mail")


def _failures(redis: Redis) -> None:
    entries = [failure(at=ago(hours=20, minutes=-n)) for n in range(60)]
    entries += [
        failure(
            "Report",
            exception="Resque::DirtyExit",
            error="killed by SIGKILL, out of memory",
            queue="reports",
            at=ago(hours=2, minutes=-n),
        )
        for n in range(9)
    ]
    entries += [
        failure(
            "Import",
            exception="ValueError",
            error="line 7: no such column 'naem'\nnear naem",
            queue="imports",
            at=ago(minutes=50 - n),
        )
        for n in range(25)
    ]
    entries += [
        failure(
            HOSTILE,
            exception=HOSTILE,
            error=f"{HOSTILE}\n{TURNED}",
            queue=HOSTILE,
            at=ago(minutes=4),
            worker=HOSTILE,
            backtrace=[HOSTILE, TURNED],
        ),
        failure("Done", retried_at="2026/11/23 07:00:00 UTC", at=ago(minutes=3)),
        failure(backtrace=None, error="node has no backtrace", failed_at="Mon Nov 23 2026 07:00:00 GMT+0000 (UTC)"),
        "this is no JSON <b>at all</b>",
        failure("Half", error=HALF),
        failure("Transcode", exception="JobTimeout", error="ran longer than 300 s", queue="video", at=ago(minutes=1)),
    ]
    redis.rpush("resque:failed", *entries)


def _history(redis: Redis) -> None:
    now = int(time.time())
    minutes = [_sample(now, n) for n in range(1, 1441)]
    hours = [[now - 3600 * n, TAKEN - 3200 * n, FAILED - 5 * n, 500, 5, 12, 98] for n in range(1, 200)]
    depths = [
        [now - 60 * n, {"mail": 1500 - n * 20 + n % 7 * 30, "imports": n % 9 * 8, "video": 88 - n}]
        for n in range(1, 60)
    ]
    redis.rpush("resqued:resque:history:minutes", *map(json.dumps, minutes))
    redis.rpush("resqued:resque:history:hours", *map(json.dumps, hours))
    redis.rpush("resqued:resque:history:queues", *map(json.dumps, depths))


def _sample(now: int, minute: int) -> list[int]:
    at = now - 60 * minute
    wave = abs((at // 60) % 240 - 120)
    return [at, TAKEN - 55 * minute - wave * 9, FAILED - minute - minute // 240 * 60, 400 + wave * 12, 5, 12, 98]


def _agenda(redis: Redis) -> None:
    """As resque-scheduler 5 writes it."""
    for epoch in (int(ago(minutes=2).timestamp()), *(int(ago(hours=-n).timestamp()) for n in range(1, 70))):
        delay(redis, str(epoch), '{"class":"SendMail","args":[7],"queue":"mail"}', "no JSON <b>at all</b>")
    redis.zadd("resque:delayed_queue_schedule", {"<script>alert(1)</script>": 1, "5": 5})
    redis.set("resque:delayed:5", "no list")
    nightly = {"cron": "0 3 * * * Europe/Berlin", "class": "Report", "queue": "reports", "args": ["nightly"]}
    redis.hset("resque:persistent_schedules", "nightly", json.dumps(nightly | {"description": "for the board"}))
    redis.hset(
        "resque:persistent_schedules", "often", '{"every":["5m",{"first_in":"1m"}],"class":"Tick","queue":"often"}'
    )
    redis.hset("resque:persistent_schedules", "nowhere", '{"every":"5m","class":"Tick"}')
    redis.hset(
        "resque:persistent_schedules",
        HOSTILE,
        json.dumps({"every": HOSTILE, "class": HOSTILE, "args": HOSTILE, "queue": HOSTILE}),
    )
    redis.hset("resque:persistent_schedules", b"\xff", b"no JSON \xff")
    redis.hset("resque:delayed:last_enqueued_at", "nightly", dates.started(ago(hours=6).timestamp()))
    redis.hset("resqued:resque:disabled", "often", "2026/11/23 07:00:00 UTC")


def delay(redis: Redis, epoch: str, *items: str) -> None:
    redis.zadd("resque:delayed_queue_schedule", {epoch: float(epoch)})
    redis.rpush(f"resque:delayed:{epoch}", *items)
