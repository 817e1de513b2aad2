"""`resquectl status`, with a status and scoreboards as a master leaves them."""

import json
import os
import re
from datetime import UTC, datetime
from pathlib import Path
from time import time
from typing import Any

import pytest

from resqued import places, scoreboard, status
from resqued.scoreboard import Scoreboard, State
from resqued.status import PoolStatus, ReloadStatus, RoleStatus, RolloutStatus
from tests.cli.asking import Ask, lines
from tests.cli.masters import Place, a_pid_that_is_gone
from tests.cli.stage import Stage, worker

HOUR = 3_600_000  # ms


@pytest.fixture(name="show")
def status_of_this_place(ask: Ask, stage: Stage) -> Ask:
    return lambda *words: ask("-c", str(stage.place.file), "status", *words)


def cells(text: str, first: str) -> list[str]:
    """Of the line that begins with this word."""
    return next(line for line in lines(text) if line and line[0] == first)


# A master that runs


def test_the_master_is_shown(show: Ask, stage: Stage) -> None:
    stage.says(worker(), generation=3)
    answer = show()

    assert (answer.status, answer.err) == (0, "")
    head = answer.out.split("\n\n")[0].splitlines()
    assert head[0] == f"config    {stage.place.file}"
    assert head[1] == f"master    {os.getpid()}, resqued 1.0.0, generation 3"
    assert head[2].endswith(" UTC, 2h ago")
    assert head[3] == "state     running"
    assert re.fullmatch(r"memory    \d+MiB; \d+MiB with all its processes", head[4])
    assert head[5:] == []


def test_workers_are_shown_with_what_they_do(show: Ask, stage: Stage) -> None:
    stage.row(0).begin("SendMail")
    stage.row(0).done, stage.row(0).failed = 812, 2
    stage.row(1).state = State.IDLE
    stage.says(worker(0), worker(1), worker(2, pid=None, restarts=9, restarts_at=time() + 100))
    rows = lines(show().out.split("\n\n")[2])

    pid = str(os.getpid())
    assert rows[0] == ["WORKER", "PID", "STATE", "FOR", "DONE", "FAILED", "MEMORY", "JOB"]
    assert (rows[1][:3], rows[1][4:6], rows[1][7:]) == (["mail.0", pid, "busy"], ["812", "2"], ["SendMail"])
    assert (rows[2][:3], rows[2][4:6], rows[2][7:]) == (["mail.1", pid, "idle"], ["0", "0"], [])
    assert rows[3][:7] == ["mail.2", "-", "down", "-", "-", "-", "-"]
    assert rows[3][7:10] == ["9", "restarts,", "again"]


def test_who_waits_for_something_else_than_time_is_not_said_to_be_back_at_once(show: Ask, stage: Stage) -> None:
    stage.says(worker(0, pid=None, restarts=1, restarts_at=time() - 100))
    rows = lines(show().out.split("\n\n")[2])

    assert rows[1][7:] == ["1", "restart"]


def test_the_process_of_a_job_is_named(show: Ask, stage: Stage) -> None:
    """For whoever wants to end this very job."""
    stage.row(0).begin("SendMail")
    stage.row(0).job = 4711
    stage.says(worker(leaving=True))

    assert cells(show().out, "mail.0")[7:] == ["SendMail", "(process", "4711,", "leaving)"]


