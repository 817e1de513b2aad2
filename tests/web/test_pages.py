"""Every page shows a fleet of all implementations, and nothing that anybody has written can script or break it."""

import re
from urllib.parse import quote

import pytest
from redis import Redis
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.testclient import TestClient

from resqued.web import app
from tests.web import scene
from tests.web.conftest import Open
from tests.web.forms import address

PATHS = [
    *("/", "/queues", "/queues?search=ma&sort=jobs", "/queue?name=mail", "/queue?name=mail&from=50"),
    *("/queue?name=broken", f"/queue?name={quote(scene.HOSTILE)}", "/workers", "/workers?state=stale", "/running"),
    *("/worker?id=web1%3A4711%3Acritical%2Cmail", f"/worker?id={quote(f'{scene.HOSTILE}:1:{scene.HOSTILE}')}"),
    *("/worker?id=%FF%FE%3A1%3Amail", "/failed", "/failed?class=Imp*&since=1h", "/failed?text=%3Cscript"),
    *(
        "/statistics",
        "/statistics?span=month",
        "/queues?search=%FF%00%3Cscript%3E",
        *("/workers?host=%FF&from=99999999999", "/delayed", "/delayed?from=50", "/recurring"),
    ),
]


@pytest.mark.parametrize("path", PATHS)
def test_a_page_shows_a_fleet_and_lets_nothing_through(page: TestClient, fleet: None, path: str) -> None:
    answer = page.get(path)

    assert answer.status_code == 200
    assert "<script>alert" not in answer.text
    assert not re.search(r"[\u202e\x1b\ud800]", answer.text)
    assert not re.search(r"<[^>]+ (style|on\w+)=", answer.text)


@pytest.mark.parametrize("path", PATHS)
def test_an_empty_redis_has_pages_too(page: TestClient, path: str) -> None:
    assert page.get(path).status_code in ({404} if "name=" in path or "id=" in path else {200})


def test_every_entry_has_a_page(page: TestClient, redis: Redis, fleet: None) -> None:
    for at in (0, 40, *range(94, 100)):
        answer = page.get(f"/failed/entry?list=failed&at={at}&id={scene.entry_id(redis, at)}")
        assert answer.status_code == 200
        assert "<script>alert" not in answer.text


def test_an_entry_says_all_that_is_known(page: TestClient, fleet: None) -> None:
    entry = page.get(address(page.get("/failed").text, "Transcode", "/failed/entry")).text

    for known in (
        "JobTimeout",
        "ran longer than 300 s",
        "/srv/app/app/jobs.py:41:in perform",
        "web1:4711:critical,mail",
    ):
        assert known in entry
    assert "&#34;template&#34;: &#34;welcome&#34;" in entry


def test_the_overview_says_what_needs_a_person(page: TestClient, fleet: None) -> None:
    text = page.get("/").text

    assert text.index("reports") < text.index("mail")  # nobody listens there
    for said in ("nobody listens", "its key is no list", "paused for", "workers not heard of"):
        assert said in text


def test_workers_of_every_implementation_are_listed(page: TestClient, fleet: None) -> None:
    text = page.get("/workers").text

    for name in ("web1:4711", "ruby1:811", "perl1:4000", "node1:51", "go1:900", r"\xff\xfe:1"):
        assert f">{name}</a>" in text
    assert "Ruby::Mailer" in text


def test_workers_are_chosen(page: TestClient, fleet: None) -> None:
    assert "1\N{EN DASH}2 of 2 workers" in page.get("/workers?host=web2&pool=bulk&queue=imports").text


def test_of_a_job_on_this_machine_the_memory_is_known(page: TestClient, redis: Redis) -> None:
    scene.ours(redis, "here:1:imports", "local", here=True)
    scene.works(redis, "here:1:imports", "imports", scene.job("Import"))

    assert page.get("/running").status_code == 200


def test_a_job_of_rails_has_its_own_name(page: TestClient, fleet: None) -> None:
    assert "InvoiceJob (ActiveJob)" in page.get("/queue?name=rails").text


