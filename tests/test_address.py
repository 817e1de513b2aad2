"""Addresses of Redis servers, as people write them."""

from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resqued.address import ACCEPTED, Address, parse
from resqued.errors import AddressError


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("localhost", Address("tcp", host="localhost", port=6379)),
        ("127.0.0.1:6380", Address("tcp", host="127.0.0.1", port=6380)),
        ("[::1]:6380", Address("tcp", host="::1", port=6380)),
        ("redis://example.org", Address("tcp", host="example.org", port=6379)),
        ("redis://example.org/", Address("tcp", host="example.org", port=6379)),
        ("redis://my_redis:7000/3", Address("tcp", host="my_redis", port=7000, database=3)),
        ("redis://[fe80::1%eth0]", Address("tcp", host="fe80::1%eth0", port=6379)),
        ("redis://me:pw@h/1", Address("tcp", host="h", port=6379, database=1, username="me", password="pw")),
        ("redis://:pw@h", Address("tcp", host="h", port=6379, password="pw")),
        ("redis://me@h", Address("tcp", host="h", port=6379, username="me")),
        ("redis://:@h", Address("tcp", host="h", port=6379)),
        (
            "redis://m%40:a%2Fb%3F%23%5B%20%C3%A9@h",
            Address("tcp", host="h", port=6379, username="m@", password="a/b?#[ é"),
        ),
        ("redis://:p@ss:word@h", Address("tcp", host="h", port=6379, password="p@ss:word")),
        ("rediss://h/2", Address("tls", host="h", port=6379, database=2)),
        ("rediss://h?ssl_cert_reqs=none", Address("tls", host="h", port=6379, verify=False)),
        ("rediss://h?ssl_cert_reqs=required", Address("tls", host="h", port=6379, verify=True)),
        (
            "rediss://:pw@h:1/2?ssl_ca_certs=/ca.pem&ssl_certfile=/c.pem&ssl_keyfile=/k%20.pem",
            Address(
                "tls", "h", 1, database=2, password="pw", ca_file="/ca.pem", cert_file="/c.pem", key_file="/k .pem"
            ),
        ),
        ("rediss://h?ssl_ca_certs=/a+b", Address("tls", host="h", port=6379, ca_file="/a+b")),
        ("redis+sentinel://h/m", Address("tcp", sentinels=(("h", 26379),), service="m")),
        (
            "redis+sentinel://a,b:1,[::1]:2,[fe80::1%eth0]/my-master.1_/3",
            Address(
                "tcp",
                database=3,
                sentinels=(("a", 26379), ("b", 1), ("::1", 2), ("fe80::1%eth0", 26379)),
                service="my-master.1_",
            ),
        ),
        (
            "redis+sentinel://me:p@ss,word@h,i/m/?sentinel_username=you&sentinel_password=a+b%40%26",
            Address(
                "tcp",
                username="me",
                password="p@ss,word",
                sentinels=(("h", 26379), ("i", 26379)),
                service="m",
                sentinel_username="you",
                sentinel_password="a+b@&",
            ),
        ),
        (
            "rediss+sentinel://h/m?ssl_ca_certs=/ca.pem&sentinel_password=x&ssl_cert_reqs=none",
            Address(
                "tls", sentinels=(("h", 26379),), service="m", sentinel_password="x", ca_file="/ca.pem", verify=False
            ),
        ),
        ("REDIS+Sentinel://h/m", Address("tcp", sentinels=(("h", 26379),), service="m")),
        ("unix:///run/redis.sock", Address("unix", path="/run/redis.sock")),
        ("unix:/run/redis.sock", Address("unix", path="/run/redis.sock")),
        ("unix:///run/redis@1/s%3F.sock?db=5", Address("unix", path="/run/redis@1/s?.sock", database=5)),
        ("unix://me:pw@/redis.sock", Address("unix", path="/redis.sock", username="me", password="pw")),
    ],
)
def test_an_address_is_read(text: str, address: Address) -> None:
    assert parse(text) == address


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "the address is empty"),
        ("local host", "the address contains a space or a control character"),
        ("redis://h\n", "the address contains a space or a control character"),
        ("redis://h\0", "the address contains a space or a control character"),
        ("redis://\udc80", "the address contains a space or a control character"),
        ("http://h", "the scheme is unknown"),
        ("redis+sentinels://h/m", "the scheme is unknown"),
        ("/run/redis.sock", "a path needs unix:// before it"),
        ("localhost/1", "more than host and port needs redis:// before it"),
        ("me:pw@localhost", "more than host and port needs redis:// before it"),
        ("redis://", "the host is missing"),
        ("redis://:6379", "the host is missing"),
        ("redis:///1", "the host is missing"),
        ("redis://${HOST}", "the host contains a character that no host has"),
        ("redis://a,b", "the host contains a character that no host has"),
        ("redis://[::1", "the host cannot be read"),
        ("redis://h:x", "the port must be a number from 1 to 65535"),
        ("redis://h:0", "the port must be a number from 1 to 65535"),
        ("redis://h:65536", "the port must be a number from 1 to 65535"),
        ("redis://h:-1", "the port must be a number from 1 to 65535"),
        ("redis://h:1_0", "the port must be a number from 1 to 65535"),
        ("redis://h:" + "1" * 5000, "the port must be a number from 1 to 65535"),
        ("a::1:6379", "the port must be a number from 1 to 65535 (IPv6 addresses are written in [ ])"),
        ("redis://h/x", "the database must be a number"),
        ("redis://h/-1", "the database must be a number"),
        ("redis://h/1/", "the database must be a number"),
        ("redis://h/²", "the database must be a number"),
        ("redis://h/" + "1" * 5000, "the database must be a number"),
        ("unix:///s?db=x", "the database must be a number"),
        ("redis://:a/b@h", "there is an @ behind the host (in a password, write / ? # as %2F %3F %23)"),
        ("redis://:1/b@h", "there is an @ behind the host"),
        ("redis://me:1?b@h", "there is an @ behind the host"),
        ("redis://me:1#b@h", "there is an @ behind the host"),
        ("redis://h#1", "there is a # in the address"),
        ("redis://h?db=1", "there is an unknown option behind the ?: redis:// takes no options"),
        ("unix:///s?password=x", "there is an unknown option behind the ?: unix:// takes only db"),
        (
            "rediss://h?ssl=1",
            "there is an unknown option behind the ?: rediss:// takes only ssl_ca_certs, ssl_certfile,",
        ),
        ("unix:///s?db=1&db=2", "an option behind the ? is empty or given twice"),
        ("unix:///s?db=", "an option behind the ? is empty or given twice"),
        ("unix:///s?db", "what stands behind the ? must be option=value"),
        ("unix:///s?db=%ff", "what stands behind the ? must be option=value"),
        ("rediss://h?ssl_cert_reqs=maybe", "ssl_cert_reqs must be none or required"),
        ("rediss://h?ssl_keyfile=/k", "ssl_keyfile needs ssl_certfile"),
        ("unix://run/redis.sock", "the path of a socket is absolute: unix:///path, with three slashes"),
        ("unix:redis.sock", "the path of a socket is absolute"),
        ("unix:", "the path of a socket is absolute"),
        ("unix:///a%00b", "the path of the socket contains a null character"),
        ("redis://:%ff@h", "what is escaped with % is not UTF-8"),
        ("redis+sentinel://", "the name of the master is missing"),
        ("redis+sentinel://h", "the name of the master is missing"),
        ("redis+sentinel://h,i//0", "the name of the master is missing"),
        ("redis+sentinel://h/my%20master", "the name of the master is missing"),
        ("redis+sentinel:///mymaster", "the host is missing"),
        ("redis+sentinel://h,/mymaster", "the host is missing"),
        ("redis+sentinel://h, i/mymaster", "the address contains a space"),
        ("redis+sentinel://h,i\n/mymaster", "the address contains a space"),
        ("redis+sentinel://h:1,i:x/mymaster", "the port must be a number from 1 to 65535"),
        ("redis+sentinel://a::1/mymaster", "the port must be a number from 1 to 65535 (IPv6 addresses are written in"),
        ("redis+sentinel://[::1,h/mymaster", "the host cannot be read"),
        ("redis+sentinel://h/mymaster/x", "the database must be a number"),
        ("redis+sentinel://h/mymaster/0/0", "the database must be a number"),
        ("redis+sentinel://:a/b@h/mymaster", "there is an @ behind the host"),
        ("redis+sentinel://h/m#0", "there is a # in the address"),
        (
            "redis+sentinel://h/m?db=1",
            "there is an unknown option behind the ?: redis+sentinel:// takes only sentinel_us",
        ),
        ("redis+sentinel://h/m?ssl_ca_certs=/x", "there is an unknown option behind the ?"),
        ("rediss+sentinel://h/m?ssl_keyfile=/k", "ssl_keyfile needs ssl_certfile"),
    ],
)
def test_what_is_no_address_is_told_why_and_what_is_accepted(text: str, what: str) -> None:
    with pytest.raises(AddressError) as caught:
        parse(text)

    assert str(caught.value).startswith(what)
    assert str(caught.value).endswith(f"; accepted: {ACCEPTED}")