def test_who_waits_for_a_redis_that_is_away_is_offline(
    show: Ask, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number, state in enumerate((State.IDLE, State.PAUSED, State.IDLE)):
        stage.row(number).state = state
    stage.row(1).lost_redis()
    stage.row(2).lost_redis()
    stage.says(*map(worker, range(3)))
    later = scoreboard.now() + 3 * HOUR
    monkeypatch.setattr(scoreboard, "now", lambda: later)
    answer = show()

    assert answer.status == 1
    assert answer.out.endswith("\n\nproblem: Redis does not answer 2 of 3 workers of mail, for 3h\n")
    assert cells(answer.out, "mail") == ["mail", "3", "-", "1", "1", "1", "-", "-"]
    assert cells(answer.out, "mail.1")[2:4] == ["paused", "3h"]
    assert cells(answer.out, "mail.1")[7:] == ["no", "Redis", "for", "3h"]
    assert cells(answer.out, "mail.2")[2:4] == ["offline", "3h"]
    assert cells(answer.out, "mail.2")[7:] == []


def test_since_when_redis_is_away_in_json(show: Ask, stage: Stage) -> None:
    stage.row(0).state = stage.row(1).state = State.IDLE
    stage.row(0).lost_redis()
    stage.says(worker(0), worker(1))
    answer = json.loads(show("--json").out)
    (away, well), (problem,) = answer["workers"], answer["problems"]

    assert problem.startswith("Redis does not answer 1 of 2 workers of mail, for ")
    assert (away["state"], well["state"], well["redis_away"]) == ("offline", "idle", None)
    assert away["since"] == away["redis_away"]
    assert (datetime.now(UTC) - datetime.fromisoformat(away["redis_away"])).total_seconds() < 60


def test_a_size_that_is_not_the_configured_one_is_shown_beside_it(show: Ask, stage: Stage) -> None:
    stage.says(worker(), pool=PoolStatus(workers=5, min=3, max=3))

    assert cells(show().out, "mail")[:3] == ["mail", "5", "(3)"]


def test_of_pids_of_another_namespace_nothing_is_measured(show: Ask, stage: Stage) -> None:
    stage.row(0).begin("SendMail")
    stage.row(0).job, stage.row(0).rss = os.getpid(), 42
    stage.says(worker(), pids="pid:[1]")
    found = json.loads(show("--json").out)

    assert (found["memory"], found["memory_all"]) == (None, None)
    assert [found["workers"][0][key] for key in ("memory", "job_memory")] == [42, None]


def test_how_long_a_worker_has_been_in_its_state(show: Ask, stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    stage.row(0).state = State.IDLE
    stage.says(worker())
    later = scoreboard.now() + 5 * HOUR
    monkeypatch.setattr(scoreboard, "now", lambda: later)

    assert cells(show().out, "mail.0")[3] == "5h"


def test_the_memory_of_a_worker_is_that_of_its_process(show: Ask, stage: Stage) -> None:
    stage.row(0).rss = 7
    stage.says(worker())

    assert cells(show().out, "mail.0")[6].endswith("MiB")


def test_pools_are_shown_with_how_many_workers_are_in_each_state(show: Ask, stage: Stage) -> None:
    for number, state in enumerate((State.BUSY, State.PAUSED, State.OFFLINE, State.STARTING)):
        stage.row(number).state = state
    stage.says(*map(worker, range(4)), worker(5, pid=None), pool=PoolStatus(workers=5, min=2, max=8, paused=True))
    rows = lines(show().out.split("\n\n")[1])

    assert rows == [
        ["POOL", "WANTED", "BUSY", "IDLE", "PAUSED", "OFFLINE", "STARTING", "DOWN"],
        ["mail", "5", "(2-8)", "1", "-", "1", "1", "1", "1", "paused"],
    ]


def test_it_can_be_read_at_80_columns(show: Ask, stage: Stage) -> None:
    stage.row(0).begin("app.jobs.mail:Send")
    stage.row(0).done, stage.row(0).failed = 123_456, 12_345
    stage.says(
        worker(slot="critical.12", pid=4_194_304),
        pool=PoolStatus(workers=12, min=10, max=99, paused=True, degraded=True),
    )

    assert [line for line in show().out.split("problem:")[0].splitlines()[4:] if len(line) > 80] == []


@pytest.mark.parametrize(
    ("facts", "remark"),
    [
        ({"leaving": True}, "leaving"),
        ({"generation": 7}, "generation 7"),
        ({"restarts": 1}, "1 restart"),
        ({"restarts": 2, "leaving": True}, "leaving, 2 restarts"),
    ],
)
def test_what_is_unusual_stands_behind_the_job(show: Ask, stage: Stage, facts: dict[str, Any], remark: str) -> None:
    stage.row(0).begin("SendMail")
    stage.row(1).state = State.IDLE
    stage.says(worker(0, **facts), worker(1, **facts))
    busy, idle = show().out.splitlines()[-2:]

    assert busy.endswith(f" SendMail ({remark})")
    assert idle.endswith(f"  {remark}")


def test_a_worker_that_has_not_ticked_for_long_is_told(show: Ask, stage: Stage) -> None:
    stage.row(0).tick, stage.row(1).tick = scoreboard.now() - 100_000, scoreboard.now()
    stage.says(worker(0), worker(1))
    stuck, well = show().out.splitlines()[-2:]

    assert "no tick for 10" in stuck
    assert "tick" not in well


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"mood": "draining"}, "draining: each worker leaves after its present job, however long that takes"),
        ({"mood": "stopping", "stops_by": time() + 86400 * 5 - 60}, "stopping, gone in 5d at the latest"),
        ({"mood": "hurrying", "stops_by": 1.0}, "stopping in a hurry, gone in 0s at the latest"),
        ({"pids": "pid:[1]"}, "running (in another pid namespace: whether it lives is not known here)"),
    ],
)
def test_the_state_of_a_master(show: Ask, stage: Stage, facts: dict[str, Any], words: str) -> None:
    stage.says(worker(), **facts)
    answer = show()

    assert answer.status == 0
    assert f"state     {words}\n" in answer.out