def test_delayed_jobs_are_shown_by_their_time(page: TestClient, fleet: None) -> None:
    text = page.get("/delayed").text
    first = re.findall(r'<a href="(/delayed/at[^"]*)"', text)[1]  # behind the one whose key is no list
    due = page.get(first).text

    assert "late" in text
    assert "of 72 times" in text
    assert "SendMail" in due
    assert "no JSON &lt;b&gt;" in due
    assert page.get("/delayed/at?time=7").status_code == 404
    assert page.get("/delayed/at?time=%FF").status_code == 404


def test_recurring_jobs_are_shown_however_they_are_written(page: TestClient, fleet: None) -> None:
    text = page.get("/recurring").text

    for said in (
        "cron 0 3 * * * Europe/Berlin",
        "for the board",
        "6h ago",
        "Next",
        "unusable: names no queue",
        "unusable: every: &#34;&lt;",
        "unusable: is no JSON object",
        "every 5m",
        "disabled",
    ):
        assert said in text


def test_queues_and_workers_come_in_parts(page: TestClient, redis: Redis) -> None:
    redis.sadd("resque:queues", *(f"q{n:04}" for n in range(250)))
    first = page.get("/queues").text
    last = page.get("/queues?from=200").text

    assert "1\N{EN DASH}100 of 250 queues" in first
    assert "201\N{EN DASH}250 of 250 queues" in last
    assert ">q0249</a>" in last
    assert ">q0099</a>" in first


def test_a_queue_comes_in_parts_and_large_jobs_in_smaller_ones(page: TestClient, redis: Redis) -> None:
    scene.queue(redis, "large", *(scene.job("Big", "x" * 500_000) for _ in range(30)))
    text = page.get("/queue?name=large").text

    assert "1\N{EN DASH}10 of 30 jobs" in text
    assert "from=10" in text
    assert len(text) < 400_000


def test_a_name_that_is_no_text_is_a_name(page: TestClient, redis: Redis) -> None:
    scene.queue(redis, b"\xff/../?#&", scene.job("Echo"))
    link = address(page.get("/queues").text, r"\xff/../?#&amp;")

    assert "name=%FF%2F..%2F%3F%23%26" in link
    assert "Echo" in page.get(link).text


def test_what_is_not_there_is_not_found(page: TestClient) -> None:
    for path in (
        "/nothing",
        "/queue?name=none",
        "/worker?id=none",
        "/failed?list=none",
        "/queue",
        "/static/x/../site.py",
    ):
        assert page.get(path).status_code == 404


@pytest.mark.parametrize("path", ["/static/x/%2e%2e%2fsite.py", "/static/x/..%2f..%2fsite.py", "/static//etc/passwd"])
def test_no_path_leads_out(page: TestClient, path: str) -> None:
    assert page.get(path).status_code == 404


def test_style_and_script_are_of_the_page_itself(page: TestClient) -> None:
    text = page.get("/").text
    files = re.findall(r'(?:href|src)="(/static/[^"]*)"', text)

    assert len(files) == 3
    for file in files:
        answer = page.get(file)
        assert answer.status_code == 200
        assert "immutable" in answer.headers["cache-control"]
    assert "http://" not in text.replace("redis://", "")


def test_it_can_be_mounted_anywhere(redis: Redis, redis_url: str, fleet: None) -> None:
    mounted = Starlette(routes=[Mount("/admin/resque", app(redis_url, user=lambda scope: "ann"))])
    with TestClient(mounted, base_url="http://testserver") as page:
        text = page.get("/admin/resque/").text
        links = set(re.findall(r'(?:href|action|src)="(/[^"]*)"', text))

        assert all(link.startswith("/admin/resque/") for link in links)
        assert page.get(address(text, "Failed")).status_code == 200
        answer = page.post("/admin/resque/queue/pause?name=mail", data={"resqued_token": page.cookies["resqued_token"]})
        assert str(answer.url).endswith("/admin/resque/queue?name=mail")
    assert redis.hexists("resqued:resque:paused", "mail")


def test_read_only_there_is_nothing_to_press(visit: Open, fleet: None) -> None:
    page = visit(read_only=True)

    for path in ("/", "/queues", "/queue?name=mail", "/failed"):
        assert 'method="post" action' not in page.get(path).text
