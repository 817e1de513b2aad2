"""A redis-server that speaks TLS, to clients that show a certificate of its own private authority."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from resqued.address import Address
from tests.support import certificates
from tests.support.redis_server import RedisServer, Unwilling, free_port, running


@contextmanager
def sealed(directory: Path) -> Iterator[tuple[RedisServer, Address]]:
    """The server, and its address by TLS with all that it asks for; the papers are made in `directory`.

    Skips the test where that cannot be had.
    """
    if not shutil.which("openssl"):
        pytest.skip("there is no openssl program")
    papers, port = certificates.make(directory), free_port()
    address = Address(
        "tls",
        "127.0.0.1",
        port,
        ca_file=str(papers.authority),
        cert_file=str(papers.certificate("client")),
        key_file=str(papers.key("client")),
    )
    try:
        with running("--tls-port", str(port), *certificates.redis_options(papers)) as server:
            yield server, address
    except Unwilling as unwilling:
        if "tls-" not in str(unwilling):
            raise
        pytest.skip("this redis-server was built without TLS")