def test_a_reload_that_was_refused_is_shown_with_its_reasons_and_is_no_problem(show: Ask, stage: Stage) -> None:
    at = time() - 7200
    reasons = ("app.jobs does not import:", "SyntaxError\n  line 7")
    stage.says(reload=ReloadStatus(number=4, asked_at_ms=1, began_ms=1, state="refused", reason=reasons, at=at))
    answer = show()

    assert answer.status == 0
    assert (
        "reload    no. 4 refused, 2h ago\n"
        "          app.jobs does not import:\n"
        "          SyntaxError\n"
        "            line 7\n"
    ) in answer.out


def test_a_roll_out_is_shown(show: Ask, stage: Stage) -> None:
    stage.says(rollout=RolloutStatus(old=3, state="probing"))
    answer = show()

    assert answer.status == 0
    assert "rollout   probing; workers of earlier generations: 3\n" in answer.out


def test_a_scheduler_is_shown(show: Ask, stage: Stage) -> None:
    stage.says(roles=(RoleStatus(name="scheduler", pid=7, started_at=time() - 300),))
    answer = show()

    assert "scheduler process 7, for 5m" in answer.out
    assert "the scheduler has died" not in answer.out


def test_a_scheduler_that_is_down_is_a_problem(show: Ask, stage: Stage) -> None:
    stage.says(roles=(RoleStatus(name="scheduler", restarts=2, restarts_at=time() + 90000),))
    answer = show()

    assert "scheduler down, 2 restarts, again in " in answer.out
    assert "problem: the scheduler has died 2 times" in answer.out


# For programs


def test_json_says_everything(show: Ask, stage: Stage) -> None:
    stage.row(0).begin("SendMail")
    stage.row(0).job, stage.row(0).done, stage.row(0).failed, stage.row(0).tick = os.getpid(), 812, 2, scoreboard.now()
    stage.row(0).turn = 17
    stage.says(
        worker(0, started_at=1790000000.9, restarts=1, leaving=True),
        worker(1, pid=None, restarts_at=1790000001.0),
        started_at=1790000000.0,
        stops_by=1790000100.0,
        mood="stopping",
        reload=ReloadStatus(number=4, asked_at_ms=1, began_ms=1, state="refused", reason=("why",), at=1790000002.0),
        rollout=RolloutStatus(old=1, state="replacing"),
        roles=(RoleStatus(name="scheduler", pid=7, started_at=1790000003.0, restarts=1),),
    )
    found = json.loads(show("--json").out)
    first, second = found.pop("workers")
    assert found.pop("memory") > 1_000_000
    assert found.pop("memory_all") > 1_000_000

    (role,) = found.pop("roles")
    assert role == {
        "role": "scheduler",
        "pid": 7,
        "started": "2026-09-21T14:13:23+00:00",
        "restarts": 1,
        "restarts_at": None,
    }
    assert found == {
        "alive": True,
        "problems": [],
        "directory": str(stage.place.directory),
        "config": str(stage.place.file),
        "version": "1.0.0",
        "pid": os.getpid(),
        "generation": 1,
        "started": "2026-09-21T14:13:20+00:00",
        "mood": "stopping",
        "stops_by": "2026-09-21T14:15:00+00:00",
        "reload": {"number": 4, "state": "refused", "reason": ["why"], "at": "2026-09-21T14:13:22+00:00"},
        "rollout": {"state": "replacing", "old": 1},
        "pools": [
            {
                "pool": "mail",
                "workers": 2,
                "min": 2,
                "max": 2,
                "paused": False,
                "degraded": False,
                "reason": "",
                "states": {
                    **dict.fromkeys(("starting", "offline", "idle", "paused", "leaving", "unknown"), 0),
                    "busy": 1,
                    "down": 1,
                },
            }
        ],
    }
    moments = [datetime.fromisoformat(first.pop(key)) for key in ("since", "ticked")]
    assert all(abs((moment - datetime.now(UTC)).total_seconds()) < 60 for moment in moments)
    assert first.pop("memory") > 1_000_000
    assert first.pop("job_memory") > 1_000_000
    assert first == {
        "worker": "mail.0",
        "pool": "mail",
        "pid": os.getpid(),
        "generation": 1,
        "state": "busy",
        "job": "SendMail",
        "job_pid": os.getpid(),
        "turn": 17,
        "redis_away": None,
        "done": 812,
        "failed": 2,
        "leaving": True,
        "started": "2026-09-21T14:13:20+00:00",
        "restarts": 1,
        "restarts_at": None,
    }
    job = dict.fromkeys(("job", "job_pid", "job_memory", "turn"))
    nobody = job | dict.fromkeys(("pid", "since", "done", "failed", "ticked", "redis_away", "memory", "started"))
    assert second == nobody | {
        "worker": "mail.1",
        "pool": "mail",
        "generation": 1,
        "state": "down",
        "leaving": False,
        "restarts": 0,
        "restarts_at": "2026-09-21T14:13:21+00:00",
    }


