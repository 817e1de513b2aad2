"""What a server is told about who is speaking."""

from pathlib import Path

from resqued.address import Address


def credentials(address: Address) -> tuple[str, ...]:
    """The arguments of AUTH: user and password, or a password; nothing if neither is known.

    The password file is read each time, so that a password may change while we run. Raises OSError if that fails.
    """
    password = _password(address)
    if address.username:
        return address.username, password
    return (password,) if password else ()


def _password(address: Address) -> str:
    if address.password_file:
        return Path(address.password_file).read_text(encoding="utf-8").rstrip("\r\n")
    return address.password or ""