def shown(text: str) -> str:
    """All that anybody may come to print of an address."""
    try:
        address = parse(text)
    except AddressError as error:
        return f"{error} {error!r} {error.__cause__}"
    return f"{address} {address!r}"


@pytest.mark.parametrize(
    "text",
    [
        "redis://:hunter2@h",
        "rediss://me:hunter2@h:1/2",
        "unix://:hunter2@/s",
        "redis://:hunter2",
        "redis://h/hunter2",
        "redis://me:1?hunter2=1",
        "hunter2://h",
        "redis://:[hunter2@h",
        "redis://:hunter2\u2100@h",
        "redis://h:1/?hunter2",
        "rediss://h?ssl_cert_reqs=hunter2",
        "redis://:%ffhunter2@h",
        "redis+sentinel://me:hunter2@h,i/m",
        "redis+sentinel://h/m?sentinel_password=hunter2",
        "redis+sentinel://h,:hunter2@i/m",
        "redis+sentinel://h,i:hunter2/m",
        "redis+sentinel://:pa/hunter2@h/m",
        "redis+sentinel://h/m?sentinel_pasword=hunter2",
    ],
)
def test_a_password_is_never_shown(text: str) -> None:
    assert "hunter2" not in shown(text)


def test_an_address_is_shown_as_a_url() -> None:
    texts = ["redis://me:***@h:6379/0", "rediss://:***@[::1]:6379/1", "redis://me%40@h:1/0", "unix:///a%20b?db=3"]
    texts += ["redis+sentinel://:***@h:1,[::1]:2/m/0", "rediss+sentinel://h:1/m/3"]

    assert [str(parse(text)) for text in texts] == texts


