"""SHA-1, as Redis names scripts, and MD5: from CPython's half of `hashlib`, which maps no OpenSSL into what forks."""

try:
    from _sha1 import sha1  # type: ignore[import-not-found]  # it is not documented, so it may go
except ImportError:
    from hashlib import sha1


def hexadecimal(data: bytes) -> str:
    """Forty characters."""
    return str(sha1(data, usedforsecurity=False).hexdigest())


def md5_hexadecimal(data: bytes) -> str:
    """Thirty-two characters, as a plugin of Ruby's names jobs."""
    try:
        from _md5 import md5  # type: ignore[import-not-found]  # noqa: PLC0415  as above; mapped only where it is wanted
    except ImportError:
        from hashlib import md5  # noqa: PLC0415
    return str(md5(data, usedforsecurity=False).hexdigest())
