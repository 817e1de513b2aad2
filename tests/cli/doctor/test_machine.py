"""What doctor says of a master, its processes, its unit and its directories."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from math import inf
from pathlib import Path
from time import time

import pytest
from redis import Redis

from resqued import config, scoreboard, status
from resqued.cli.doctor import about_disk, about_master, family, units
from resqued.cli.doctor.facts import Family, Place, Process, Unit, Unknown
from resqued.cli.doctor.findings import NotChecked, Weight
from resqued.cli.machine import Machine
from resqued.cli.report import report
from resqued.scoreboard import Scoreboard
from resqued.status import PoolStatus, ReloadStatus, WorkerStatus
from tests.cli.doctor.conftest import Examine, Verdict
from tests.cli.doctor.facts import facts, said
from tests.cli.masters import CONFIG as MASTERS_CONFIG
from tests.cli.masters import Place as Home
from tests.cli.masters import a_pid_that_is_gone, master, place
from tests.support.daemon import APPS, Daemons, daemons, popped, push
from tests.support.redis_server import free_port
from tests.support.waiting import eventually

DAEMON = 1  # a user
EMBEDDED = """
[redis]
embedded = true
[jobs]
path = ["{apps}"]
modules = ["tracked"]
[pools.work]
queues = ["*"]
[daemon]
run_dir = "{directory}"
"""


@pytest.fixture(name="home")
def place_of_a_master(tmp_path: Path) -> Home:
    return place(tmp_path)


@pytest.fixture(name="daemons")
def daemons_of_this_test(tmp_path: Path, redis: Redis, redis_url: str) -> Iterator[Daemons]:
    with daemons(tmp_path, redis, redis_url) as started:
        yield started


# The configuration


def test_a_wrong_configuration_is_a_problem_with_each_mistake(examine: Examine, tmp_path: Path) -> None:
    file = tmp_path / "resqued.toml"
    file.write_text("[pools.mail]\nqueues = 7\n")
    verdict = examine("-c", str(file))

    assert verdict.status == 1
    assert [line.partition(f"{file}: ")[2].split(":")[0] for line in verdict.findings["configuration"]] == [
        "pools.mail.queues",
        "jobs.modules",
    ]
    assert "where Redis is" in verdict.unchecked["redis"]


def test_a_file_that_was_named_and_is_not_there_is_a_problem(examine: Examine, tmp_path: Path) -> None:
    verdict = examine("-c", str(tmp_path / "none.toml"))

    assert verdict.findings["configuration"][0].endswith("none.toml: does not exist")


# The master


def test_without_a_master_what_it_would_show_is_not_checked(examine: Examine, home: Home) -> None:
    verdict = examine("-c", str(home.file))

    assert {"master", "reload", "titles", "sockets", "open-files", "stop-time"} <= verdict.unchecked.keys()
    assert "no resqued with" in verdict.unchecked["master"]
    assert {"directories", "passwords"}.isdisjoint(verdict.unchecked)


def test_a_master_that_was_killed_is_a_problem(examine: Examine, home: Home) -> None:
    home.write(pid=a_pid_that_is_gone())

    assert "has ended without a word" in examine("-c", str(home.file)).findings["master"][0]


def test_a_degraded_pool_is_a_problem(examine: Examine, home: Home) -> None:
    home.write(pools={"mail": PoolStatus(workers=1, min=1, max=1, degraded=True, reason="3 workers died")})

    assert examine("-c", str(home.file)).findings["master"] == ["problem: pool mail is degraded: 3 workers died"]


def test_a_refused_reload_is_a_problem_until_one_is_accepted(examine: Examine, home: Home) -> None:
    def reloaded(state: status.Verdict) -> Verdict:
        reason = ("app.jobs: SyntaxError", "  on line 7")
        home.write(reload=ReloadStatus(number=1, asked_at_ms=1, began_ms=1, state=state, reason=reason, at=time()))
        return examine("-c", str(home.file))

    assert reloaded("refused").findings["reload"] == [
        "problem: the last reload was refused, and what ran before goes on: app.jobs: SyntaxError   on line 7"
    ]
    assert "reload" not in reloaded("accepted").findings


def test_a_paused_pool_is_a_hint(examine: Examine, home: Home) -> None:
    pools = {name: PoolStatus(workers=1, min=1, max=1, paused=name == "mail") for name in ("mail", "reports")}
    home.write(pools=pools)

    assert examine("-c", str(home.file)).findings["paused-pools"] == ["hint: paused, and takes no jobs: pool mail"]


def test_a_job_beyond_its_timeout_is_a_problem(examine: Examine, home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    text = home.file.read_text().replace('queues = ["*"]', 'queues = ["*"]\ntimeout = 60')
    home.file.write_text(text)
    board = Scoreboard(2, home.directory)
    assert board.file
    for row, age in enumerate((200, 90)):
        began = scoreboard.now() - age * 1000
        with monkeypatch.context() as then:
            then.setattr(scoreboard, "now", partial(max, 1, began))
            board.row(row).begin("Report")
    workers = [
        WorkerStatus(slot=f"mail.{row}", pool="mail", pid=os.getpid(), generation=1, board=0, row=row)
        for row in range(2)
    ]
    home.write(boards=(board.file.name,), workers=workers, pools={"mail": PoolStatus(workers=2, min=2, max=2)})

    (found,) = examine("-c", str(home.file)).findings["overdue-jobs"]
    assert found.startswith("problem: Report of mail.0 runs for 3m, beyond the timeout of its pool (60 s)")


# Its processes


@contextmanager
def worker(home: Home, *, files: int | None = None, **facts: int) -> Iterator[int]:
    """A process that the status calls a worker."""
    limit = f"resource.setrlimit(resource.RLIMIT_NOFILE, ({files}, {files}));" if files else ""
    talk = f"import resource, sys; {limit} print(flush=True); sys.stdin.read()"
    with subprocess.Popen([sys.executable, "-c", talk], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout
        process.stdout.readline()
        home.write(
            workers=(WorkerStatus(slot="mail.0", pool="mail", pid=process.pid, generation=1, board=-1, row=-1),),
            **facts,
        )
        yield process.pid


def test_a_worker_that_a_peer_would_take_for_dead_is_a_problem(examine: Examine, home: Home) -> None:
    with worker(home) as pid:
        (found,) = examine("-c", str(home.file)).findings["titles"]

    assert found.startswith(f"problem: worker mail.0 (pid {pid}) is called '{sys.executable[:20]}")


def test_a_worker_that_is_starting_may_not_have_its_title_yet(examine: Examine, home: Home) -> None:
    board = Scoreboard(1, home.directory)
    assert board.file
    board.row(0).clear()
    with worker(home) as pid:
        starting = WorkerStatus(slot="mail.0", pool="mail", pid=pid, generation=1, board=0, row=0)
        home.write(boards=(board.file.name,), workers=(starting,))

        assert "titles" not in examine("-c", str(home.file)).findings


def test_too_few_open_files_are_a_problem(examine: Examine, home: Home) -> None:
    with worker(home, files=48):
        (found,) = examine("-c", str(home.file)).findings["open-files"]

    assert found == "problem: worker mail.0 may have no more than 48 open files, and a worker itself may need 64"


def process_with(files: int, limit: int) -> Process:
    return Process(7, "worker mail.0", "resque-1.0.0: …", frozenset(), files, limit)


@pytest.mark.parametrize(("files", "limit", "findings"), [(700, 1024, 0), (900, 1024, 1), (40, 64, 0), (10, 63, 1)])
def test_open_files_near_the_limit_are_a_problem(files: int, limit: int, findings: int) -> None:
    found = said(about_master.open_files, facts(family=Family([process_with(files, limit)], {})))

    assert len(found) == findings


def test_what_is_hidden_is_not_checked(home: Home) -> None:
    hidden = Unknown("not yours")
    home.write()
    of = facts(
        report=report(Machine(home.file).master()),
        family=Family([Process(7, "worker mail.0", hidden, hidden, hidden, hidden)], {}),
    )

    for check in (about_master.titles, about_master.sockets, about_master.open_files):
        with pytest.raises(NotChecked, match="not yours"):
            said(check, of)


# A master of flesh and blood


def test_of_a_master_that_is_well_nothing_is_said(daemons: Daemons, examine: Examine, redis: Redis) -> None:
    file = daemons.configured(workers=2)
    daemons.start(file).wait_for_workers(2)
    push(redis, "Meet")
    popped(redis, "test:met")
    verdict = examine("-c", str(file))

    assert verdict.findings.keys() <= {"redis-persistence"}  # the server of these tests keeps nothing
    assert verdict.unchecked.keys() <= {"stop-time"}
    redis.rpush("test:go", "on")


def connected(daemons: Daemons, preload: str) -> Path:
    text = daemons.configured(workers=2, jobs=f'preload = "{preload}"').read_text()
    return daemons.written(text.replace('"tracked"', '"connected"'))


@pytest.mark.parametrize(
    ("preload", "holders"), [("master", "the master and 3 more of its processes hold"), ("worker", "worker work.")]
)
def test_a_connection_of_the_preloaded_application_is_a_problem(
    daemons: Daemons, examine: Examine, redis: Redis, preload: str, holders: str
) -> None:
    file = connected(daemons, preload)
    daemons.start(file).wait_for_workers(2)
    redis.sadd("resque:queues", "work")
    redis.rpush("resque:queue:work", '{"class": "Wait", "args": []}')
    popped(redis, "test:met")
    found = examine("-c", str(file)).findings["sockets"]
    redis.rpush("test:go", "on")

    assert len(found) == 1
    assert found[0].startswith(f"problem: {holders}")
    assert f"a connection to {daemons.url.removeprefix('redis://').removesuffix('/0')} (descriptor " in found[0]


def test_an_application_that_is_imported_by_jobs_has_its_connections_for_itself(
    daemons: Daemons, examine: Examine, redis: Redis
) -> None:
    file = connected(daemons, "job")
    daemons.start(file).wait_for_workers(2)
    redis.sadd("resque:queues", "work")
    redis.rpush("resque:queue:work", '{"class": "Wait", "args": []}')
    popped(redis, "test:met")
    verdict = examine("-c", str(file))
    redis.rpush("test:go", "on")

    assert "sockets" not in verdict.findings | verdict.unchecked


@pytest.mark.parametrize("inside", [True, False])
def test_the_own_socket_of_a_master_is_none(home: Home, short_path: Path, *, inside: bool) -> None:
    file = (home.directory if inside else short_path) / "control"
    home.write()
    with socket.socket(socket.AF_UNIX) as control:
        control.bind(str(file))
        control.listen()
        found = family.of(report(Machine(home.file).master()))

    assert isinstance(found, Family)
    assert any("control" in what for what in found.connections.values()) is not inside


@pytest.mark.parametrize("served", [True, False])
def test_where_a_master_shows_its_figures_is_its_own(home: Home, *, served: bool) -> None:
    home.write()
    with socket.create_server(("127.0.0.1", 0)) as door, socket.create_connection(door.getsockname()) as visitor:
        here, there = (":".join(map(str, one.getsockname())) for one in (door, visitor))
        with door.accept()[0]:
            found = family.of(report(Machine(home.file).master()), here if served else "")

    assert isinstance(found, Family)
    shown = "; ".join(found.connections.values())
    assert (f"listens at {here} " in shown, f"connection to {there} " in shown) == (not served, not served)


def test_an_embedded_redis_is_found_where_its_master_has_it(redis: Redis, short_path: Path, examine: Examine) -> None:
    file = short_path / "resqued.toml"
    file.write_text(EMBEDDED.format(apps=APPS, directory=short_path))
    with daemons(short_path, redis, "") as started:
        started.start(file, env={"STATE_DIRECTORY": str(short_path / "state")})
        eventually(lambda: list(short_path.glob("state/*/redis/*.sock")), within=10)
        verdict = examine("-c", str(file))

    assert {"redis", "directories"}.isdisjoint({*verdict.findings, *verdict.unchecked})


# Its unit


def unit(stops_within: float, *, hears: bool) -> Unit:
    return Unit("resqued.service", stops_within, hears)


@pytest.mark.parametrize(
    ("seconds", "hears", "weights"),
    [
        (90, True, []),
        (inf, False, []),
        (29, True, [Weight.HINT]),
        (29, False, [Weight.PROBLEM]),
        (10, False, [Weight.PROBLEM]),
    ],
)
def test_a_unit_that_stops_sooner_than_jobs_may_take(seconds: float, *, hears: bool, weights: list[Weight]) -> None:
    settings = config.parse(MASTERS_CONFIG.format(directory="/tmp"), "test")
    found = said(about_master.stop_time, facts(unit=unit(seconds, hears=hears), config=settings))

    assert [finding.weight for finding in found] == weights


@pytest.mark.parametrize(
    ("text", "seconds"), [("1min 30s", 90), ("20s", 20), ("1h 500ms", 3600.5), ("infinity", inf), ("2d", 172800)]
)
def test_what_systemd_calls_a_span(text: str, seconds: float) -> None:
    assert units.span(text) == seconds


# Its directories


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has users to choose from")
def test_a_directory_that_the_user_of_the_master_cannot_write_to_is_a_problem(
    examine: Examine, short_path: Path
) -> None:
    short_path.chmod(0o755)  # so that another user comes through
    home = place(short_path)
    os.chown(home.directory, DAEMON, DAEMON)
    with master(home, user=DAEMON):
        os.chown(home.directory, 0, 0)
        found = examine("-c", str(home.file)).findings["directories"]

    assert "run_dir" in found[0]
    assert "cannot be written to by the user of the master (uid 1)" in found[0]


def test_a_state_directory_in_memory_is_a_problem(examine: Examine, home: Home) -> None:
    home.file.write_text(home.file.read_text() + 'state_dir = "/dev/shm"\n')
    found = examine("-c", str(home.file)).findings["directories"]

    assert "is in memory (tmpfs)" in found[0]


@pytest.mark.parametrize(
    ("free", "inodes", "words"), [(1024, 10000, "1024B are left"), (1 << 40, 3, "3 inodes are left")]
)
def test_a_full_disk_is_a_problem(free: int, inodes: int, words: str) -> None:
    (found,) = said(about_disk.directories, facts(places=[Place("run_dir", Path("/run"), "ext4", free, inodes, "")]))

    assert words in found.says


def test_room_is_none() -> None:
    good = Place("state_dir", Path("/var"), "ext4", 1 << 40, None, "")

    assert said(about_disk.directories, facts(places=[good])) == []


# Passwords


@pytest.mark.parametrize(("mode", "findings"), [(0o644, 1), (0o640, 0)])
def test_a_password_that_everybody_may_read_is_a_problem(
    examine: Examine, home: Home, mode: int, findings: int
) -> None:
    home.file.write_text(home.file.read_text().replace("127.0.0.1:1", f":secret@127.0.0.1:{free_port()}"))
    home.file.chmod(mode)
    found = examine("-c", str(home.file)).findings.get("passwords", [])

    assert len(found) == findings
    assert all("secret" not in line for line in found)


def test_a_password_file_is_looked_at_too(examine: Examine, home: Home, tmp_path: Path) -> None:
    secret = tmp_path / "password"
    secret.write_text("secret")
    secret.chmod(0o604)
    home.file.write_text(home.file.read_text().replace("[jobs]", f'password_file = "{secret}"\n[jobs]'))

    assert f"{secret} holds the password of Redis" in examine("-c", str(home.file)).findings["passwords"][0]


def test_a_file_without_a_password_may_be_read_by_all(examine: Examine, home: Home) -> None:
    home.file.chmod(0o644)

    assert "passwords" not in examine("-c", str(home.file)).findings
