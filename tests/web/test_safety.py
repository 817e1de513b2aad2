"""Forged, foreign, hostile and endless requests change nothing."""

from collections.abc import Callable, Iterator

import pytest
from redis import Redis
from starlette.testclient import TestClient

from tests.web import scene
from tests.web.conftest import Open
from tests.web.forms import send, token, why

PAUSE = "/queue/pause?name=mail"


@pytest.fixture(autouse=True)
def _queue(redis: Redis) -> None:
    scene.queue(redis, "mail", scene.job("SendMail"))


def nothing_changed(redis: Redis) -> bool:
    return not redis.exists("resqued:resque:paused")


def test_every_answer_keeps_the_browser_on_its_guard(page: TestClient) -> None:
    for path in ("/", "/nothing", "/healthz", "/queue?name=none"):
        headers = page.get(path).headers
        assert headers["content-security-policy"].startswith("default-src 'self'; ")
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["cache-control"] == "no-store"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"


@pytest.mark.parametrize("brought", ["", "x" * 43, "\udcff", "é"])
def test_a_form_without_its_token_changes_nothing(page: TestClient, redis: Redis, brought: str) -> None:
    page.get("/")
    answer = page.post(PAUSE, content=b"resqued_token=" + brought.encode("utf-8", "surrogateescape"), headers=FORM)

    assert answer.status_code == 403
    assert "Nothing was changed" in why(answer)
    assert nothing_changed(redis)


FORM = {"content-type": "application/x-www-form-urlencoded"}


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "http://evil.example"},
        {"origin": "null"},
    ],
)
def test_a_form_of_another_site_changes_nothing(page: TestClient, redis: Redis, headers: dict[str, str]) -> None:
    answer = page.post(PAUSE, data={"resqued_token": token(page)}, headers=headers)

    assert answer.status_code == 403
    assert nothing_changed(redis)


def test_a_form_of_its_own_is_taken(page: TestClient, redis: Redis) -> None:
    own = {"origin": "http://localhost"}
    page.post(PAUSE, data={"resqued_token": token(page)}, headers=own)

    assert not nothing_changed(redis)


def test_looking_changes_nothing(page: TestClient, redis: Redis) -> None:
    assert page.get(PAUSE).status_code == 405
    assert page.delete("/queue?name=mail").status_code == 405
    assert nothing_changed(redis)


def test_read_only_nothing_is_changed(visit: Open, redis: Redis, lines: Callable[[], str]) -> None:
    page = visit(read_only=True)
    answers = [send(page, PAUSE), send(page, "/pause"), send(page, "/queue/clear?name=mail", really="yes")]

    assert {answer.status_code for answer in answers} == {403}
    assert nothing_changed(redis)
    assert redis.llen("resque:queue:mail") == 1
    assert lines().count('"web.refused"') >= 3


def test_a_body_that_says_it_is_large_is_not_read(page: TestClient, redis: Redis) -> None:
    answer = page.post(PAUSE, content=b"x" * 10_000_000, headers=FORM)

    assert answer.status_code == 413
    assert nothing_changed(redis)


def test_nor_one_that_does_not_say_so(page: TestClient, redis: Redis) -> None:
    def endless() -> Iterator[bytes]:
        for _ in range(160):
            yield b"x" * 65536

    assert page.post(PAUSE, content=endless(), headers=FORM).status_code == 413
    assert nothing_changed(redis)


@pytest.mark.parametrize("kind", ["application/json", "multipart/form-data; boundary=x", "text/plain", ""])
def test_only_forms_are_taken(page: TestClient, redis: Redis, kind: str) -> None:
    answer = page.post(PAUSE, content=f"resqued_token={token(page)}", headers={"content-type": kind})

    assert answer.status_code == 415
    assert nothing_changed(redis)


@pytest.mark.parametrize(
    "headers",
    [
        {"cookie": "\x80=;;;=,resqued_token"},
        {"cookie": f"resqued_token={'x' * 43}; resqued_said=%3Cscript%3Ealert(1)%3C/script%3E"},
        {"content-length": "-1"},
        {"content-length": "9" * 400},
        {"x-forwarded-for": "1.2.3.4", "x-forwarded-proto": "<script>"},
        {"accept-language": "<script>"},
    ],
)
def test_hostile_headers_break_no_page(page: TestClient, headers: dict[str, str]) -> None:
    answer = page.get("/", headers=[(name.encode(), value.encode("latin-1")) for name, value in headers.items()])

    assert answer.status_code == 200
    assert "<script>alert" not in answer.text


def test_ten_thousand_fields_are_none(page: TestClient) -> None:
    assert page.get("/queues?" + "&".join(f"a{n}=1" for n in range(5000))).status_code == 200


# Who may look


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "127.0.0.1.nip.io:5678", "", "[::1].x"])
def test_another_name_for_this_machine_is_not_answered(page: TestClient, host: str) -> None:
    """A web site could have its name lead here, and its scripts read and press everything."""
    assert page.get("/", headers={"host": host}).status_code == 421


@pytest.mark.parametrize("host", ["localhost", "localhost:5678", "127.0.0.1:5678", "[::1]:5678", "LOCALHOST"])
def test_its_own_names_are(page: TestClient, host: str) -> None:
    assert page.get("/", headers={"host": host}).status_code == 200


@pytest.mark.parametrize("client", ["10.0.0.1", "::ffff:10.0.0.1", "fe80::1%eth0", "nonsense"])
def test_without_a_login_nobody_else_may_look(visit: Open, client: str) -> None:
    assert visit(client=(client, 1)).get("/").status_code == 403


def test_a_proxy_says_who_it_is(visit: Open, redis: Redis, lines: Callable[[], str]) -> None:
    page = visit(trusted_header="X-Remote-User", client=("127.0.0.1", 1))
    page.headers["X-Remote-User"] = "ann"
    send(page, PAUSE)

    assert '"who":"ann"' in lines()


def test_who_comes_past_the_proxy_is_refused(visit: Open) -> None:
    page = visit(trusted_header="X-Remote-User", trusted_proxies=["10.0.0.1"], client=("10.0.0.2", 1))

    assert page.get("/", headers={"X-Remote-User": "ann"}).status_code == 403


def test_and_whom_the_proxy_does_not_name(visit: Open) -> None:
    page = visit(trusted_header="X-Remote-User")

    assert page.get("/").status_code == 403
    assert page.get("/", headers=[("X-Remote-User", "ann"), ("X-Remote-User", "root")]).status_code == 403


def test_an_application_says_who_may_look(visit: Open) -> None:
    assert visit(user=lambda _: None).get("/").status_code == 403
    assert visit(user=lambda _: "ann", client=("10.0.0.1", 1)).get("/").status_code == 200


def test_whether_it_is_well_anybody_may_know(visit: Open) -> None:
    answer = visit(client=("10.0.0.1", 1)).get("/healthz")

    assert answer.status_code == 200
    assert answer.json() == {"status": "ok", "reasons": []}
