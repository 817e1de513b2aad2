"""What can be changed on the page, and the line that each change leaves in the log."""

import json
from collections.abc import Callable

from redis import Redis
from starlette.testclient import TestClient

from resqued.address import Address
from resqued.protocol.keys import Keys
from resqued.store.errands import Errands
from resqued.web.pages import failed
from resqued.wire import pooled
from tests.support.waiting import eventually
from tests.web import scene
from tests.web.forms import address, said, send, why

FAILED = "resque:failed"


def mark(redis: Redis, at: int) -> str:
    return f"{at}:{scene.entry_id(redis, at)}"


def logged(lines: Callable[[], str], event: str) -> list[dict[str, object]]:
    return [line for line in map(json.loads, lines().splitlines()) if line["event"] == event]


def test_a_queue_is_paused_and_resumed(page: TestClient, redis: Redis, lines: Callable[[], str]) -> None:
    scene.queue(redis, "mail", scene.job("SendMail"))
    paused = send(page, "/queue/pause?name=mail")
    assert said(paused) == "No worker of resqued takes a job from mail any more."
    assert redis.hexists("resqued:resque:paused", "mail")
    assert "paused for" in page.get("/queues").text

    assert said(send(page, "/queue/resume?name=mail", to="queues")) == "Workers take jobs from mail again."
    assert not redis.hexists("resqued:resque:paused", "mail")

    first, second = logged(lines, "web.changed")
    assert first["action"] == "queue.pause"
    assert first["queue"] == "mail"
    assert first["who"] == "somebody on this machine"
    assert first["client"] == "127.0.0.1"
    assert second["action"] == "queue.resume"


def test_all_workers_are_paused_and_resumed(page: TestClient, redis: Redis) -> None:
    assert "All workers are paused" in said(send(page, "/pause"))
    assert redis.get("resque:pause-all-workers") == b"true"

    assert said(send(page, "/resume")) == "All workers go on."
    assert redis.get("resque:pause-all-workers") is None


def test_jobs_are_thrown_away_by_who_means_it(page: TestClient, redis: Redis) -> None:
    scene.queue(redis, "mail", *(scene.job("SendMail", n) for n in range(3)))
    assert send(page, "/queue/clear?name=mail").status_code == 400
    assert redis.llen("resque:queue:mail") == 3

    assert said(send(page, "/queue/clear?name=mail", really="yes", forget="yes")) == "3 jobs of mail thrown away."
    assert redis.keys("resque:queue*") == []


def test_a_name_that_is_no_text_is_changed_like_any_other(page: TestClient, redis: Redis) -> None:
    scene.queue(redis, b"\xff", scene.job("Echo"))
    send(page, "/queue/pause?name=%FF")

    assert redis.hexists("resqued:resque:paused", b"\xff")


def test_marked_entries_are_retried(page: TestClient, redis: Redis, lines: Callable[[], str]) -> None:
    redis.rpush(FAILED, *(scene.failure(f"Job{n}") for n in range(5)))
    answer = send(page, "/failed?list=failed", do="retry", entry=[mark(redis, 1), mark(redis, 3)])

    assert said(answer) == "2 failed jobs retried."
    assert [json.loads(job)["class"] for job in redis.lrange("resque:queue:mail", 0, -1)] == ["Job3", "Job1"]
    assert redis.llen(FAILED) == 3
    (line,) = logged(lines, "web.changed")
    assert (line["action"], line["done"], line["gone"]) == ("failed.retry", 2, 0)


def test_or_removed(page: TestClient, redis: Redis) -> None:
    redis.rpush(FAILED, scene.failure("Stays"), scene.failure("Goes"))
    assert said(send(page, "/failed?list=failed", do="remove", entry=mark(redis, 1))) == "1 failed job removed."

    assert b"Stays" in redis.lrange(FAILED, 0, -1)[0]
    assert redis.llen(FAILED) == 1


def test_who_comes_second_retries_nothing(page: TestClient, redis: Redis) -> None:
    redis.rpush(FAILED, scene.failure("Once"))
    entry = mark(redis, 0)
    send(page, "/failed?list=failed", do="retry", entry=entry)

    assert said(send(page, "/failed?list=failed", do="retry", entry=entry)).startswith("0 failed jobs retried. 1 had")
    assert redis.llen("resque:queue:mail") == 1


