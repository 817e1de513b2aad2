"""What Ruby, Perl and Node put on the queue of the echo example, its workers perform. Without their libraries: skipped.

RESQUE_RUBY and RESQUE_PERL may name checkouts; node-resque is looked for where `./run` installs it.
"""

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from redis import Redis

from tests.support.daemon import Daemons, daemons
from tests.support.waiting import eventually

ROOT = Path(__file__).parents[2]
ECHO = ROOT / "examples" / "echo"
PRODUCERS = ECHO / "producers"
TEXTS = ["hello", "wörld"]


def library(language: str) -> tuple[list[str], dict[str, str]]:
    """How to call the interpreter so that it finds the client library, and with which environment."""
    match language:
        case "ruby":
            place = os.environ.get("RESQUE_RUBY")
            return ["ruby", *(["-I", f"{place}/lib"] if place else [])], {}
        case "perl":
            place = os.environ.get("RESQUE_PERL")
            return ["perl", *([f"-I{place}/lib"] if place else [])], {}
    return ["node"], {"NODE_PATH": f"{ROOT}/.venv/npm/node_modules"}


WANTED = {
    "ruby": ("echo.rb", ["-e", "require 'resque'"]),
    "perl": ("echo.pl", ["-e", "use Resque; 1"]),
    "node": ("echo.js", ["-e", "require('node-resque')"]),
}


def run(command: Sequence[str], env: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, env={**os.environ, **env}, capture_output=True, text=True, timeout=50, check=False)


@pytest.mark.parametrize("language", WANTED)
def test_its_workers_perform_what_others_enqueue(language: str, redis: Redis, redis_url: str, tmp_path: Path) -> None:
    command, env = library(language)
    script, trial = WANTED[language]
    if not shutil.which(language):
        pytest.skip(f"there is no {language}")
    if run([*command, *trial], env).returncode:
        pytest.skip(f"{language} has no library for Resque")
    server = redis_url.removeprefix("redis://").removesuffix("/0")
    done = run([*command, str(PRODUCERS / script), *TEXTS], {**env, "REDIS_URL": redis_url, "REDIS_SERVER": server})
    assert (done.returncode, done.stderr) == (0, "")

    with daemons(tmp_path, redis, redis_url) as started:
        daemon = started.start(example(started))
        eventually(lambda: {*TEXTS} <= {*daemon.output().splitlines()}, within=15)

    assert redis.llen("resque:failed") == 0


def example(started: Daemons) -> Path:
    """Its configuration, with the Redis and the directories of the test."""
    text = (ECHO / "resqued.toml").read_text().replace("redis://127.0.0.1:6379/0", started.url)
    directories = f'[daemon]\nrun_dir = "{started.directory}"\nstate_dir = "{started.directory}"\n'
    return started.written(text.replace('path = ["."]', f'path = ["{ECHO}"]') + directories)
