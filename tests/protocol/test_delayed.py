"""How a job looks while it waits for its time, and on its queue after."""

import pytest

from resqued.errors import InvalidPayload, NotEncodable
from resqued.protocol import delayed
from resqued.protocol.delayed import Due
from tests.golden import seen


def items(moment: str) -> list[str]:
    """Those of a capture of Ruby's and node's schedulers."""
    dump = seen("scheduler", moment)
    return [text for key, entry in dump.items() if key.startswith("resque:delayed:") for text in entry["value"]]


def test_an_item_is_what_ruby_writes() -> None:
    assert [delayed.item('{"class":"OkJob","args":[1,"é"]}', "ok")] == items("ruby delayed")


@pytest.mark.parametrize(
    "payload",
    [
        '{"class":"A","args":[]}',
        '{"class":"A","args":[1.0,12345678901234567890,{"queue":"x"}],"id":"b"}',
        '{"queue":"old","class":"A","args":[]}',
        '{"class":"A","queue":"q","args":["as node"]}',
        '{"class": "A", "args": ["as pyres"]}',
    ],
)
def test_a_payload_comes_back_as_the_very_text_that_it_was(payload: str) -> None:
    assert delayed.due(delayed.item(payload, "q").encode()) == Due("q", payload)


def test_the_queue_goes_last_and_off_again() -> None:
    (ruby,), (node,) = items("ruby delayed"), items("node delayed")

    assert delayed.due(ruby.encode()) == Due("ok", '{"class":"OkJob","args":[1,"é"]}')
    assert delayed.due(node.encode()) == Due("ok", node)


@pytest.mark.parametrize(
    ("args", "listed"), [('"x"', '["x"]'), ('{"k":1}', '[{"k":1}]'), ("null", "[]"), ("{}", "[]"), ("7", "[7]")]
)
def test_arguments_that_are_no_list_become_one_as_with_rubys_scheduler(args: str, listed: str) -> None:
    assert delayed.due(f'{{"class":"A","args":{args},"queue":"q"}}'.encode()) == Due(
        "q", f'{{"class":"A","args":{listed}}}'
    )


@pytest.mark.parametrize(
    ("item", "why"),
    [
        (b"not json", "not JSON"),
        (b"\xff", "not JSON"),
        (b"[]", "not a JSON object"),
        (b'{"args":[],"queue":"q"}', 'no "class"'),
        (b'{"class":"A","args":[]}', 'no "queue".*None'),
        (b'{"class":"A","args":[],"queue":["q"]}', 'no "queue"'),
        (b'{"class":"A","args":[],"queue":""}', 'no "queue"'),
        (b'{"class":"A","args":%d,"queue":"q"}' % 10**30, "64 bits"),
    ],
)
def test_what_can_go_nowhere_says_why(item: bytes, why: str) -> None:
    with pytest.raises(InvalidPayload, match=why):
        delayed.due(item)


@pytest.mark.parametrize(("at", "second"), [(7, 7), (7.0, 7), (7.01, 8), (0, 0)])
def test_a_job_is_never_due_before_its_time(at: float, second: int) -> None:
    assert delayed.epoch(at) == second


@pytest.mark.parametrize("at", [-1, float("nan"), float("inf"), 253402300800])
def test_what_no_peer_could_show_is_no_time(at: float) -> None:
    with pytest.raises(NotEncodable, match="no time to run a job at"):
        delayed.epoch(at)


@pytest.mark.parametrize(
    ("epoch", "year"),
    [("0", 1970), ("4102444800", 2100), ("253402300799", 9999), ("253402300800", None), ("9" * 5000, None)]
    + [(text, None) for text in ("", "-1", "1.5", "\u0661", "1e3", " 1", "\udcff")],
)
def test_an_epoch_is_shown_as_a_time_if_anybody_could_have_meant_one(epoch: str, year: int | None) -> None:
    moment = delayed.moment(epoch)

    assert (moment and moment.year) == year
