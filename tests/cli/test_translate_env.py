"""`resquectl translate-env`: what told other workers what to do, as a configuration that resqued takes."""

import io
import json
import os
import subprocess
import sys
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from resqued import config
from resqued.cli.translation import variables
from resqued.config import Config, Pool
from tests.cli.asking import Answer, Ask

Translated = Callable[[str], Config]


@pytest.fixture(name="asked")
def ask_about_a_text(ask: Ask, tmp_path: Path) -> Callable[..., Answer]:
    def asked(text: str | bytes, *words: str) -> Answer:
        file = tmp_path / "given"
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        return ask("translate-env", *words, str(file))

    return asked


@pytest.fixture(name="translated")
def configuration_out_of_a_text(asked: Callable[..., Answer]) -> Translated:
    def translated(text: str) -> Config:
        answer = asked(text)
        assert (answer.status, answer.err) == (0, "")
        return config.parse(answer.out, "translated")

    return translated


@pytest.fixture(name="environment")
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> Callable[[Mapping[str, str]], None]:
    def become(given: Mapping[str, str]) -> None:
        for name in os.environ:
            if variables.is_known(name):
                monkeypatch.delenv(name)
        for name, value in given.items():
            monkeypatch.setenv(name, value)

    return become


def pool_of(configuration: Config) -> Pool:
    (pool,) = configuration.pools.values()
    return pool


# What variables mean


@pytest.mark.parametrize(
    ("text", "queues"),
    [
        ("QUEUE=mail", ("mail",)),
        ("QUEUES=critical,mail,low", ("critical", "mail", "low")),
        ("QUEUE=*", ("*",)),
        ("QUEUE=critical,*,!reports", ("critical", "*", "!reports")),
        ("QUEUE= critical , mail-* ,", ("critical", "mail-*")),
        ("QUEUE=a,b,a", ("a", "b")),
        ("QUEUE=first\nQUEUES=second", ("second",)),
        ('QUEUE="größe,名前"', ("größe", "名前")),
    ],
)
def test_queues_keep_their_order(translated: Translated, text: str, queues: tuple[str, ...]) -> None:
    assert pool_of(translated(text)).queues == queues


@pytest.mark.parametrize(
    ("text", "key", "value"),
    [
        ("COUNT=4", "workers", 4),
        ("COUNT=4x", "workers", 4),  # to_i
        ("COUNT=1e999", "workers", 1),
        ("INTERVAL=0.5", "interval", 0.5),
        ("JOBS_PER_FORK=50", "jobs_per_fork", 50),
        ("JOBS_PER_FORK=0", "jobs_per_fork", 1),
        ("JOBS_PER_FORK=50\nDISABLE_MULTI_JOBS_PER_FORK=1", "jobs_per_fork", 1),
        ("FORK_PER_JOB=false", "jobs_per_fork", 100),
        ("FORK_PER_JOB=false\nJOBS_PER_FORK=7", "jobs_per_fork", 7),
        ("FORK_PER_JOB=true", "jobs_per_fork", 1),
    ],
)
def test_a_variable_about_workers_is_a_key_of_their_pool(
    translated: Translated, text: str, key: str, value: float
) -> None:
    assert getattr(pool_of(translated(f"QUEUE=mail\n{text}")), key) == value


@pytest.mark.parametrize(
    ("text", "grace", "term_timeout"),
    [
        ("RESQUE_TERM_TIMEOUT=10", 20, 10),
        ("RESQUE_TERM_TIMEOUT=8.0", 20, 8),
        ("RESQUE_TERM_TIMEOUT=soon", 20, 0),  # to_f
        ("RESQUE_TERM_TIMEOUT=-3", 20, 0),
        ("RESQUE_PRE_SHUTDOWN_TIMEOUT=45", 45, 4),
        ("GRACEFUL_TERM=1", 86400, 4),
        ("GRACEFUL_TERM=false\nRESQUE_PRE_SHUTDOWN_TIMEOUT=45", 86400, 4),  # set is set
    ],
)
def test_how_a_stop_goes(translated: Translated, text: str, grace: float, term_timeout: float) -> None:
    shutdown = translated(f"QUEUE=mail\nTERM_CHILD=1\n{text}").shutdown

    assert (shutdown.grace, shutdown.term_timeout) == (grace, term_timeout)


