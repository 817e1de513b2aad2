"""The keys under which plugins of Ruby lock a job, or count it; without the namespace, which comes before them.

| plugin | its key | set | opened by Ruby |
|---|---|---|---|
| resque-lock | `lock:<class>-<arguments, inspected>` | by who enqueues, for an hour | when the job has ended |
| resque-loner | `loners:queue:<queue>:job:<md5>` | by who enqueues, for ever | when the job is taken |
| resque-retry | `resque-retry:<class>:<sha1>`, `failure-…` | by who performs, for ever | when it has ended for good |
"""

from collections.abc import Sequence
from typing import Any

from resqued.digest import hexadecimal, md5_hexadecimal
from resqued.protocol import ruby


def resque_lock(name: str, args: Sequence[Any]) -> list[str]:
    """Ruby writes a hash in another way since 3.4, so that there may be two."""
    return list(dict.fromkeys(f"lock:{name}-{ruby.inspect(args, arrow)}" for arrow in ("=>", " => ")))


def resque_loner(queue: str, digest: str) -> list[str]:
    return [f"loners:queue:{queue}:job:{digest}"]


def loner_digest(name: str, args: Sequence[Any]) -> str:
    listed = [[list(item) for item in sorted(arg.items())] if isinstance(arg, dict) else arg for arg in args]
    return md5_hexadecimal(ruby.generated({"class": name, "args": listed}).encode())


def resque_retry(name: str, identifier: str | None) -> list[str]:
    key = "".join(":".join(filter(None, ("resque-retry", name, identifier))).split())
    return [key, f"failure-{key}"]


def retry_identifier(args: Sequence[Any]) -> str | None:
    text = ruby.joined(args)
    return hexadecimal(text.encode()) if text else None