def test_json_of_a_master_of_which_there_is_little_to_say(show: Ask, stage: Stage) -> None:
    stage.says()
    found = json.loads(show("--json").out)

    assert [found[key] for key in ("stops_by", "reload", "rollout", "workers")] == [None, None, None, []]


# Problems


def test_a_degraded_pool_is_a_problem(show: Ask, stage: Stage) -> None:
    reason = "no worker gets ready: ImportError: no module named app\nin line 7"
    stage.says(worker(), pool=PoolStatus(workers=1, min=1, max=1, degraded=True, reason=reason))
    answer = show()

    assert answer.status == 1
    assert cells(answer.out, "mail")[-1] == "degraded"
    assert answer.out.endswith(
        "\n\nproblem: pool mail is degraded: no worker gets ready: ImportError: no module named app\n"
        "problem: in line 7\n"
    )


def test_a_roll_out_that_stopped_is_a_problem(show: Ask, stage: Stage) -> None:
    stage.says(rollout=RolloutStatus(old=3, state="stopped"))

    assert show().status == 1


def test_a_master_that_was_killed_does_not_run(show: Ask, stage: Stage) -> None:
    stage.says(worker(), pid=a_pid_that_is_gone())
    answer = show()

    assert answer.status == 1
    assert "state     not running\n" in answer.out
    assert "problem: the master has ended without a word" in answer.out
    assert "mail.0" not in answer.out


def test_a_master_that_was_killed_in_json(show: Ask, stage: Stage) -> None:
    stage.says(worker(), born=1)
    answer = show("--json")

    assert answer.status == 1
    assert json.loads(answer.out)["alive"] is False


def test_without_a_master_it_says_where_it_looked_and_what_to_do(show: Ask, stage: Stage) -> None:
    answer = show()

    assert (answer.status, answer.out) == (1, "")
    assert f"no resqued with {stage.place.file} runs here" in answer.err
    assert str(stage.place.directory) in answer.err
    assert f"start it: `resqued -c {stage.place.file}`, or its unit" in answer.err
    assert "in another run directory: RUNTIME_DIRECTORY=" in answer.err


def test_what_cannot_be_known_from_a_broken_file_is_not_denied(show: Ask, stage: Stage) -> None:
    stage.place.file.write_text("oops = ")
    answer = show()

    assert answer.status == 1
    assert "runs here" not in answer.err
    assert "its daemon.run_dir is not known" in answer.err
    assert "in another run directory: RUNTIME_DIRECTORY=" in answer.err


def test_without_a_master_the_mistakes_of_the_file_are_told(ask: Ask, tmp_path: Path) -> None:
    answer = ask("-c", str(tmp_path / "resqud.toml"), "status")

    assert answer.status == 1
    assert "resqud.toml: cannot be read: No such file or directory" in answer.err


@pytest.mark.parametrize("text", ["[daemon]\nrun_dir = 7\n[daemonn]\n", "not TOML", None])
def test_a_file_that_is_wrong_by_now_hides_no_master(
    show: Ask, stage: Stage, text: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(stage.place.directory.parent))
    stage.says(worker())
    if text is None:
        stage.place.file.unlink()
    else:
        stage.place.file.write_text(text)

    assert show().status == 0


def test_a_status_of_a_later_version_is_a_problem(show: Ask, stage: Stage) -> None:
    stage.says(schema=2, version="9.0.0")

    assert "use the resquectl of that version" in show().err