@pytest.mark.parametrize(("text", "level"), [("VERBOSE=1", "info"), ("LOGGING=1", "info"), ("VVERBOSE=1", "debug")])
def test_what_is_logged(translated: Translated, text: str, level: str) -> None:
    assert translated(f"QUEUE=mail\n{text}\nVERBOSE=1").log.level == level


@pytest.mark.parametrize(
    ("text", "url", "namespace"),
    [
        ("REDIS_URL=rediss://ann:pw@r.example:6380/2", "rediss://ann:pw@r.example:6380/2", "resque"),
        ("RESQUE_REDIS=10.0.0.1", "redis://10.0.0.1:6379/0", "resque"),
        ("RESQUE_REDIS=10.0.0.1:6380", "redis://10.0.0.1:6380/0", "resque"),
        ("RESQUE_REDIS=10.0.0.1:6380:2", "redis://10.0.0.1:6380/2", "resque"),
        ("RESQUE_REDIS=10.0.0.1:6380/shop", "redis://10.0.0.1:6380/0", "shop"),
        ("RESQUE_HOST=r\nRESQUE_PORT=1\nRESQUE_DB=2\nRESQUE_PASSWORD=a/b", "redis://:a%2Fb@r:1/2", "resque"),
        ("RESQUE_HOST=r:7\nREDIS_PORT=1", "redis://r:7/0", "resque"),
        ("REDIS_HOST=r", "redis://r:6379/0", "resque"),
        ("REDIS_BACKEND=r:7\nREDIS_BACKEND_DB=3\nPREFIX=shop", "redis://r:7/3", "shop"),
        ("REDIS_PROVIDER=SOME_URL\nSOME_URL=redis://r", "redis://r", "resque"),
        ("REDIS_URL=redis://a\nREDIS_HOST=b", "redis://a", "resque"),
        ("RESQUE_NAMESPACE=shop:", "redis://127.0.0.1:6379/0", "shop"),
        ("RESQUE_REDIS=r/one\nRESQUE_NAMESPACE=two", "redis://r:6379/0", "two"),
        ("PREFIX=/usr/local", "redis://127.0.0.1:6379/0", "resque"),
    ],
)
def test_where_redis_is(translated: Translated, text: str, url: str, namespace: str) -> None:
    redis = translated(f"QUEUE=mail\n{text}").redis

    assert (redis.url, redis.namespace) == (url, namespace)


def test_a_password_is_pointed_out(asked: Callable[..., Answer]) -> None:
    assert "# holds a password" in asked("QUEUE=mail\nREDIS_URL=redis://:pw@r").out
    assert "# holds a password" not in asked("QUEUE=mail\nREDIS_URL=redis://r").out


@pytest.mark.parametrize("name", [name for name in variables.REASONS if not name.startswith("-")])
def test_what_has_no_counterpart_is_named_with_the_reason(asked: Callable[..., Answer], name: str) -> None:
    answer = asked(f"QUEUE=mail\n{name}=1", "--json")

    assert {"name": name, "why": variables.REASONS[name]} in json.loads(answer.out)["remarks"]


@pytest.mark.parametrize("name", [name for names in variables.READERS for name in names if not name.startswith("-")])
def test_no_variable_vanishes(asked: Callable[..., Answer], name: str) -> None:
    value = "SOME_URL" if name == "REDIS_PROVIDER" else "7"
    answer = asked(f"QUEUE=mail\nSOME_URL=redis://r\n{name}={value}")

    assert answer.err == ""
    assert f"  # {name}\n" in answer.out or f"#   {name}: " in answer.out


def test_what_is_the_applications_own_is_named_without_its_value(asked: Callable[..., Answer]) -> None:
    answer = asked("QUEUE=mail\nRAILS_ENV=production\nSECRET_KEY_BASE=hidden")

    assert "#   RAILS_ENV, SECRET_KEY_BASE\n" in answer.out
    assert "hidden" not in answer.out


# Where they stand


