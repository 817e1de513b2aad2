"""An account that finds nothing is worth something only if it would find it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from tests.chaos import ledger
from tests.chaos.account import Account, account_of
from tests.chaos.evidence import Entry, Evidence, Harm, InLogs, InRedis
from tests.chaos.masters import Policy
from tests.chaos.script import EQUAL_ONE, Kind, Pushed

SECOND = 1_000_000_000
ONE, OTHER = "h:100:q", "h:101:q"
KILLED = Entry("1", "Resque::DirtyExit", "worker died while processing Perform", ONE)
CRASHED = Entry("1", "Resque::DirtyExit", "job process 11 ended without a verdict: SIGKILL (signal 9)", ONE)
RAISED = Entry("1", "ValueError", "1", ONE)


def a_job(kind: Kind = Kind.QUICK, name: str = "1") -> Pushed:
    return Pushed(0, name, kind, "q", EQUAL_ONE if kind is Kind.EQUAL else b"")


def attempt(*words: str, pid: int = 11, worker: str = ONE, at: int = 0, name: str = "1", run: int = 1) -> list[str]:
    """Lines of the ledger, one tenth of a second after each other."""
    return [
        f"{word} {name} {pid} {at * SECOND + number * SECOND // 10} {worker} {run}" for number, word in enumerate(words)
    ]


def account(
    *pushed: Pushed,
    lines: Sequence[str] = (),
    policy: Policy = "fail",
    killed: dict[int, int] | None = None,
    asked: Sequence[int] = (),
    buried: Collection[int] = (),
    left_over: Mapping[str, str] | None = None,
    **in_redis: Any,
) -> Account:
    """Of `pushed`, if counters are right unless told otherwise."""
    failed, queued = in_redis.get("failed", []), in_redis.get("queued", [])
    found = InRedis(
        queued=[],
        on_slates=[],
        failed=[],
        processed=len(pushed) - len(queued),
        failures=len(failed),
        times_lost={},
        stale=[],
    )
    return account_of(
        Evidence(
            policy=policy,
            limit=3,
            pushed=pushed,
            redis=replace(found, **in_redis),
            ledger=ledger.entered(lines),
            logs=InLogs(frozenset(asked), frozenset(), [], {}, frozenset(buried)),
            harm=Harm(killed or {}),
            left_over=left_over or {},
        )
    )


def wrongs(*pushed: Pushed, **facts: Any) -> dict[str, int]:
    found = account(*pushed, **facts)
    return {wrong: len(details) for wrong, details in found.wrongs.items() if details}


def test_a_job_that_ended_and_is_nowhere_is_done() -> None:
    found = account(a_job(), lines=attempt("start", "end"))

    assert found.places == {"done once": 1}
    assert not any(found.wrongs.values())


@pytest.mark.parametrize("lines", [[], attempt("start")])
def test_a_job_that_is_nowhere_and_never_ended_is_lost(lines: list[str]) -> None:
    assert wrongs(a_job(), lines=lines) == {"lost": 1}


def test_a_job_that_raised_and_left_no_entry_is_lost() -> None:
    assert wrongs(a_job(Kind.RAISES), lines=attempt("start", "end")) == {"lost": 1}


@pytest.mark.parametrize(
    "places",
    [
        {"failed": [RAISED, RAISED]},
        {"failed": [RAISED], "queued": ["1"], "processed": 0},
        {"queued": ["1", "1"], "processed": 0},
    ],
)
def test_a_job_in_two_places_counts_twice(places: dict[str, Any]) -> None:
    found = wrongs(a_job(Kind.RAISES), lines=attempt("start", "end"), **places)

    assert found["double-counted"] == 1


def test_a_job_that_two_processes_were_at_by_the_word_of_the_kernel_is_performed_twice() -> None:
    lines = [*attempt("start", "end"), *attempt("start", "twice", pid=12, at=1)]

    assert wrongs(a_job(), lines=lines, asked=[11]) == {"performed at the same time twice": 1}


def test_a_job_that_two_processes_were_at_by_the_clock_is_performed_twice() -> None:
    lines = [*attempt("start", pid=11), *attempt("start", "end", pid=12), *attempt("end", pid=11, at=1)]

    assert wrongs(a_job(), lines=sorted(lines, key=lambda line: line.split()[3]), asked=[11]) == {
        "performed at the same time twice": 1
    }


def test_a_job_that_stays_on_a_slate_is_told() -> None:
    assert wrongs(a_job(), on_slates=["1"]) == {"left on a slate": 1}


def test_a_killed_worker_is_a_reason_to_fail() -> None:
    found = account(a_job(), lines=attempt("start"), failed=[KILLED], killed={100: 1})

    assert found.places == {"failed: killed": 1}
    assert not any(found.wrongs.values())


def test_a_killed_process_is_a_reason_to_fail() -> None:
    assert not wrongs(a_job(), lines=attempt("start"), failed=[CRASHED], killed={11: 1})


@pytest.mark.parametrize("entry", [KILLED, CRASHED, RAISED])
def test_a_job_that_fails_although_nobody_was_killed_fails_for_no_reason(entry: Entry) -> None:
    assert wrongs(a_job(), lines=attempt("start"), failed=[entry]) == {"failed for no reason": 1}


def test_a_job_fails_by_itself_whatever_happens_to_its_worker() -> None:
    assert account(a_job(Kind.RAISES), lines=attempt("start", "end"), failed=[RAISED]).places == {"failed by itself": 1}


TWICE_BEGUN = [*attempt("start"), *attempt("start", "end", pid=12, worker=OTHER, at=5)]


def test_with_fail_no_job_begins_again_because_its_worker_was_killed() -> None:
    assert wrongs(a_job(), lines=TWICE_BEGUN, killed={100: 1}) == {"begun again for no reason": 1}


def test_with_requeue_it_does() -> None:
    assert not wrongs(a_job(), lines=TWICE_BEGUN, killed={100: 1}, policy="requeue")


def test_a_job_that_our_stop_asked_to_end_begins_again_with_any_policy() -> None:
    assert not wrongs(a_job(), lines=TWICE_BEGUN, asked=[11])


def test_with_requeue_a_job_fails_only_when_it_was_put_back_as_often_as_it_may() -> None:
    facts: dict[str, Any] = {"lines": attempt("start"), "failed": [KILLED], "killed": {100: 1}, "policy": "requeue"}

    assert wrongs(a_job(), **facts, times_lost={"1": 3}) == {"failed although it may be put back": 1}
    assert not wrongs(a_job(), **facts, times_lost={"1": 4})


def test_a_job_that_had_ended_long_before_its_worker_was_killed_may_not_have_failed() -> None:
    facts: dict[str, Any] = {"lines": attempt("start", "end"), "failed": [KILLED]}

    assert wrongs(a_job(), **facts, killed={100: 9 * SECOND}) == {"its end was forgotten": 1}
    assert not wrongs(a_job(), **facts, killed={100: SECOND // 5})


def test_nor_begin_again() -> None:
    lines = [*attempt("start", "end"), *attempt("start", "end", pid=12, worker=OTHER, at=10)]

    assert wrongs(a_job(), lines=lines, killed={100: 9 * SECOND}, policy="requeue") == {"its end was forgotten": 1}


@pytest.mark.parametrize(("what", "value"), [("processed", 0), ("processed", 2)])
def test_a_counter_of_jobs_taken_that_is_off_is_told(what: str, value: int) -> None:
    assert wrongs(a_job(), lines=attempt("start", "end"), **{what: value}) == {"stat:processed": 1}


def test_a_counter_of_failures_that_is_off_is_told() -> None:
    assert wrongs(a_job(), lines=attempt("start", "end"), failures=1) == {"stat:failed": 1}


def test_what_nobody_pushed_is_told() -> None:
    assert wrongs(a_job(), lines=attempt("start", "end"), failed=[replace(KILLED, name="x")]) == {"nobody's": 1}


def test_a_key_that_should_not_be_there_is_told() -> None:
    assert wrongs(a_job(), lines=attempt("start", "end"), stale=["resque:worker:x"]) == {"stale keys": 1}


@pytest.mark.parametrize(("buried", "expected"), [({100}, {"left over, although its master saw it end": 1}), ({7}, {})])
def test_a_job_that_waits_for_a_start_although_a_master_saw_its_worker_end_is_told(
    buried: set[int], expected: dict[str, int]
) -> None:
    assert wrongs(a_job(), lines=attempt("start", "end"), left_over={ONE: "1"}, buried=buried) == expected


# --- equal jobs

EQUALS = [a_job(Kind.EQUAL, "equal") for _ in range(3)]


def performed(times: int) -> list[str]:
    return [line for run in range(times) for line in attempt("start", "end", name="equal", run=run, pid=20 + run)]


def test_equal_jobs_are_counted() -> None:
    found = account(*EQUALS, lines=performed(3))

    assert found.places == {"done once": 3}
    assert not any(found.wrongs.values())


def test_of_equal_jobs_as_many_are_lost_as_never_ended() -> None:
    assert account(*EQUALS, lines=performed(1)).places["lost"] == 2
    assert wrongs(*EQUALS, lines=performed(1)) == {"lost": 1}


def test_of_equal_jobs_more_than_were_pushed_count_twice() -> None:
    queued = {"queued": ["equal"] * 4, "processed": -1}

    assert wrongs(*EQUALS, **queued) == {"double-counted": 1}


def test_equal_jobs_may_not_begin_more_often_than_was_put_back() -> None:
    assert wrongs(*EQUALS, lines=performed(4)) == {"begun again for no reason": 1}
    assert not wrongs(*EQUALS, lines=performed(4), asked=[20])