def test_a_sentinel_is_told_nothing_that_is_for_the_servers() -> None:
    url = "rediss+sentinel://me:pw@h:1/m/3?ssl_ca_certs=/ca&sentinel_username=you&sentinel_password=spw"
    address = replace(parse(url), password_file="/p")

    assert address.sentinel("h", 1) == Address("tls", host="h", port=1, username="you", password="spw", ca_file="/ca")


def test_a_master_is_told_nothing_that_is_for_sentinels() -> None:
    url = "rediss+sentinel://me:pw@h:1/m/3?ssl_ca_certs=/ca&sentinel_username=you&sentinel_password=spw"

    assert parse(url).master("i", 2) == Address(
        "tls", host="i", port=2, database=3, username="me", password="pw", ca_file="/ca"
    )


def test_the_password_file_is_added_by_hand_and_shown() -> None:
    address = replace(parse("redis://h"), password_file="/run/secrets/redis")

    assert "/run/secrets/redis" in repr(address)


@given(
    st.text()
    | st.text("redis:/@[]?#%&=12.x ")
    | st.text("/@[]?#%&=12.x").map("rediss://".__add__)
    | st.text("/@[]?#%&=12.x,:").map("redis+sentinel://".__add__)
)
def test_no_text_whatever_raises_anything_but_an_address_error(text: str) -> None:
    with suppress(AddressError):
        parse(text)


HOSTS = st.sampled_from(["h", "example.org", "127.0.0.1", "::1", "fe80::1%eth0"])
PORTS = st.integers(1, 65535)
SERVERS = st.builds(
    Address,
    st.sampled_from(["tcp", "tls"]),
    host=HOSTS,
    port=PORTS,
    database=st.integers(0, 10**9 - 1),
    username=st.none() | st.text(min_size=1),
    password=st.none() | st.just("***"),
)
WATCHED = st.builds(
    Address,
    st.sampled_from(["tcp", "tls"]),
    database=st.integers(0, 10**9 - 1),
    username=st.none() | st.text(min_size=1),
    password=st.none() | st.just("***"),
    sentinels=st.lists(st.tuples(HOSTS, PORTS), min_size=1).map(tuple),
    service=st.text("ab1.-_", min_size=1),
)
SOCKETS = st.builds(
    Address,
    st.just("unix"),
    path=st.text(st.characters(exclude_characters="\0", codec="utf-8")).map("/".__add__),
    database=st.integers(0, 10**9 - 1),
    username=st.none() | st.text(min_size=1),
    password=st.none() | st.just("***"),
)


@given(SERVERS | WATCHED | SOCKETS)
def test_what_an_address_is_shown_as_is_that_address_but_for_the_password(address: Address) -> None:
    assert parse(str(address)) == address