@pytest.mark.parametrize(
    "text",
    [
        "QUEUE=critical,mail\nCOUNT=4\n",
        "\n# workers\n  QUEUE='critical,mail'  \nCOUNT=4 # many\n",
        'export QUEUE="critical,mail" COUNT=4\n',
        "export QUEUE=critical,mail; export COUNT=4",
        "QUEUE=critical,mail COUNT=4",
        "[Service]\nUser=me\nEnvironment=QUEUE=critical,mail COUNT=4\nExecStart=/bin/bundle exec rake resque:workers",
        '[Service]\nEnvironment="QUEUE=critical,mail"\n; no\nEnvironment="COUNT=4"\nExecStart=-rake resque:workers\n',
        "worker: QUEUE=critical,mail COUNT=4 bundle exec rake resque:workers",
        "env QUEUE=critical,mail COUNT=4 bundle exec rake resque:workers",
        "rake resque:workers QUEUE=critical,mail COUNT=4 > log/workers.log 2>&1 &",
        "#!/bin/sh\nset -e\ncd /srv/app && exec env QUEUE=critical,mail \\\n    COUNT=4 rake resque:workers",
        "COUNT=4\nQUEUES=critical,mail\nworker: COUNT=$COUNT rake resque:workers",
        "worker: QUEUE=${QUEUES:-critical,mail} COUNT=${COUNT:-4} rake environment resque:workers",
        "QUEUE=critical,mail COUNT=4 php vendor/bin/resque",
        "QUEUE=critical,mail COUNT=4 php resque.php",
        "pyres_manager --pool=4 critical,mail",
    ],
)
def test_the_same_in_other_words(translated: Translated, text: str) -> None:
    pool = pool_of(translated(text))

    assert (pool.queues, pool.workers) == (("critical", "mail"), 4)


def test_in_the_environment(ask: Ask, environment: Callable[[Mapping[str, str]], None]) -> None:
    environment({"QUEUE": "mail", "PIDFILE": "x.pid", "HOME": "/root"})
    answer = ask("translate-env")

    assert pool_of(config.parse(answer.out, "translated")).queues == ("mail",)
    assert "PIDFILE: " in answer.out
    assert "HOME" not in answer.out


def test_on_standard_input(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"QUEUE=mail")))

    assert pool_of(config.parse(ask("translate-env", "-").out, "translated")).queues == ("mail",)


def test_in_several_files(ask: Ask, tmp_path: Path) -> None:
    (tmp_path / "one").write_text("QUEUE=mail\nREDIS_URL=redis://r\n[Service]\n")
    (tmp_path / "two").write_text("worker: COUNT=2 rake resque:workers")
    found = config.parse(ask("translate-env", str(tmp_path / "one"), str(tmp_path / "two")).out, "translated")

    assert found.redis.url == "redis://r"
    assert (pool_of(found).queues, pool_of(found).workers) == (("mail",), 2)


def test_each_process_of_a_procfile_is_a_pool(asked: Callable[..., Answer]) -> None:
    answer = asked(
        "web: bundle exec puma\n"
        "worker: QUEUE=critical,mail bundle exec rake resque:work\n"
        "reports: QUEUE=reports COUNT=3 INTERVAL=9 bundle exec rake resque:workers\n"
    )
    pools = config.parse(answer.out, "translated").pools

    assert {name: (pool.queues, pool.workers, pool.interval) for name, pool in pools.items()} == {
        "worker": (("critical", "mail"), 1, 5),
        "reports": (("reports",), 3, 9),
    }
    assert answer.out.endswith("# No workers:\n#   web\n")


def test_workers_that_are_started_one_by_one_are_pools_by_their_queues(translated: Translated) -> None:
    pools = translated(
        "rake resque:work QUEUE=high &\nrake resque:work QUEUE=high &\n"
        "rake resque:work QUEUE=medium,low &\nrake resque:work QUEUE=* &\nrake resque:work 'QUEUE=*,!high' &\n"
    ).pools

    assert {name: (pool.queues, pool.workers) for name, pool in pools.items()} == {
        "high": (("high",), 2),
        "medium-low": (("medium", "low"), 1),
        "all": (("*",), 1),
        "all-not-high": (("*", "!high"), 1),
    }


