"""Logging in, with the right password and with wrong ones."""

from collections.abc import Callable
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from resqued.errors import ConfigError
from resqued.web import passwords, sessions
from tests.web.conftest import Open
from tests.web.forms import send, token

RIGHT = "correct horse"


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    file = tmp_path_factory.mktemp("passwords") / "users"
    passwords.enter(file, "ann", RIGHT)
    return file.read_bytes()


@pytest.fixture
def file(tmp_path: Path, written: bytes) -> Path:
    path = tmp_path / "users"
    path.write_bytes(written)
    return path


@pytest.fixture
def page(visit: Open, file: Path) -> TestClient:
    return visit(password_file=file, client=("10.0.0.7", 1))


def log_in(page: TestClient, password: str = RIGHT, name: str = "ann", to: str = "") -> int:
    fields = {"resqued_token": token(page), "name": name, "password": password, "to": to}
    return page.post("/login", data=fields, follow_redirects=False).status_code


def test_who_is_not_known_sees_nothing_but_the_login(page: TestClient) -> None:
    answer = page.get("/failed?class=Echo")

    assert answer.url.path == "/login"
    assert "127.0.0.1" not in answer.text  # where Redis is
    assert 'value="/failed?class=Echo"' in answer.text


def test_with_the_right_password_everything(page: TestClient) -> None:
    assert log_in(page) == 303
    assert page.get("/").status_code == 200
    assert "Log out ann" in page.get("/").text


def test_the_cookie_is_for_us_alone(page: TestClient) -> None:
    fields = {"resqued_token": token(page), "name": "ann", "password": RIGHT}
    headers = {"x-forwarded-proto": "https"}
    cookie = page.post("/login", data=fields, headers=headers, follow_redirects=False).headers["set-cookie"]

    for word in ("HttpOnly", "SameSite=lax", "Secure"):
        assert word in cookie


@pytest.mark.parametrize(("name", "password"), [("ann", "wrong horse"), ("bob", RIGHT), ("", ""), ("ann", "")])
def test_with_a_wrong_one_nothing(page: TestClient, name: str, password: str, lines: Callable[[], str]) -> None:
    assert log_in(page, password, name) == 403
    assert page.get("/", follow_redirects=False).status_code == 303
    assert "web.login_failed" in lines()
    assert RIGHT not in lines()


def test_who_tries_too_often_has_to_wait(page: TestClient, lines: Callable[[], str]) -> None:
    tries = [log_in(page, "wrong") for _ in range(sessions.TRIES)]
    assert tries == [403] * sessions.TRIES

    assert log_in(page) == 429  # the right one, too
    assert "too many tries" in lines()


def test_after_a_while_he_may_try_again() -> None:
    now = [0.0]
    attempts = sessions.Attempts(clock=lambda: now[0])
    waits = [attempts.wait("name ann") for _ in range(sessions.TRIES + 1)]
    now[0] = sessions.WITHIN

    assert waits == [0.0] * sessions.TRIES + [sessions.WITHIN]
    assert attempts.wait("name ann") == 0.0


def test_neither_names_nor_sessions_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "MOST", 10)
    attempts, opened = sessions.Attempts(), sessions.Sessions()
    for number in range(50):
        attempts.wait(f"name {number}")
        secret = opened.open(f"{number}", "")

    assert len(vars(attempts)["_wrong"]) == 10
    assert len(vars(opened)["_sessions"]) == 10
    assert opened.find(secret)


def test_a_session_ends_by_itself() -> None:
    now = [0.0]
    opened = sessions.Sessions(clock=lambda: now[0])
    secret = opened.open("ann", "")
    now[0] = sessions.LIFE

    assert opened.find(secret) is None


def test_who_has_left_is_not_known_any_more(page: TestClient) -> None:
    log_in(page)
    secret = page.cookies["resqued_session"]
    send(page, "/logout")
    page.cookies.set("resqued_session", secret)

    assert page.get("/", follow_redirects=False).status_code == 303


def test_nor_who_has_another_password_by_now(page: TestClient, file: Path) -> None:
    log_in(page)
    passwords.enter(file, "ann", "another horse")

    assert page.get("/", follow_redirects=False).status_code == 303
    assert log_in(page, "another horse") == 303


@pytest.mark.parametrize("away", [lambda file: passwords.take_out(file, "ann"), Path.unlink], ids=["entry", "file"])
def test_nor_the_last_one_who_is_taken_out(page: TestClient, file: Path, away: Callable[[Path], object]) -> None:
    log_in(page)
    away(file)

    assert page.get("/", follow_redirects=False).status_code == 303
    passwords.enter(file, "ann", RIGHT)
    assert log_in(page) == 303


def test_a_login_of_another_site_is_none(page: TestClient) -> None:
    page.get("/login")

    assert page.post("/login", data={"name": "ann", "password": RIGHT}).status_code == 403


@pytest.mark.parametrize("to", ["//evil.example", "/\\evil.example", "https://evil.example", "javascript:alert(1)"])
def test_a_login_leads_to_no_other_site(page: TestClient, to: str) -> None:
    fields = {"resqued_token": token(page), "name": "ann", "password": RIGHT, "to": to}

    assert page.post("/login", data=fields, follow_redirects=False).headers["location"] == "/"


# The file


def test_the_file_is_its_owners_alone(tmp_path: Path) -> None:
    file = tmp_path / "new"
    assert passwords.enter(file, "ann", RIGHT)
    assert file.stat().st_mode & 0o777 == 0o600
    assert RIGHT not in file.read_text()
    assert not passwords.enter(file, "ann", RIGHT)
    assert passwords.take_out(file, "ann")
    assert not file.with_name("new.new").exists()


def test_a_short_password_is_refused(tmp_path: Path) -> None:
    with pytest.raises(passwords.WeakPassword, match="8 characters"):
        passwords.enter(tmp_path / "new", "ann", "short")


@pytest.mark.parametrize("text", ["", "# nobody", "ann:secret", "ann:$2b$12$abc", "a b:$argon2id$" + "x" * 40])
def test_a_file_that_is_none_is_refused_and_not_repeated(tmp_path: Path, text: str) -> None:
    file = tmp_path / "users"
    file.write_text(text)

    with pytest.raises(ConfigError) as caught:
        passwords.Passwords(file)
    assert "secret" not in str(caught.value)
    assert "resquectl web-user" in str(caught.value)
