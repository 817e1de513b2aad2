"""Which Redis a configuration means, and where its password is."""

from pathlib import Path

import pytest

from resqued import config, places
from resqued.address import Address

MINIMAL = '[jobs]\nmodules = ["app.jobs"]\n[pools.all]\nqueues = ["*"]\n[redis]\n'


@pytest.fixture
def credential(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """As systemd lays it out for `LoadCredential=redis-password:…`."""
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    file = tmp_path / "redis-password"
    file.write_text("open sesame\n")
    return file


def address(redis: str) -> Address:
    return places.redis_address(config.parse(MINIMAL + redis, "resqued.toml"), Path("resqued.toml"))


def test_a_credential_of_systemd_is_the_password_file(credential: Path) -> None:
    assert address('url = "redis://ann@h"').password_file == str(credential)


def test_a_password_file_that_is_named_comes_before_the_credential(credential: Path) -> None:
    assert address('password_file = "/etc/redis-password"').password_file == "/etc/redis-password"


def test_a_password_in_the_url_comes_before_the_credential(credential: Path) -> None:
    server = address('url = "redis://:pw@h"')

    assert (server.password, server.password_file) == ("pw", None)


def test_an_embedded_redis_has_no_password(credential: Path) -> None:
    assert address("embedded = true").password_file is None


def test_a_service_with_other_credentials_only_has_no_password_file(credential: Path) -> None:
    credential.rename(credential.with_name("database-password"))

    assert address("").password_file is None


def test_without_credentials_there_is_no_password_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)

    assert address("").password_file is None


def test_a_credential_is_for_the_servers_that_sentinels_watch(credential: Path) -> None:
    server = address('url = "redis+sentinel://a,b/m"')

    assert server.password_file == str(credential)
    assert server.sentinel("a", 26379).password_file is None
