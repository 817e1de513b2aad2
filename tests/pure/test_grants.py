"""What becomes of an operator's wishes about pools."""

import pytest

from resqued.errors import NotAnswered, WishRefused
from resqued.escalation import Mood
from resqued.fleet import Fleet, Size, grants
from resqued.wishes import KillJob, Pause, Paused, Refused, Resume, Scale, Unwanted, Wish, decode, encode, understood
from tests.pure.history import History

ROOM = 64


def two_pools() -> History:
    history = History({"mail": 2, "reports": 1})
    history.act()
    return history


def paused(fleet: Fleet) -> list[str]:
    return [pool.name for pool in fleet.pools.values() if pool.paused]


# Pausing


def test_one_pool_is_paused() -> None:
    history = two_pools()

    assert grants.pause(history.fleet, "mail", to=True) == ["mail"]
    assert history.act() == ["hold mail.0", "hold mail.1"]
    assert paused(history.fleet) == ["mail"]


def test_what_is_paused_already_does_not_change() -> None:
    history = two_pools()
    grants.pause(history.fleet, "mail", to=True)

    assert grants.pause(history.fleet, "mail", to=True) == []
    assert grants.pause(history.fleet, None, to=True) == ["reports"]


def test_one_pool_is_resumed_after_all_were_paused() -> None:
    history = two_pools()
    history.fleet.pause(to=True)  # as USR2 does

    assert grants.pause(history.fleet, "reports", to=False) == ["reports"]
    assert paused(history.fleet) == ["mail"]


def test_all_are_resumed_whoever_has_paused_them() -> None:
    history = two_pools()
    grants.pause(history.fleet, "mail", to=True)

    assert grants.pause(history.fleet, None, to=False) == ["mail"]
    assert paused(history.fleet) == []


def test_a_worker_that_comes_later_is_paused_too() -> None:
    history = two_pools()
    grants.pause(history.fleet, "mail", to=True)
    history.act()
    history.exits("mail.0", lived=60.0)

    assert history.slot("mail.0").process is not None
    assert history.act() == []
    grants.pause(history.fleet, "mail", to=False)
    assert history.act() == ["release mail.0", "release mail.1"]


@pytest.mark.parametrize("to", [True, False])
def test_a_pool_that_is_not_there_is_named_with_those_that_are(to: bool) -> None:
    with pytest.raises(WishRefused, match="there is no pool 'mial'; there are: mail, reports"):
        grants.pause(two_pools().fleet, "mial", to=to)


def test_a_pool_that_is_gone_from_the_file_is_not_there() -> None:
    history = two_pools()
    history.reload({"mail": 2})

    assert "reports" in history.fleet.pools
    with pytest.raises(WishRefused, match="there are: mail"):
        grants.pause(history.fleet, "reports", to=True)


@pytest.mark.parametrize("mood", [Mood.DRAINING, Mood.KILLING])
def test_a_stop_changes_no_pool_any_more(mood: Mood) -> None:
    history = two_pools()
    history.shut(mood)

    with pytest.raises(WishRefused, match=f"the master is {mood.name.lower()}"):
        grants.pause(history.fleet, None, to=False)
    with pytest.raises(WishRefused, match=f"the master is {mood.name.lower()}"):
        grants.change(history.fleet, Scale(pool="mail", by=1), ROOM)


# Sizes


@pytest.mark.parametrize(
    ("wish", "by"),
    [
        (Scale(pool="mail", by=3), 3),
        (Scale(pool="mail", by=-1), -1),
        (Scale(pool="mail", by=-9), -2),
        (Scale(pool="mail", to=0), -2),
        (Scale(pool="mail", to=2), 0),
        (Scale(pool="mail", to=5), 3),
    ],
)
def test_how_much_a_pool_is_to_grow(wish: Scale, by: int) -> None:
    assert grants.change(two_pools().fleet, wish, ROOM) == by


def test_a_second_change_counts_from_the_first() -> None:
    history = two_pools()
    history.fleet.resize("mail", grants.change(history.fleet, Scale(pool="mail", by=3), ROOM))

    assert grants.change(history.fleet, Scale(pool="mail", by=-4), ROOM) == -4
    assert grants.change(history.fleet, Scale(pool="mail", to=5), ROOM) == 0


