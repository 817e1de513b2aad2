"""An address to listen at: a port of this machine, or a unix socket. Reads it, opens nothing."""

import re
from dataclasses import dataclass
from ipaddress import ip_address

ACCEPTED = '"127.0.0.1:5678", "[::1]:5678", "0.0.0.0:5678" or "unix:/path/of/socket"'
TCP = re.compile(r"(?:\[(?P<six>[0-9A-Fa-f:.]+)\]|(?P<four>[0-9.]+|localhost)):(?P<port>[0-9]{1,5})")
LONGEST_PATH = 107  # bytes, that the kernel takes
LAST_PORT = 65535


@dataclass(frozen=True, slots=True)
class Listener:
    """`path` of a unix socket, else `host` and `port`."""

    host: str = ""
    port: int = 0
    path: str = ""

    def __str__(self) -> str:
        if self.path:
            return f"unix:{self.path}"
        return f"http://[{self.host}]:{self.port}/" if ":" in self.host else f"http://{self.host}:{self.port}/"

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine reaches it, and every user of it does. A socket's file says who does."""
        return not self.path and ip_address(self.host).is_loopback

    @property
    def exposure(self) -> str:
        """What is wrong with it where nobody has to log in: other machines reach it. Empty if they do not."""
        if self.path or self.is_loopback:
            return ""
        return "nobody has to log in there; listen on 127.0.0.1 or at a unix socket"


def parse(text: str) -> Listener:
    """Raises ValueError, which says what is expected."""
    if text.startswith("unix:/") and "\x00" not in text and len(text.encode()) - len("unix:") <= LONGEST_PATH:
        return Listener(path=text.removeprefix("unix:"))
    if (found := TCP.fullmatch(text)) and int(found["port"]) <= LAST_PORT:
        host = "127.0.0.1" if found["four"] == "localhost" else found["six"] or found["four"]
        try:
            return Listener(str(ip_address(host)), int(found["port"]))
        except ValueError:
            pass
    raise ValueError(f"expected an address to listen at, such as {ACCEPTED}")
