"""Addresses to listen at."""

import pytest

from resqued.listener import Listener, parse


@pytest.mark.parametrize(
    ("text", "listener", "is_loopback"),
    [
        ("127.0.0.1:5678", Listener("127.0.0.1", 5678), True),
        ("localhost:1", Listener("127.0.0.1", 1), True),
        ("127.9.9.9:5678", Listener("127.9.9.9", 5678), True),
        ("[::1]:5678", Listener("::1", 5678), True),
        ("0.0.0.0:0", Listener("0.0.0.0", 0), False),
        ("[::]:80", Listener("::", 80), False),
        ("unix:/run/web.sock", Listener(path="/run/web.sock"), False),
    ],
)
def test_an_address_is_read(text: str, listener: Listener, *, is_loopback: bool) -> None:
    assert parse(text) == listener
    assert listener.is_loopback is is_loopback


@pytest.mark.parametrize(
    "text",
    [
        *("", "5678", "127.0.0.1", "::1:5678", "[::1]", "example.org:80", "1.2.3:80", "1.2.3.4.5:80", "[::g]:1"),
        *("127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:\uff15", "unix:relative", "unix:", "unix:/" + "x" * 120),
    ],
)
def test_what_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected an address to listen at, such as"):
        parse(text)


def test_it_is_shown_as_it_is_reached() -> None:
    assert str(parse("[::1]:80")) == "http://[::1]:80/"
    assert str(parse("unix:/run/web.sock")) == "unix:/run/web.sock"
