"""SHA-1, as Redis names scripts. From CPython's own half of `hashlib`, which maps no OpenSSL into what forks."""

try:
    from _sha1 import sha1  # type: ignore[import-not-found]  # it is not documented, so it may go
except ImportError:
    from hashlib import sha1


def hexadecimal(data: bytes) -> str:
    """Forty characters."""
    return str(sha1(data, usedforsecurity=False).hexdigest())
