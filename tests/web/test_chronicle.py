"""What has been is written while somebody looks, and told afterwards."""

from redis import Redis
from starlette.testclient import TestClient

from resqued.store.history import Sample
from resqued.web import charts
from resqued.web.chronicle import per_hour
from tests.support.waiting import eventually

MINUTES = "resqued:resque:history:minutes"


def sample(at: int, failed: int) -> Sample:
    return Sample(at=at, processed=0, failed=failed, waiting=0, working=0, workers=0, kept=0)


def test_who_looks_has_it_written_once_a_minute(page: TestClient, redis: Redis) -> None:
    for _ in range(5):
        page.get("/")

    eventually(lambda: redis.llen(MINUTES) == 1)
    assert redis.llen("resqued:resque:history:queues") == 1


def test_where_there_can_be_none_the_pages_say_so_and_go_on(page: TestClient, redis: Redis) -> None:
    redis.set(MINUTES, "somebody else's")

    for path in ("/", "/statistics"):
        answer = page.get(path)
        assert answer.status_code == 200
        assert "There is no history: Redis refused a command: WRONGTYPE" in answer.text


def test_the_pace_is_that_of_the_last_minutes(page: TestClient, redis: Redis) -> None:
    redis.set("resque:stat:processed", 1000)

    def shown_within_a_second() -> str | None:
        now = redis.time()[0]
        redis.delete(MINUTES)
        redis.rpush(MINUTES, *(f"[{now - 60 * n},{1000 - 30 * n},0,0,0,0,0]" for n in range(1, 9)))
        text = page.get("/").text
        return text if redis.time()[0] == now else None

    assert "<dd>30<small>/min</small></dd>" in (eventually(shown_within_a_second) or "")


def test_failures_are_counted_by_the_hour() -> None:
    samples = [sample(7300, 9), sample(7100, 5), sample(3700, 4), sample(3500, 0)]

    assert per_hour(samples, "failed") == [(0, 0), (1, 5), (2, 4)]


def test_of_more_than_can_be_seen_the_peaks_are_drawn() -> None:
    drawn = charts.line([0.0] * 1000 + [7.0] + [0.0] * 439, 720, 100)

    assert drawn
    assert drawn.most == 7.0
    assert len(drawn.points.split()) <= charts.MOST
    assert charts.line([1.0], 720, 100) is None


def test_bars_have_their_place_and_height() -> None:
    low, high = charts.bars([("a", 1), ("b", 4)], 100, 40)

    assert (low.x, low.height, high.x, high.height) == (0, 10, 50, 40)