def test_pools_whose_names_would_be_the_same_are_numbered(translated: Translated) -> None:
    pools = translated("QUEUE=a.b rake resque:work\nQUEUE=a-b rake resque:work\nQUEUE=. rake resque:work").pools

    assert list(pools) == ["a-b", "a-b-2", "default"]


def test_only_rakes_workers_heed_count(asked: Callable[..., Answer]) -> None:
    answer = asked("QUEUE=mail\nCOUNT=4\nworker: rake resque:work")

    assert pool_of(config.parse(answer.out, "translated")).workers == 1
    assert "COUNT: only rake resque:workers heeds it" in answer.out


def test_the_options_of_perls_worker(asked: Callable[..., Answer]) -> None:
    answer = asked("resque-worker -q a -q b --interval 2.5 -r 10.0.0.1:6380 -M My::Task -f -v -p -t 30")
    found = config.parse(answer.out, "translated")
    pool = pool_of(found)

    assert (pool.queues, pool.interval, pool.jobs_per_fork) == (("a", "b"), 2.5, 100)
    assert (found.redis.url, found.log.level) == ("redis://10.0.0.1:6380/0", "info")
    assert 'queues = ["a", "b"]  # -q of resque-worker' in answer.out
    assert "-M of resque-worker: the code that may run is named in jobs.modules" in answer.out


def test_the_options_of_pyres_worker(asked: Callable[..., Answer]) -> None:
    answer = asked("pyres_worker --host=r --port 7 --password s/t -i 3 -t 60 -l critical -f /var/log/p -p x.pid a,b")
    found = config.parse(answer.out, "translated")
    pool = pool_of(found)

    assert (pool.queues, pool.interval, pool.timeout) == (("a", "b"), 3, 60)
    assert (found.redis.url, found.log.level, found.log.file) == ("redis://:s%2Ft@r:7/0", "error", "/var/log/p")


def test_resque_pool_is_said_to_have_its_queues_elsewhere(asked: Callable[..., Answer]) -> None:
    answer = asked("pool: bundle exec resque-pool\nworker: QUEUE=mail rake resque:work")

    assert "pool: has its queues in a file of its own" in answer.out
    assert asked("pool: bundle exec resque-pool\nQUEUE=mail").status == 0


# What is printed


def test_nothing_in_it_commands_a_terminal(asked: Callable[..., Answer]) -> None:
    answer = asked("QUEUE=a\u202eb,\u00adc\nSOME\u202eNAME=1\nRESQUE_NAMESPACE=n\u202em")

    assert all(line.isprintable() for line in answer.out.splitlines())
    assert config.parse(answer.out, "translated").redis.namespace == "n\u202em"


def test_in_json_is_the_same(asked: Callable[..., Answer]) -> None:
    text = "QUEUE=mail\nCOUNT=2\nREDIS_URL=redis://r\nTERM_CHILD=1\nX=1\nweb: puma"
    said: dict[str, Any] = json.loads(asked(text, "--json", "--module", "app.jobs").out)

    assert said["configuration"] == tomllib.loads(asked(text).out)
    assert [remark["name"] for remark in said["remarks"]] == ["TERM_CHILD"]
    assert (said["application"], said["others"]) == (["X"], ["web"])


def test_resqued_takes_it_with_the_application(asked: Callable[..., Answer], tmp_path: Path) -> None:
    (tmp_path / "translated_jobs.py").write_text("class Echo:\n def perform(text): ...\n")
    file = tmp_path / "resqued.toml"
    file.write_text(asked("QUEUE=*\nCOUNT=2", "--module", "translated_jobs", "--path", str(tmp_path)).out)
    done = subprocess.run([sys.executable, "-m", "resqued", "-t", "-c", str(file)], capture_output=True, check=False)

    assert (done.returncode, done.stderr) == (0, b"")


# What is wrong


