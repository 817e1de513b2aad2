"""`resquectl reload`, with processes that answer a HUP as a master would."""

import json
import os
from pathlib import Path

import pytest

from resqued import status
from tests.cli.asking import Ask
from tests.cli.masters import Place, a_pid_that_is_gone, has_a_hup_waiting, master, place

ACCEPT = 'place.write(reload=reload(2, now, "accepted"))'
REFUSE = 'place.write(reload=reload(2, now, "refused", "app.jobs: SyntaxError", "  on line 7"))'


@pytest.fixture(name="place")
def place_of_a_master(tmp_path: Path) -> Place:
    return place(tmp_path)


@pytest.fixture(name="reload")
def reload_in_this_place(ask: Ask, place: Place) -> Ask:
    return lambda *words: ask("-c", str(place.file), "reload", *words)


# Without waiting


def test_the_master_is_sent_a_hup(reload: Ask, place: Place) -> None:
    with master(place, 'print("heard", flush=True)') as process:
        answer = reload()

        assert process.stdout is not None
        assert process.stdout.readline() == "heard\n"
        assert answer == (0, f"asked the master to reload (pid {process.pid})\n", "")


def test_in_json(reload: Ask, place: Place) -> None:
    with master(place) as process:
        assert json.loads(reload("--json").out) == {"pid": process.pid, "asked": True}


# The verdict


def test_a_reload_that_was_accepted_is_status_0(reload: Ask, place: Place) -> None:
    with master(place, ACCEPT):
        assert reload("--wait") == (0, "reload no. 2 accepted\n", "")


def test_a_reload_that_was_refused_is_status_1_with_its_reasons(reload: Ask, place: Place) -> None:
    with master(place, REFUSE):
        answer = reload("--wait")

    assert (answer.status, answer.out) == (1, "")
    assert answer.err.splitlines() == [
        "resquectl: reload no. 2 refused; everything is as it was",
        "resquectl: app.jobs: SyntaxError",
        "resquectl:   on line 7",
    ]


@pytest.mark.parametrize(("told", "state", "code"), [(ACCEPT, "accepted", 0), (REFUSE, "refused", 1)])
def test_the_verdict_in_json(reload: Ask, place: Place, told: str, state: str, code: int) -> None:
    with master(place, told):
        answer = reload("--wait", "--json")

    assert answer.status == code
    assert json.loads(answer.out) | {"reason": []} == {"number": 2, "state": state, "reason": []}


def test_a_verdict_is_waited_for_while_it_is_checked_and_started(reload: Ask, place: Place) -> None:
    steps = "".join(
        f'place.write(reload=reload(2, now, "{state}"))\n' for state in ("checking", "starting", "accepted")
    )
    with master(place, steps):
        assert reload("--wait").status == 0


def test_the_verdict_of_an_earlier_reload_is_not_ours(reload: Ask, place: Place) -> None:
    with master(place, REFUSE, before='reload(1, scoreboard.now(), "accepted")'):
        assert "no. 2 refused" in reload("--wait").err


def test_a_verdict_that_a_check_of_before_reaches_now_is_not_ours(reload: Ask, place: Place) -> None:
    answer = f'place.write(reload=reload(1, before.began_ms, "accepted"))\n{REFUSE}'
    with master(place, answer, before='reload(1, scoreboard.now() - 1, "checking")'):
        assert "no. 2 refused" in reload("--wait").err


# No verdict


@pytest.mark.parametrize(
    ("said", "known"),
    [
        ("None", "the master has not begun with it"),
        ('reload(1, scoreboard.now() - 1, "accepted")', "the master has not begun with it"),
        ('reload(1, scoreboard.now() - 1, "checking")', "the one before it, no. 1, is still checking"),
        ('reload(2, scoreboard.now() + 60_000, "starting")', "reload no. 2 is starting"),
    ],
)
def test_a_time_out_tells_what_is_known(reload: Ask, place: Place, said: str, known: str) -> None:
    with master(place, before=said):
        got = reload("--wait", "--timeout", "0.1")

    assert got.status == 1
    assert got.err.startswith(f"resquectl: no verdict after 0.1 s: {known}; it goes on")


@pytest.mark.parametrize(
    "end",
    ["os._exit(0)", "status.remove(place.directory)", "place.write(born=1)", "place.write(pid=os.getppid())"],
    ids=["killed", "left", "born again", "followed by another"],
)
def test_a_master_that_goes_away_meanwhile_is_a_problem(reload: Ask, place: Place, end: str) -> None:
    with master(place, end) as process:
        assert reload("--wait") == (
            1,
            "",
            f"resquectl: the master of {place.file} has gone (pid {process.pid})\n",
        )


def test_a_master_that_begins_to_stop_will_not_reload(reload: Ask, place: Place) -> None:
    with master(place, 'place.write(mood="stopping")'):
        assert reload("--wait").err == "resquectl: the master is stopping, and does not reload any more\n"


def test_a_master_that_stops_already_is_not_asked(reload: Ask, place: Place) -> None:
    with master(place) as process:
        place.write(pid=process.pid, born=status.read(place.directory).born, mood="draining")

        assert reload().err == "resquectl: the master is draining, and does not reload any more\n"
        assert not has_a_hup_waiting(process.pid)


def test_a_verdict_that_came_before_the_stop_counts(reload: Ask, place: Place) -> None:
    with master(place, 'place.write(mood="stopping", reload=reload(2, now, "accepted"))'):
        assert reload("--wait").status == 0


@pytest.mark.parametrize("seconds", ["soon", "-1", "nan", "inf"])
def test_a_time_out_is_a_number_of_seconds(reload: Ask, seconds: str) -> None:
    answer = reload("--timeout", seconds)

    assert answer.status == 2
    assert "expected seconds" in answer.err


# Whom it signals


def test_without_a_master_there_is_nobody_to_signal(reload: Ask, place: Place) -> None:
    answer = reload()

    assert answer.status == 1
    assert answer.err.startswith(f"resquectl: no resqued with {place.file} runs here")


def test_a_master_that_was_killed_is_not_signalled(reload: Ask, place: Place) -> None:
    place.write(pid=a_pid_that_is_gone())

    assert "has gone" in reload().err


def test_a_pid_that_another_process_has_now_is_not_signalled(reload: Ask, place: Place) -> None:
    with master(place) as process:
        place.write(pid=process.pid, born=1)
        answer = reload()

        assert "has gone" in answer.err
        assert not has_a_hup_waiting(process.pid)


def test_a_pid_of_another_namespace_is_not_signalled(reload: Ask, place: Place) -> None:
    with master(place) as process:
        place.write(pid=process.pid, born=status.read(place.directory).born, pids="pid:[1]")
        answer = reload()

        assert "another pid namespace" in answer.err
        assert not has_a_hup_waiting(process.pid)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
def test_root_does_not_signal_a_process_of_root_because_somebody_else_says_so(reload: Ask, place: Place) -> None:
    with master(place) as process:
        os.chown(place.directory / "status.json", 65534, 65534)
        answer = reload()

        assert "is not of the user who wrote" in answer.err
        assert not has_a_hup_waiting(process.pid)
