"""Which Redis a configuration means, where its password is, and where its master keeps things."""

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


# Directories


def run_directory(file: Path) -> Path:
    return places.run_directory(config.parse(MINIMAL, str(file)), file)


def test_each_configuration_has_a_run_directory_of_its_own(tmp_path: Path) -> None:
    assert run_directory(tmp_path / "a" / "resqued.toml") != run_directory(tmp_path / "b" / "resqued.toml")


def test_a_relative_name_is_the_same_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    assert run_directory(Path("etc/../resqued.toml")) == run_directory(tmp_path / "resqued.toml")


def test_a_deploy_that_turns_a_symlink_leaves_the_directory_where_it_is(tmp_path: Path) -> None:
    (tmp_path / "current").symlink_to("release-1")
    before = run_directory(tmp_path / "current" / "resqued.toml")
    (tmp_path / "current").unlink()
    (tmp_path / "current").symlink_to("release-2")

    assert run_directory(tmp_path / "current" / "resqued.toml") == before


def test_who_did_not_start_a_master_looks_in_its_own_place_first_and_then_in_those_of_services(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUNTIME_DIRECTORY", "/run/own:/run/other")
    monkeypatch.setattr(places, "SYSTEM_RUN", tmp_path)
    file = tmp_path / "resqued.toml"
    name = run_directory(file).name
    (tmp_path / "resqued-mail" / name).mkdir(parents=True)
    file.write_text('[daemon]\nrun_dir = "/srv/run"\n')

    assert places.run_directories(file) == [
        Path("/srv/run") / name,
        Path("/run/own") / name,
        tmp_path / "resqued" / name,
        tmp_path / "resqued-mail" / name,
    ]
