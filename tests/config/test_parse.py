"""A right file becomes a Config."""

import msgspec
import pytest

from resqued import config
from resqued.config import Config, Daemon, Failed, Jobs, Log, Pool, Redis, Shutdown, Worker
from resqued.config.kinds import Cap
from resqued.errors import ConfigError
from tests.config.files import MINIMAL, mistakes_in


def test_modules_and_one_queue_list_are_enough() -> None:
    assert config.parse(MINIMAL, "x") == Config(
        jobs=Jobs(modules=("app.jobs",)), pools={"default": Pool(queues=("*",), workers=1)}
    )


def test_every_key_is_taken_from_the_file() -> None:
    read = config.parse(
        """
        [redis]
        url = "redis://example.org/3"
        namespace = "shop"
        password_file = "/run/secrets/redis"
        embedded = false
        [jobs]
        path = ["/srv/app", "/srv/lib"]
        modules = ["app.jobs", "app.more.*"]
        preload = "job"
        max_payload = "512KiB"
        names = {"MyTask::Echo" = "app.jobs:Echo"}
        [pools.mail]
        queues = ["critical", "mail-*", "!mail-slow"]
        workers = 4
        order = "round-robin"
        interval = 0.5
        timeout = 30
        memory = "512MiB"
        nice = 5
        user = "nobody"
        group = "nogroup"
        umask = "0027"
        interrupted = "fail"
        max_jobs = 1000
        max_age = 3600
        max_memory = "1GB"
        [pools.none]
        queues = ["later"]
        workers = 0
        [shutdown]
        grace = 0
        term_timeout = 1.5
        redis_timeout = 2
        [worker]
        hostname = "web-1"
        [failed]
        max = 5000
        max_age = 86400
        [log]
        level = "debug"
        format = "json"
        file = "/var/log/resqued.log"
        args = true
        [daemon]
        state_dir = "/var/lib/resqued"
        """,
        "x",
    )

    assert read == Config(
        redis=Redis(url="redis://example.org/3", namespace="shop", password_file="/run/secrets/redis", embedded=False),
        jobs=Jobs(
            path=("/srv/app", "/srv/lib"),
            modules=("app.jobs", "app.more.*"),
            preload="job",
            max_payload=config.Bytes(512 * 1024),
            names={"MyTask::Echo": "app.jobs:Echo"},
        ),
        pools={
            "mail": Pool(
                queues=("critical", "mail-*", "!mail-slow"),
                workers=4,
                order="round-robin",
                interval=0.5,
                timeout=30.0,
                memory=Cap(512 * 1024**2),
                nice=5,
                user="nobody",
                group="nogroup",
                umask="0027",
                interrupted="fail",
                max_jobs=1000,
                max_age=3600.0,
                max_memory=Cap(1000**3),
            ),
            "none": Pool(queues=("later",), workers=0),
        },
        shutdown=Shutdown(grace=0.0, term_timeout=1.5, redis_timeout=2.0),
        worker=Worker(hostname="web-1"),
        failed=Failed(max=5000, max_age=86400.0),
        log=Log(level="debug", format="json", file="/var/log/resqued.log", args=True),
        daemon=Daemon(state_dir="/var/lib/resqued"),
    )


def test_pools_keep_the_order_of_the_file() -> None:
    pools = "".join(f'[pools.{name}]\nqueues = ["*"]\n' for name in ("b", "a", "c"))

    assert list(config.parse(f'[jobs]\nmodules = ["app.jobs"]\n{pools}', "x").pools) == ["b", "a", "c"]


def test_whole_seconds_become_floats() -> None:
    pool = config.parse(f"{MINIMAL}timeout = 30\ninterval = 1", "x").pools["default"]

    assert [type(pool.timeout), type(pool.interval)] == [float, float]


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("1", 1),
        ("1000", 1000),
        ("7B", 7),
        ("3kB", 3_000),
        ("3KB", 3_000),
        ("5MB", 5_000_000),
        ("2GB", 2_000_000_000),
        ("512KiB", 524_288),
        ("1MiB", 1_048_576),
        ("2GiB", 2_147_483_648),
        ("10 MiB", 10_485_760),
    ],
)
def test_a_size_is_read_as_bytes(text: str, size: int) -> None:
    read = config.parse(MINIMAL.replace("[jobs]", f'[jobs]\nmax_payload = "{text}"'), "x")

    assert read.jobs.max_payload == size


@pytest.mark.parametrize(("text", "cap"), [("", 0), ("1000", 1000), ("2GiB", 2 * 1024**3)])
def test_a_cap_is_a_size_or_left_open(text: str, cap: int) -> None:
    pool = config.parse(f'{MINIMAL}memory = "{text}"\nmax_memory = "{text}"', "x").pools["default"]

    assert (pool.memory, pool.max_memory) == (cap, cap)


@pytest.mark.parametrize("umask", ["", "022", "0027", "777", "000"])
def test_a_umask_is_octal_text_or_left_open(umask: str) -> None:
    assert config.parse(f'{MINIMAL}umask = "{umask}"', "x").pools["default"].umask == umask


@pytest.mark.parametrize("queue", ["*", "mail", "mail-*", "a?", "[ab]", "größe", "under_score", "a.b/c!", "x;y=z"])
def test_any_speakable_name_or_glob_is_a_queue(queue: str) -> None:
    read = config.parse(MINIMAL.replace('"*"', f'"{queue}", "!{queue}"'), "x")

    assert read.pools["default"].queues == (queue, f"!{queue}")


def test_a_config_cannot_be_changed() -> None:
    read = config.parse(MINIMAL, "x")

    with pytest.raises(AttributeError):
        read.redis.namespace = "other"  # type: ignore[misc]  # that it is refused is the point


@pytest.mark.parametrize("url", ["redis://:hunter2@example.org/1", "rediss://me:hunter2@example.org"])
def test_no_representation_of_a_config_shows_the_password(url: str) -> None:
    read = config.parse(f'{MINIMAL}[redis]\nurl = "{url}"', "x")

    assert "hunter2" in read.redis.url
    assert "hunter2" not in f"{read!r} {read} {dict(read.redis.__rich_repr__())}"


def test_the_representation_of_a_config_shows_the_rest() -> None:
    assert repr(Redis(url="redis://me:hunter2@h:1/2", namespace="shop")) == (
        "Redis(url='redis://me:***@h:1/2', namespace='shop', password_file='', embedded=False)"
    )


def test_an_address_that_was_never_checked_is_not_shown_either() -> None:
    assert "hunter2" not in repr(Redis(url="rdis://:hunter2@h"))


def test_an_error_names_the_source_of_every_mistake() -> None:
    with pytest.raises(ConfigError) as caught:
        config.parse("a = 1\nb = 2", "/etc/resqued.toml")

    assert all(line.startswith("/etc/resqued.toml: ") for line in str(caught.value).splitlines())


def test_an_empty_file_lacks_what_is_required_and_nothing_else() -> None:
    assert mistakes_in("") == (
        'jobs.modules: missing; expected a list of at least one module, such as ["app.jobs"]',
        'pools: missing; expected at least one pool, such as [pools.default] with queues = ["*"]',
    )


def test_every_struct_of_the_file_is_frozen_and_takes_only_known_keys() -> None:
    for table in (Config, Redis, Jobs, Pool, Shutdown, Worker, Failed, Log, Daemon):
        assert table.__struct_config__.frozen
        with pytest.raises(msgspec.ValidationError, match="unknown field"):
            msgspec.convert({"frob": 1}, table)