def test_an_entry_is_found_after_older_ones_have_gone(page: TestClient, redis: Redis) -> None:
    redis.rpush(FAILED, *(scene.failure(f"Job{n}") for n in range(300)))
    entry = mark(redis, 299)
    redis.lpop(FAILED, 250)

    assert said(send(page, "/failed?list=failed", do="retry", entry=entry)) == "1 failed job retried."


def test_what_is_no_job_is_not_retried_and_says_why(page: TestClient, redis: Redis) -> None:
    redis.rpush(FAILED, "no JSON")

    assert "cannot be retried: the entry is no JSON object" in said(
        send(page, "/failed?list=failed", do="retry", entry=mark(redis, 0))
    )
    assert redis.llen(FAILED) == 1


def test_all_that_fit_a_search_are_retried_in_the_background(
    page: TestClient, redis: Redis, lines: Callable[[], str]
) -> None:
    redis.rpush(FAILED, *(scene.failure("Import" if n % 2 else "Report") for n in range(3000)))
    send(page, "/failed?list=failed&class=Imp*", do="retry-all")

    eventually(lambda: logged(lines, "web.errand_ended"))
    assert redis.llen("resque:queue:mail") == 1500
    assert redis.llen(FAILED) == 1500
    assert "1 500 retried, 3 000 of 3 000 looked at; done" in page.get("/failed").text.replace("\u202f", " ")
    assert logged(lines, "web.changed")[0]["action"] == "failed.retry_all"


def test_all_are_removed_by_who_means_it(page: TestClient, redis: Redis, lines: Callable[[], str]) -> None:
    redis.rpush(FAILED, *(scene.failure() for _ in range(10)))
    assert send(page, "/failed?list=failed", do="remove-all").status_code == 400
    send(page, "/failed?list=failed", do="remove-all", really="yes")

    eventually(lambda: logged(lines, "web.errand_ended"))
    assert redis.llen(FAILED) == 0


def test_a_search_looks_at_a_part_and_goes_on(page: TestClient, redis: Redis, monkeypatch: object) -> None:
    redis.rpush(FAILED, scene.failure("Rare"), *(scene.failure() for _ in range(400)))
    failed_long_enough = failed.LONG_ENOUGH
    try:
        failed.LONG_ENOUGH = 0.0
        first = page.get("/failed?class=Rare")
        assert "0 found among 100 looked at, of 401" in first.text
        found = first
        for _ in range(4):
            found = page.get(address(found.text, "Go on looking"))
    finally:
        failed.LONG_ENOUGH = failed_long_enough

    assert ">Rare</a>" in found.text


def test_what_fails_meanwhile_moves_no_page(page: TestClient, redis: Redis) -> None:
    redis.rpush(FAILED, *(scene.failure(f"Job{n:03}") for n in range(120)))
    second = address(page.get("/failed").text, "Older")
    redis.rpush(FAILED, *(scene.failure("New") for _ in range(30)))
    text = page.get(second).text

    assert ">Job069</a>" in text
    assert ">Job020</a>" in text
    assert ">Job070</a>" not in text


def test_a_search_for_a_time_that_nobody_understands_says_so(page: TestClient) -> None:
    answer = page.get("/failed?since=yesterday-ish")

    assert answer.status_code == 400
    assert "expected a time such as 2h" in why(answer)


def test_what_goes_on_in_the_background_is_stopped(page: TestClient, redis: Redis, lines: Callable[[], str]) -> None:
    wire = pooled.connect(address_of(redis))
    errand = Errands(wire, Keys()).begin("retry", "all", "ann", whole=10)
    assert "0 retried, 0 of 10 looked at; under way. Begun by ann." in page.get("/failed").text
    send(page, "/errand/stop", errand=errand.id)

    assert Errands(wire, Keys()).tell(errand) is True
    assert logged(lines, "web.changed")[0]["errand"] == errand.id
    wire.close()


def address_of(redis: Redis) -> Address:
    return Address("unix", path=redis.connection_pool.connection_kwargs["path"])


def test_a_queue_that_no_client_could_name_is_refused(page: TestClient, redis: Redis) -> None:
    redis.rpush(FAILED, scene.failure())
    answer = send(page, "/failed?list=failed", do="retry-all", to="a b")

    assert answer.status_code == 400
    assert "cuts or breaks worker ids" in why(answer)
    assert redis.llen(FAILED) == 1


def test_a_key_of_the_wrong_type_is_told(page: TestClient, redis: Redis) -> None:
    redis.set(FAILED, "no list")

    assert page.get("/failed").status_code == 500
    assert "WRONGTYPE" in why(page.get("/failed"))
    assert "resquectl doctor" in why(page.get("/failed"))
