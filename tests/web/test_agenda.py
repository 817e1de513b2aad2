"""Delayed and recurring jobs on the page: run now, removed, disabled, enabled."""

import html
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from redis import Redis
from starlette.testclient import TestClient

from resqued.digest import hexadecimal
from tests.web import scene
from tests.web.conftest import Open
from tests.web.forms import said, send, why
from tests.web.test_changes import logged

LATER = "4102444800"  # in 2100
AT = f"/delayed/at?time={LATER}"
SCHEDULES = "resque:persistent_schedules"


def item(n: int) -> str:
    return f'{{"class":"SendMail","args":[{n}],"queue":"mail"}}'


@pytest.fixture
def delayed(redis: Redis) -> None:
    scene.delay(redis, LATER, *map(item, range(5)))


def mark(place: int, text: str) -> str:
    return f"{place}:{hexadecimal(text.encode())}"


@pytest.fixture
def hourly(redis: Redis) -> None:
    redis.hset(SCHEDULES, "hourly", '{"every":"1h","class":"Report","args":[7],"queue":"reports"}')


@pytest.mark.usefixtures("delayed")
def test_delayed_jobs_are_run_now(page: TestClient, redis: Redis, lines: Callable[[], str]) -> None:
    answer = send(page, AT, do="run", entry=[mark(1, item(1)), mark(3, item(3))])

    assert said(answer) == "2 delayed jobs queued."
    queued = [json.loads(job) for job in redis.lrange("resque:queue:mail", 0, -1)]
    assert sorted(job["args"][0] for job in queued) == [1, 3]
    assert all("queue" not in job for job in queued)
    assert redis.llen(f"resque:delayed:{LATER}") == 3
    (line,) = logged(lines, "web.changed")
    assert (line["action"], line["time"], line["done"], line["gone"]) == ("delayed.run", LATER, 2, 0)


@pytest.mark.usefixtures("delayed")
def test_or_removed_and_the_page_shows_the_rest(page: TestClient, redis: Redis) -> None:
    answer = send(page, AT, do="remove", entry=[mark(n, item(n)) for n in range(4)])

    assert said(answer) == "4 delayed jobs removed."
    assert redis.lrange(f"resque:delayed:{LATER}", 0, -1) == [item(4).encode()]
    assert not redis.exists("resque:queue:mail")
    assert str(answer.url).endswith(AT)


@pytest.mark.usefixtures("delayed")
def test_the_marks_of_the_page_are_those_that_are_taken(page: TestClient, redis: Redis) -> None:
    marks = re.findall(r'name="entry" value="([^"]*)"', page.get(AT).text)
    answer = send(page, AT, do="run", entry=marks)

    assert said(answer) == "5 delayed jobs queued."
    assert redis.llen("resque:queue:mail") == 5
    assert str(answer.url).endswith("/delayed")  # nothing is due then any more


@pytest.mark.usefixtures("delayed")
def test_a_delayed_job_is_found_where_it_has_moved_to(page: TestClient, redis: Redis) -> None:
    redis.lpop(f"resque:delayed:{LATER}", 2)

    assert said(send(page, AT, do="run", entry=mark(4, item(4)))) == "1 delayed job queued."


@pytest.mark.usefixtures("delayed")
def test_one_that_is_gone_is_told(page: TestClient, redis: Redis) -> None:
    redis.lpop(f"resque:delayed:{LATER}")

    assert said(send(page, AT, do="remove", entry=mark(0, item(0)))) == (
        "0 delayed jobs removed. 1 had been brought to their queues or removed before."
    )


def test_what_can_go_nowhere_is_not_run_and_can_be_removed(page: TestClient, redis: Redis) -> None:
    scene.delay(redis, LATER, "no JSON")

    assert "1 cannot be queued: payload is not JSON" in said(send(page, AT, do="run", entry=mark(0, "no JSON")))
    assert said(send(page, AT, do="remove", entry=mark(0, "no JSON"))) == "1 delayed job removed."


@pytest.mark.usefixtures("delayed")
@pytest.mark.parametrize(
    "fields",
    [
        {"do": "run"},
        {"do": "explode", "entry": mark(0, item(0))},
        {"entry": mark(0, item(0))},
        *({"do": "run", "entry": entry} for entry in ("", "x", "-1:" + "0" * 40, "1:" + "é" * 40, "9" * 40)),
    ],
)
def test_a_form_that_says_not_what_or_which_changes_nothing(
    page: TestClient, redis: Redis, fields: dict[str, str]
) -> None:
    assert send(page, AT, **fields).status_code == 400
    assert redis.llen(f"resque:delayed:{LATER}") == 5