# Races and strangers


def test_a_worker_whose_process_has_gone_is_no_error(show: Ask, stage: Stage) -> None:
    stage.row(0).state = State.IDLE
    stage.says(worker(pid=a_pid_that_is_gone()))
    answer = show()

    assert answer.status == 0
    assert cells(answer.out, "mail.0")[2] == "idle"


def board_gone(stage: Stage) -> None:
    stage.board.remove()


def board_of_another_layout(stage: Stage) -> None:
    assert stage.board.file
    stage.board.file.write_bytes(b"\xff" * 1000)


def board_too_short(stage: Stage) -> None:
    assert stage.board.file
    stage.board.file.write_bytes(b"")


def state_unknown(stage: Stage) -> None:
    stage.row(0).cells[scoreboard._STATE] = 99


@pytest.mark.parametrize("spoil", [board_gone, board_of_another_layout, board_too_short, state_unknown])
def test_a_row_that_cannot_be_read_is_no_error(show: Ask, stage: Stage, spoil: Any) -> None:
    stage.says(worker())
    spoil(stage)
    answer = show()

    assert answer.status == 0
    assert cells(answer.out, "mail.0")[2:6] == ["unknown", "-", "-", "-"]


@pytest.mark.parametrize("place_", [{"board": 1}, {"board": -1}, {"row": 4}, {"row": -1}])
def test_a_row_that_does_not_exist_is_no_error(show: Ask, stage: Stage, place_: dict[str, int]) -> None:
    stage.says(worker(**place_))

    assert cells(show().out, "mail.0")[2] == "unknown"


def test_a_board_is_looked_for_in_the_run_directory_only(show: Ask, stage: Stage, tmp_path: Path) -> None:
    outside = Scoreboard(1, tmp_path)
    outside.row(0).state = State.IDLE
    assert outside.file
    stage.place.write(boards=(f"../{outside.file.name}",), workers=(worker(),))

    assert cells(show().out, "mail.0")[2] == "unknown"


@pytest.mark.parametrize("json_", [[], ["--json"]], ids=["text", "json"])
def test_no_control_character_of_a_hostile_job_is_written(show: Ask, stage: Stage, json_: list[str]) -> None:
    hostile = "J\x1b[2J\r\x07\x9b31m\u202e\n"
    stage.row(0).begin(hostile)
    stage.says(
        worker(slot=hostile, pool=hostile),
        mood=hostile,
        config=hostile,
        reload=ReloadStatus(number=1, asked_at_ms=1, began_ms=1, state="refused", reason=(hostile,), at=1.0),
    )

    assert all(line.isprintable() for line in show(*json_).out.split("\n"))


# Where it looks


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What is /run elsewhere; our own place is another."""
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(tmp_path / "own"))
    monkeypatch.setattr(places, "SYSTEM_RUN", tmp_path / "run")
    return tmp_path / "run"


def elsewhere(stage: Stage, home: Path) -> Place:
    """The same configuration, with the run directory of a service, or our own."""
    stage.place.file.write_text('[jobs]\nmodules = ["app.jobs"]\n[pools.mail]\nqueues = ["*"]\n')
    directory = home / stage.place.directory.name
    status.make_directory(directory)
    return Place(stage.place.file, directory)


@pytest.mark.parametrize("unit", ["resqued", "resqued-mail", "resqued/mail"])
def test_a_service_of_systemd_is_found_by_who_has_another_environment(
    show: Ask, stage: Stage, run: Path, unit: str
) -> None:
    elsewhere(stage, run / unit).write(generation=5)

    assert "generation 5" in show().out


def test_a_master_in_our_own_place_comes_first(show: Ask, stage: Stage, run: Path) -> None:
    elsewhere(stage, run / "resqued").write(generation=5)
    elsewhere(stage, run.parent / "own").write(generation=6)

    assert "generation 6" in show().out


def test_a_master_that_runs_comes_before_one_that_does_not(show: Ask, stage: Stage, run: Path) -> None:
    elsewhere(stage, run / "resqued").write(generation=5)
    elsewhere(stage, run.parent / "own").write(generation=6, born=1)

    assert "generation 5" in show().out


def test_a_master_that_may_be_hidden_is_not_called_dead(show: Ask, stage: Stage, run: Path) -> None:
    (elsewhere(stage, run / "resqued").directory / "status.json").write_text("hidden")
    elsewhere(stage, run.parent / "own").write(generation=6, born=1)

    assert "is broken" in show().err