WORK = "rake resque:work QUEUE=mail"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "QUEUES: no queues are named"),
        ("RAILS_ENV=production", "QUEUES: no queues are named"),
        ("QUEUE=", "QUEUE: names no queue"),
        ("QUEUE=,", "QUEUE: names no queue"),
        ("QUEUE=!mail", 'QUEUE: has only "!" entries'),
        ("QUEUE=a b", 'QUEUE: expected a queue name, "*", a glob or "!skip"'),
        ("QUEUE=a:b", 'got "a:b"'),
        ("QUEUE=mail\nCOUNT=0", "COUNT: expected a number of workers, got '0'"),
        ("QUEUE=mail\nCOUNT=many", "COUNT: expected a number of workers, got 'many'"),
        ("QUEUE=mail\nINTERVAL=often", "INTERVAL: expected a number of seconds, got 'often'"),
        ("QUEUE=mail\nINTERVAL=-1", "INTERVAL: expected a number of seconds > 0, got -1.0"),
        ("QUEUE=mail\nRESQUE_TERM_TIMEOUT=1e999", "RESQUE_TERM_TIMEOUT: expected a number of seconds ≥ 0, got inf"),
        ("QUEUE=mail\nREDIS_URL=http://r", "REDIS_URL: the scheme is unknown"),
        ("QUEUE=mail\nREDIS_PROVIDER=SOME_URL", "REDIS_PROVIDER: names SOME_URL, which is not set"),
        ("QUEUE=mail\nRESQUE_NAMESPACE=a b", "RESQUE_NAMESPACE: expected the prefix of all keys"),
        ("QUEUE=$WORKER_QUEUES", "QUEUE: what the $ in it stands for is not known here; write it out"),
        ("worker: QUEUE=${Q} rake resque:work", "QUEUE: what the $ in it stands for"),
        ("[Service]\nEnvironment=QUEUE=%i", "QUEUE: is %i, which systemd replaces"),
        ("QUEUE=mail\nworker: rake resque:workers", "COUNT: rake resque:workers does not start without it"),
        ("QUEUE=a\n\nworker: 'rake resque:work", "line 3: No closing quotation"),
        ("pyres_worker", "line 1: the following arguments are required: QUEUES"),
        ("resque-worker -q", "line 1: argument -q/--queue: expected one argument"),
        ("pool: bundle exec resque-pool", "QUEUES: no queues are named for pool"),
        (f"a: {WORK} REDIS_URL=redis://a\nb: {WORK} REDIS_URL=redis://b", "REDIS_URL: differs from one worker"),
        (f"a: {WORK} REDIS_URL=redis://a\nb: {WORK}", "REDIS_URL: only some of the workers"),
        (b"QUEUE=\xff\n", "QUEUE: its value is not UTF-8"),
    ],
)
def test_what_cannot_be_translated_is_said_with_its_place(
    asked: Callable[..., Answer], text: str | bytes, why: str
) -> None:
    answer = asked(text)

    assert (answer.status, answer.out) == (1, "")
    assert why in answer.err


def test_all_mistakes_are_said_at_once(asked: Callable[..., Answer]) -> None:
    answer = asked("QUEUE=a b\nCOUNT=x\nINTERVAL=y\nREDIS_URL=z://")

    assert [line.split(": ")[2] for line in answer.err.splitlines()] == ["REDIS_URL", "COUNT", "INTERVAL", "QUEUE"]


def test_a_password_is_in_no_message(asked: Callable[..., Answer]) -> None:
    assert "s3cret" not in asked("QUEUE=mail\nREDIS_URL=http://:s3cret@r").err
    assert "s3cret" not in asked("QUEUE=mail\nREDIS_URL=redis://:pa$s3cret@r").err
    assert "s3cret" not in asked("QUEUE=mail\nworker: REDIS_URL=redis://:s3cret@r 'rake resque:work").err


def test_in_the_environment_everything_stands_for_itself(
    ask: Ask, environment: Callable[[Mapping[str, str]], None]
) -> None:
    environment({"QUEUE": "mail", "REDIS_URL": "redis://:pa$s@r"})

    assert config.parse(ask("translate-env").out, "translated").redis.url == "redis://:pa$s@r"


@pytest.mark.parametrize("name", ["missing", "."])
def test_a_file_that_cannot_be_read_is_named(ask: Ask, tmp_path: Path, name: str) -> None:
    answer = ask("translate-env", str(tmp_path / name))

    assert answer.status == 1
    assert str(tmp_path / name) in answer.err
