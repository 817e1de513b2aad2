"""What one image of a master leaves to the next."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import fields
from math import inf

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from resqued.backoff import Backoff
from resqued.escalation import Mood
from resqued.fleet import Fleet, Limits, Process, Sight, Size, Slot, Spawn, Tell
from resqued.handover import LAYOUT, Handover, Heir, Totals, decode, encode
from resqued.reload import Record, State

NOW = 1000.0


def handover(workers: Sequence[Heir] = (), house: Sequence[Heir] = (), **facts: object) -> Handover:
    left = Handover(
        generation=0,
        started_at=1.8e9,
        text="",
        nohup=False,
        fixed={},
        boards={},
        lifeline=(3, 4),
        bell=(5, 6),
        tokens={},
        lock=7,
        workers=list(workers),
        of_the_house=list(house),
        paused=[],
        all_paused=False,
        needs_pruning=False,
        killed_jobs=[],
        reload=None,
    )
    return msgspec.structs.replace(left, **facts)


def slot(pool: str, number: int, process: Process, restarts: int = 0) -> Slot:
    backoff = Backoff(first=1.0, most=1.0, chance=lambda: 0.5)
    return Slot(f"{pool}.{number}", pool, number, backoff, process=process, restarts=restarts)


def heir(pool: str, number: int = 0, *, pid: int = 0, **facts: object) -> Heir:
    process = Process(pid or 100 + number, 0, NOW - 60, ready_at=NOW - 59)
    return msgspec.structs.replace(Heir.of(slot(pool, number, process)), **facts)


def fleet(pools: Mapping[str, int | Size], services: Sequence[str] = ()) -> Fleet:
    return Fleet(
        {name: size if isinstance(size, Size) else Size(size, size) for name, size in pools.items()},
        Limits(20.0, 4.0, 5.0),
        generation=1,
        services=services,
        chance=lambda: 0.5,
    )


def heirs(pools: Mapping[str, int]) -> list[Heir]:
    """Of a fleet with pools of these sizes."""
    names = [(pool, number) for pool, workers in pools.items() for number in range(workers)]
    return [heir(pool, number, pid=100 + index) for index, (pool, number) in enumerate(names)]


def bequeathed(before: Mapping[str, int], after: Mapping[str, int | Size]) -> Fleet:
    new = fleet(after)
    handover(heirs(before)).bequeath(new)
    return new


def wanted(fleet: Fleet) -> list[str]:
    return [slot.name for slot in fleet.workers if slot.wanted]


def filled(fleet: Fleet) -> dict[str, int]:
    return {slot.name: slot.pid for slot in fleet.workers if slot.pid}


# The text


def test_everything_arrives_as_it_was_sent() -> None:
    record = Record(3, NOW, NOW + 0.1, State.STARTING, NOW + 2.5, ("one", "two"))
    every = Handover(
        generation=7,
        started_at=1.8e9 + 0.25,
        text='[pools."märz"]\nqueues = ["*"]\n',
        nohup=True,
        fixed={"daemon.run_dir": "/run/resqued"},
        boards={6: "/run/resqued/scoreboard.1.6", 7: "/run/resqued/scoreboard.1.7"},
        lifeline=(3, 4),
        bell=(5, 6),
        tokens={"mail": (7, 8), "reports": (9, 10)},
        lock=11,
        hold=12,
        control=13,
        metrics=14,
        metrics_at="127.0.0.1:9748",
        totals=Totals(places={"mail": ["*", "mail"]}, left={"mail": [1, 2]}, exits={"mail": {"died": 1}}),
        workers=[heir("mail", 1), heir("reports", 2, told=1, kills_at=NOW + 2, killed=True)],
        of_the_house=[heir("redis"), heir("pruner")],
        paused=["mail"],
        all_paused=True,
        needs_pruning=True,
        killed_jobs=[4711, 4712],
        reload=record,
        asked_at=NOW + 3,
    )
    names = {field.name for field in msgspec.structs.fields(Handover)}

    assert decode(encode(every)) == every
    assert {name for name in names if getattr(every, name)} == names  # none was left out


def test_what_may_be_absent_arrives_as_absent() -> None:
    assert decode(encode(handover())) == handover()


times = st.floats(min_value=0, max_value=1e9)


@given(
    st.builds(
        Process,
        pid=st.integers(min_value=1),
        generation=st.integers(min_value=0),
        spawned_at=times,
        row=st.integers(min_value=-1, max_value=1000),
        ready_at=st.none() | times,
        retired=st.booleans(),
        told=st.sampled_from(Mood),
        paused=st.booleans(),
        kills_at=st.just(inf) | times,
        killed=st.booleans(),
    )
)
def test_a_process_arrives_as_it_was(process: Process) -> None:
    (arrived,) = decode(encode(handover([Heir.of(slot("mail", 3, process, restarts=2))]))).workers

    assert (arrived.pool, arrived.number, arrived.restarts) == ("mail", 3, 2)
    for field in fields(Process):
        assert getattr(arrived.process(), field.name) == getattr(process, field.name), field.name


def test_what_a_later_version_adds_is_nothing_to_an_older_one() -> None:
    facts = json.loads(encode(handover([heir("mail")])))
    facts["weather"] = "fine"
    facts["workers"][0]["weather"] = "fine"

    assert decode(json.dumps(facts).encode()) == handover([heir("mail")])


@pytest.mark.parametrize("layout", [LAYOUT + 1, 0, None, "1"])
def test_another_layout_is_refused(layout: object) -> None:
    facts = json.loads(encode(handover()))
    facts["layout"] = layout

    with pytest.raises(ValueError, match=f"left layout {layout}; this one knows {LAYOUT}"):
        decode(json.dumps(facts).encode())


@pytest.mark.parametrize(
    "text", [b"", b"what?", b"[]", b"1", b"null", b"{}", b'{"layout": 1}', b'{"layout": 1, "generation": "x"}', b"\xff"]
)
def test_what_is_no_handover_is_refused(text: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  whatever it says
        decode(text)


# The descriptors


def test_every_pipe_and_lock_is_to_stay_open() -> None:
    left = handover(tokens={"mail": (20, 21), "reports": (22, 23)}, hold=8)

    assert sorted(left.descriptors) == [3, 4, 5, 6, 7, 8, 20, 21, 22, 23]


def test_a_hold_on_a_redis_of_others_is_none() -> None:
    assert sorted(handover().descriptors) == [3, 4, 5, 6, 7]


# The workers


def test_each_worker_keeps_its_place() -> None:
    new = bequeathed({"mail": 2, "reports": 1}, {"mail": 2, "reports": 1})

    assert filled(new) == {"mail.0": 100, "mail.1": 101, "reports.0": 102}
    assert wanted(new) == ["mail.0", "mail.1", "reports.0"]


def test_a_pool_that_appears_is_empty() -> None:
    new = bequeathed({"mail": 1}, {"mail": 1, "reports": 2})

    assert filled(new) == {"mail.0": 100}
    assert wanted(new) == ["mail.0", "reports.0", "reports.1"]


def test_a_pool_that_grows_has_room() -> None:
    new = bequeathed({"mail": 1}, {"mail": 3})

    assert filled(new) == {"mail.0": 100}
    assert wanted(new) == ["mail.0", "mail.1", "mail.2"]


def test_in_a_pool_that_shrinks_the_highest_numbers_lose_their_place() -> None:
    new = bequeathed({"mail": 3}, {"mail": 1})

    assert filled(new) == {"mail.0": 100, "mail.1": 101, "mail.2": 102}
    assert wanted(new) == ["mail.0"]


def test_in_a_pool_that_rests_from_now_on_all_lose_their_place() -> None:
    new = bequeathed({"mail": 2}, {"mail": 0})

    assert (set(filled(new)), wanted(new)) == ({"mail.0", "mail.1"}, [])


def test_a_pool_that_vanishes_is_there_as_long_as_its_workers() -> None:
    new = bequeathed({"mail": 1, "gone": 1}, {"mail": 1})

    assert filled(new) == {"mail.0": 100, "gone.0": 101}
    assert wanted(new) == ["mail.0"]
    assert new.pools["gone"].size == Size(0, 0)


def test_a_pool_that_becomes_elastic_keeps_as_many_as_it_may_have() -> None:
    new = bequeathed({"mail": 6}, {"mail": Size(2, 4, spare=1)})

    assert len(filled(new)) == 6
    assert wanted(new) == ["mail.0", "mail.1", "mail.2", "mail.3"]


def test_a_pool_that_is_elastic_no_longer_has_the_number_of_workers_that_it_shall_have() -> None:
    assert wanted(bequeathed({"mail": 2}, {"mail": 3})) == ["mail.0", "mail.1", "mail.2"]


def test_numbers_beyond_those_of_the_configuration_lose_their_place() -> None:
    new = fleet({"mail": 2})
    handover([heir("mail", 0), heir("mail", 7)]).bequeath(new)

    assert wanted(new) == ["mail.0", "mail.1"]
    assert set(filled(new)) == {"mail.0", "mail.7"}


@given(
    before=st.dictionaries(st.sampled_from("abc"), st.integers(min_value=0, max_value=5)),
    after=st.dictionaries(
        st.sampled_from("abc"),
        st.integers(min_value=0, max_value=5)
        | st.builds(lambda least, more: Size(least, least + more), st.integers(0, 3), st.integers(0, 3)),
    ),
)
def test_nobody_is_forgotten_and_nobody_has_more_workers_than_configured(
    before: Mapping[str, int], after: Mapping[str, int | Size]
) -> None:
    new = bequeathed(before, after)
    for worker in [slot for slot in new.workers if slot.process]:
        new.seen(worker, Sight(is_ready=True, tick=NOW), NOW)
    plan = new.plan(NOW)

    assert sorted(filled(new).values()) == list(range(100, 100 + sum(before.values())))
    for name, pool in new.pools.items():
        spawned = [action for action in plan if isinstance(action, Spawn) and action.slot.pool == name]
        told = [action for action in plan if isinstance(action, Tell) and action.slot.pool == name]
        assert pool.size.min <= pool.wanted <= pool.size.max
        assert len(spawned) == max(0, pool.wanted - before.get(name, 0))
        assert len(told) >= max(0, before.get(name, 0) - pool.size.max)


def test_deaths_are_counted_on() -> None:
    new = fleet({"mail": 1})
    handover([heir("mail", restarts=5)]).bequeath(new)

    assert new.workers[0].restarts == 5


def test_who_has_been_told_to_leave_is_not_told_again() -> None:
    new = fleet({"mail": 1})
    handover([heir("mail", told=Mood.DRAINING, retired=True)]).bequeath(new)

    assert not [action for action in new.plan(NOW) if isinstance(action, Tell)]


def test_who_was_about_to_be_killed_still_is() -> None:
    new = fleet({"mail": 1})
    handover([heir("mail", kills_at=NOW + 1)]).bequeath(new)
    new.plan(NOW)

    assert new.wakes_at() == NOW + 1


# Intentions, and the house


def test_who_serves_the_workers_goes_on() -> None:
    new = fleet({"mail": 1}, ["redis"])
    handover(house=[heir("redis", pid=50), heir("pruner", pid=51)]).bequeath(new)

    assert (new.services[0].pid, new.pruner.pid) == (50, 51)


def test_a_service_that_was_not_there_is_started() -> None:
    new = fleet({}, ["redis"])
    handover().bequeath(new)

    assert [action.slot.name for action in new.plan(NOW) if isinstance(action, Spawn)] == ["redis"]


def test_a_pool_may_be_called_as_a_service() -> None:
    new = fleet({"redis": 1}, ["redis"])
    handover([heir("redis", pid=50)], [heir("redis", pid=51)]).bequeath(new)

    assert (filled(new), new.services[0].pid) == ({"redis.0": 50}, 51)


def test_what_is_left_to_settle_stays_to_be_settled() -> None:
    new = fleet({})
    handover(needs_pruning=True).bequeath(new)

    assert [action.slot.name for action in new.plan(NOW) if isinstance(action, Spawn)] == ["pruner"]


def paused_after(left: Handover) -> list[str]:
    new = fleet({"mail": 1, "reports": 1})
    left.bequeath(new)
    return [pool.name for pool in new.pools.values() if pool.paused]


def test_pools_that_were_paused_stay_so() -> None:
    assert paused_after(handover(paused=["reports", "gone"])) == ["reports"]


def test_where_all_were_paused_those_that_appear_are_too() -> None:
    assert paused_after(handover(paused=["mail"], all_paused=True)) == ["mail", "reports"]


def test_where_none_was_paused_none_is() -> None:
    assert paused_after(handover()) == []