def test_there_is_not_room_for_everybody() -> None:
    fleet = two_pools().fleet

    assert grants.change(fleet, Scale(pool="mail", by=4), room=4) == 4
    with pytest.raises(WishRefused, match="no place for 5 more workers, only for 4"):
        grants.change(fleet, Scale(pool="mail", by=5), room=4)
    assert grants.change(fleet, Scale(pool="mail", by=-1), room=-1) == -1


@pytest.mark.parametrize(("wish", "by"), [(Scale(pool="mail", by=2), 2), (Scale(pool="mail", to=4), 3)])
def test_an_elastic_pool_changes_within_its_bounds(wish: Scale, by: int) -> None:
    assert grants.change(History({"mail": Size(1, 4)}).fleet, wish, ROOM) == by


@pytest.mark.parametrize("wish", [Scale(pool="mail", by=4), Scale(pool="mail", to=0), Scale(pool="mail", by=-1)])
def test_an_elastic_pool_does_not_leave_its_bounds(wish: Scale) -> None:
    with pytest.raises(WishRefused, match="elastic between 1 and 4 workers"):
        grants.change(History({"mail": Size(1, 4)}).fleet, wish, ROOM)


def test_who_cannot_start_workers_grows_no_pool() -> None:
    history = two_pools()
    history.fleet.halt("the application does not import")

    with pytest.raises(WishRefused, match="no worker can be started: the application does not import"):
        grants.change(history.fleet, Scale(pool="mail", by=1), ROOM)
    assert grants.change(history.fleet, Scale(pool="mail", by=-1), ROOM) == -1


# The words


@pytest.mark.parametrize(
    "wish",
    [
        Pause(),
        Pause(pool="märz\n\x1b"),
        Resume(pool="mail"),
        Scale(pool="mail", by=-2),
        Scale(pool="mail", to=0),
        KillJob(pid=4711, turn=1 << 40),
    ],
)
def test_a_wish_is_one_line_and_arrives_as_it_was(wish: Wish) -> None:
    text = encode(wish)

    assert text.isascii()
    assert text.index(b"\n") == len(text) - 1
    assert decode(text) == wish


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"hello",
        b"null",
        b"[]",
        b"{}",
        b'{"wish": "fly"}',
        b'{"wish": "pause", "pool": 3}',
        b'{"wish": "pause", "pools": "mail"}',
        b'{"wish": "scale", "pool": "mail"}',
        b'{"wish": "scale", "pool": "mail", "by": 1, "to": 2}',
        b'{"wish": "scale", "pool": "mail", "by": true}',
        b'{"wish": "scale", "pool": "mail", "by": 1000001}',
        b'{"wish": "scale", "pool": "mail", "to": -1}',
        b'{"wish": "scale", "pool": "mail", "by": 1e999}',
        b'{"wish": "scale", "pool": "mail", "by": ' + b"9" * 3000 + b"}",
        b'{"wish": "kill-job", "pid": 1}',
        b'{"wish": "pause", "pool": "\xff"}',
        b'{"x":' + b"[" * 4000,
        b"[" * 4000,
        b"\x00" * 100,
    ],
)
def test_what_is_no_wish_is_refused(text: bytes) -> None:
    with pytest.raises(WishRefused, match="does not understand"):
        decode(text)


def test_an_answer_is_of_the_kind_that_is_awaited() -> None:
    said = Paused(pools=["mail"], changed=[])

    assert understood(encode(said), Paused) == said
    with pytest.raises(NotAnswered):
        understood(encode(said), Unwanted)


def test_a_refusal_is_one_whatever_is_awaited() -> None:
    with pytest.raises(WishRefused, match="no such pool"):
        understood(encode(Refused(refused="no such pool")), Paused)


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b'"ok"', b'{"refused": 3}', b"[" * 100_000, b"\xff"])
def test_an_answer_that_is_none_is_said_to_be_so(text: bytes) -> None:
    with pytest.raises(NotAnswered, match="not understood"):
        understood(text, Paused)
