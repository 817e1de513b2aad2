"""Tab behind `resquectl`, in the shells themselves."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from redis import Redis

from resqued.cli import completion, resquectl
from resqued.status import PoolStatus, WorkerStatus
from tests.cli.asking import Ask
from tests.cli.masters import Place, place
from tests.support.redis_server import free_port
from tests.support.terminal import terminal

SHELLS = ("bash", "zsh", "fish")
TALK = "import sys; from resqued.cli.resquectl import main; sys.exit(main())"

Complete = Callable[..., list[str]]

BASH = """
source "$SCRIPT"
COMP_LINE=$LINE; COMP_POINT=${#LINE}; COMP_TYPE=9
_python_argcomplete resquectl
printf '%s\\n' "${COMPREPLY[@]}"
"""
FISH = 'source "$SCRIPT"; complete -C "$LINE"'
START = {"bash": ["bash", "--norc", "--noprofile", "-i"], "zsh": ["zsh", "-f", "-i"]}
SOURCE = {"bash": ". {0}\n", "zsh": "autoload -U compinit; compinit -u -D; . {0}\n"}


def installed(shell: str) -> str:
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    return shell


@pytest.fixture(name="environment", scope="module")
def environment_with_the_program(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """In which `resquectl` is on the PATH, and the scripts of all shells are in SCRIPTS."""
    tmp_path = tmp_path_factory.mktemp("home")
    program = tmp_path / "bin" / "resquectl"
    program.parent.mkdir()
    program.write_text(f"#!{sys.executable}\n{TALK}\n")
    program.chmod(0o755)
    environment = os.environ | {"PATH": f"{program.parent}:{os.environ['PATH']}", "HOME": str(tmp_path)}
    for shell in SHELLS:
        said = subprocess.run([program, "completion", shell], env=environment, stdout=subprocess.PIPE, check=True)
        (tmp_path / f"script.{shell}").write_bytes(said.stdout)
    return environment | {"SCRIPTS": str(tmp_path), "TERM": "xterm", "PS1": "$ "}


@pytest.fixture(name="complete", params=["bash", "fish"])
def shell_that_completes(request: pytest.FixtureRequest, environment: dict[str, str]) -> Complete:
    """What this shell offers for a line; zsh only does it for somebody at a terminal."""
    shell = installed(request.param)
    argv = ["bash", "-c", BASH] if shell == "bash" else ["fish", "--no-config", "-c", FISH]

    def complete(line: str) -> list[str]:
        given = environment | {"SCRIPT": f"{environment['SCRIPTS']}/script.{shell}", "LINE": line}
        done = subprocess.run(argv, env=given, capture_output=True, text=True, check=True)
        assert done.stderr == ""
        return [each.partition("\t")[0].strip() for each in done.stdout.splitlines() if each.strip()]

    return complete


# Words out of the parser


def test_commands_are_offered(complete: Complete) -> None:
    assert {"queues", "enqueue", "status", "reload"} <= set(complete("resquectl "))


def test_a_beginning_is_completed(complete: Complete) -> None:
    assert complete("resquectl enq") == ["enqueue"]


def test_options_are_offered_when_there_is_a_dash(complete: Complete) -> None:
    assert {"--wait", "--timeout", "--json"} <= set(complete("resquectl reload --"))


def test_choices_are_offered(complete: Complete) -> None:
    assert complete("resquectl completion z") == ["zsh"]


def test_files_are_offered_where_a_file_is_meant(complete: Complete, tmp_path: Path) -> None:
    (tmp_path / "mine.toml").touch()

    assert complete(f"resquectl -c {tmp_path}/mi") == [f"{tmp_path}/mine.toml"]


# Names that exist


def test_queues_are_offered(complete: Complete, redis: Redis, redis_url: str) -> None:
    redis.sadd("resque:queues", "mail", "mailing", "reports")

    assert complete(f"resquectl --url {redis_url} enqueue ma") == ["mail", "mailing"]


def test_workers_of_the_fleet_are_offered_by_their_ids(complete: Complete, redis: Redis, redis_url: str) -> None:
    redis.sadd("resque:workers", "web1:7:mail", "web2:8:mail")

    assert complete(f"resquectl --url {redis_url} prune web1") == ["web1:7:mail"]


def test_no_name_that_a_terminal_might_obey_is_offered(complete: Complete, redis: Redis, redis_url: str) -> None:
    redis.sadd("resque:queues", "q\x1b[2J", "q\nrm", b"q\xff", "quiet")

    assert complete(f"resquectl --url {redis_url} enqueue q") == ["quiet"]


def test_without_redis_nothing_is_offered_and_nothing_said(complete: Complete, tmp_path: Path) -> None:
    assert complete(f"resquectl --url redis://127.0.0.1:{free_port()} enqueue zz") == []


def offered(metavar: str, there: Place) -> list[str]:
    arguments = resquectl.parser().parse_args(["-c", str(there.file), "status"])
    return list(completion._offers(metavar)(prefix="", parsed_args=arguments))


def test_pools_and_workers_of_the_master_are_offered(tmp_path: Path) -> None:
    there = place(tmp_path)
    workers = [WorkerStatus(slot=f"mail.{i}", pool="mail", generation=1, board=-1, row=-1) for i in range(2)]
    there.write(pools={"mail": PoolStatus(workers=2, min=2, max=2)}, workers=tuple(workers))

    assert offered("POOL", there) == ["mail"]
    assert offered("WORKER", there) == ["mail.0", "mail.1"]


def test_without_a_master_there_are_none(tmp_path: Path) -> None:
    assert offered("POOL", place(tmp_path)) == []


# A person at a terminal


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_tab_completes(shell: str, environment: dict[str, str]) -> None:
    argv = [shutil.which(installed(shell)) or "", *START[shell][1:]]
    with terminal() as window:
        process = window.start(argv, environment | {"COLUMNS": "200"})
        window.type(SOURCE[shell].format(f"{environment['SCRIPTS']}/script.{shell}").encode())
        window.type(b"resquectl comple\tfi\t >/dev/null; echo $? done; exit\n")
        shown = window.shown()
        process.wait(10)

    assert "0 done" in shown  # what stood there would have been wrong usage


# The script


@pytest.mark.parametrize("shell", SHELLS)
def test_the_script_says_where_it_goes(ask: Ask, shell: str) -> None:
    answer = ask("completion", shell)

    assert answer.status == 0
    assert answer.out.splitlines()[1].startswith("# To be put into ")


def test_other_shells_are_wrong_usage(ask: Ask) -> None:
    assert ask("completion", "ksh").status == 2