@pytest.mark.usefixtures("hourly")
def test_the_job_of_a_schedule_is_run_now(page: TestClient, redis: Redis, lines: Callable[[], str]) -> None:
    answer = send(page, "/recurring/run?name=hourly")

    assert said(answer) == "The job of hourly has been put onto reports."
    assert redis.lrange("resque:queue:reports", 0, -1) == [b'{"class":"Report","args":[7]}']
    (line,) = logged(lines, "web.changed")
    assert (line["action"], line["schedule"], line["queue"]) == ("schedule.run", "hourly", "reports")


@pytest.mark.usefixtures("hourly")
def test_a_schedule_is_disabled_and_enabled(page: TestClient, redis: Redis, lines: Callable[[], str]) -> None:
    assert said(send(page, "/recurring/disable?name=hourly")) == "hourly enqueues nothing any more, on no host."
    assert redis.hexists("resqued:resque:disabled", "hourly")
    assert "disabled" in page.get("/recurring").text

    assert said(send(page, "/recurring/enable?name=hourly")) == "hourly goes on."
    assert not redis.exists("resqued:resque:disabled")
    assert [(line["action"], line["changed"]) for line in logged(lines, "web.changed")] == [
        ("schedule.disable", True),
        ("schedule.enable", True),
    ]


def test_no_other_schedule_is_run_or_disabled(page: TestClient, redis: Redis) -> None:
    redis.hset(SCHEDULES, "broken", "{}")

    assert send(page, "/recurring/run?name=nosuch").status_code == 404
    broken = send(page, "/recurring/disable?name=broken")
    assert broken.status_code == 409
    assert why(broken) == (
        "This schedule cannot be used: names no queue, which only Ruby could ask its class for. Nothing was changed."
    )
    assert not redis.exists("resqued:resque:disabled")


@pytest.mark.usefixtures("hourly", "delayed")
def test_who_may_only_look_changes_none_of_them(visit: Open, redis: Redis) -> None:
    page = visit(read_only=True)

    assert "<button name" not in page.get(AT).text
    assert "Run now" not in page.get("/recurring").text
    for address, fields in (
        (AT, {"do": "remove", "entry": mark(0, item(0))}),
        ("/recurring/run?name=hourly", {}),
        ("/recurring/disable?name=hourly", {}),
        ("/recurring/enable?name=hourly", {}),
    ):
        assert send(page, address, **fields).status_code == 403
    assert redis.llen(f"resque:delayed:{LATER}") == 5
    assert not redis.exists("resque:queue:reports", "resqued:resque:disabled")


@pytest.mark.usefixtures("hourly", "delayed")
@pytest.mark.parametrize("address", [AT, *(f"/recurring/{do}?name=hourly" for do in ("run", "disable", "enable"))])
def test_a_forged_form_changes_none_of_them(page: TestClient, redis: Redis, address: str) -> None:
    page.get("/")
    forged = page.post(address, data={"do": "remove", "entry": mark(0, item(0)), "resqued_token": "forged"})

    assert forged.status_code == 403
    assert redis.llen(f"resque:delayed:{LATER}") == 5
    assert not redis.exists("resque:queue:reports", "resqued:resque:disabled")


CONFIGURATION = """
[jobs]
modules = ["app.jobs"]
[pools.all]
queues = ["*"]
[schedule.nightly]
cron = "0 3 * * *"
class = "Report"
queue = "reports"
description = "for the <board>"
"""


def test_schedules_of_the_configuration_are_shown_and_run(visit: Open, redis: Redis, tmp_path: Path) -> None:
    file = tmp_path / "resqued.toml"
    file.write_text(CONFIGURATION)
    page = visit(configuration=file)
    text = page.get("/recurring").text

    assert "for the &lt;board&gt;" in text
    assert "0 3 * * * UTC" in text
    send(page, "/recurring/run?name=nightly")
    assert redis.llen("resque:queue:reports") == 1


@pytest.mark.usefixtures("hourly")
def test_a_configuration_that_cannot_be_read_hides_no_other_schedule(visit: Open, tmp_path: Path) -> None:
    file = tmp_path / "resqued.toml"
    file.write_text("[jobs]\nmodule = 7")
    text = html.unescape(visit(configuration=file).get("/recurring").text)

    assert "cannot be shown" in text
    assert "jobs.module" in text
    assert "hourly" in text
