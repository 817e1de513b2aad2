"""Every mistake in a file is reported, each once, and no password with them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.config.files import mistakes_in, written

# Each spoils one key of its own: (table, key as written, value, place that must be reported).
SPOILT: list[tuple[str, str, object, str]] = [
    ("redis", "url", "http://localhost", "redis.url"),
    ("redis", "namespace", "", "redis.namespace"),
    ("redis", "passwordfile", "", "redis.passwordfile"),
    ("redis", "embedded", "yes", "redis.embedded"),
    ("jobs", "modules", [], "jobs.modules"),
    ("jobs", "preload", "mastr", "jobs.preload"),
    ("jobs", "max_payload", "big", "jobs.max_payload"),
    ("jobs", "path", ["/srv", 1], "jobs.path[1]"),
    ("jobs.names", '"A::B"', "nowhere", 'jobs.names."A::B"'),
    ("pools.mail", "queus", ["mail"], "pools.mail.queus"),
    ("pools.mail", "workers", "four", "pools.mail.workers"),
    ("pools.mail", "order", "lifo", "pools.mail.order"),
    ("pools.mail", "interval", 0, "pools.mail.interval"),
    ("pools.mail", "timeout", -1, "pools.mail.timeout"),
    ("pools.mail", "memory", "lots", "pools.mail.memory"),
    ("pools.mail", "nice", 99, "pools.mail.nice"),
    ("pools.mail", "user", "a b", "pools.mail.user"),
    ("pools.mail", "umask", "u=rwx", "pools.mail.umask"),
    ("pools.mail", "max_jobs", 1.5, "pools.mail.max_jobs"),
    ("pools.mail", "max_memory", -1, "pools.mail.max_memory"),
    ("pools.mail", "interrupted", True, "pools.mail.interrupted"),
    ("pools.other", "queues", ["a", "a"], "pools.other.queues[1]"),
    ("pools.other", "workers", True, "pools.other.workers"),
    ('pools."b c"', "queues", ["*"], 'pools."b c"'),
    ("pools.skips", "queues", ["!a"], "pools.skips.queues"),
    ("shutdown", "grace", "20s", "shutdown.grace"),
    ("shutdown", "term_timeout", -4, "shutdown.term_timeout"),
    ("worker", "hostname", "a:b", "worker.hostname"),
    ("log", "level", "loud", "log.level"),
    ("log", "args", 1, "log.args"),
    ("log", "colour", True, "log.colour"),
    ("daemon", "state_dir", 1, "daemon.state_dir"),
    ("deamon", "state_dir", "", "deamon"),
]


@given(st.lists(st.sampled_from(SPOILT), min_size=1, unique_by=lambda spoilt: spoilt[:2]))
def test_every_set_of_mistakes_is_reported_in_full_and_each_once(chosen: list[tuple[str, str, object, str]]) -> None:
    tables: dict[str, dict[str, object]] = {
        "jobs": {"modules": ["app.jobs"]},
        "pools.mail": {"queues": ["mail"]},
        "pools.other": {"queues": ["other"]},
    }
    for table, key, value, _ in chosen:
        tables.setdefault(table, {})[key] = value

    reported = [mistake.split(": ")[0] for mistake in mistakes_in(written(tables))]
    assert sorted(reported) == sorted(place for *_, place in chosen)


def test_five_mistakes_are_reported_as_five_in_the_order_of_the_file() -> None:
    found = mistakes_in(
        """
        [redis]
        url = "localhost:port"
        [jobs]
        modules = ["app.jobs"]
        preload = "mastr"
        [pools.mail]
        queus = ["mail"]
        workers = "four"
        [shutdown]
        grace = -1
        """
    )

    assert [mistake.split(": ")[0] for mistake in found] == [
        "redis.url",
        "jobs.preload",
        "pools.mail.queus",
        "pools.mail.workers",
        "shutdown.grace",
    ]


@pytest.mark.parametrize(
    "text",
    [
        'redis = "redis://:hunter2@localhost"',
        'redis.url = ["redis://:hunter2@localhost"]',
        'redis.url = "redis://:hunter2@localhost:x"',
        'redis.url = "redis://:hunter2"',
        'redis.url = "rdis://:hunter2@localhost"',
        'redis.url = "redis://:hun/ter2hunter2@localhost"',
        "redis.url = redis://:hunter2@localhost",
        'redis.namespace = "redis://me:hun@ter 2hunter2@localhost"',
        'redis.namespace = "redis+sentinel://me:hunter2@a,b/m?sentinel_password=a:hunter2@c"',
        'redis.namespace = "redis+sentinel://h/m?sentinel_password=a,hunter2"',
        'redis.url = "redis+sentinel://:hunter2@a,b/m?sentinel_password=hunter2&password=hunter2"',
        'redis.url = "redis://:hunter2@localhost"\nredis.password_file = "/p"',
    ],
)
def test_no_mistake_shows_the_password(text: str) -> None:
    assert "hunter2" not in "\n".join(mistakes_in(text))
