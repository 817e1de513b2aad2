"""A mistake is reported with its place and what to do."""

import pytest

from resqued.config import Pool
from tests.config.files import mistakes_in, mistakes_of

NAME = """without ":", ",", spaces, control characters and < > & " '"""
QUEUE = f'a queue name, "*", a glob or "!skip" {NAME}'
SOME_QUEUES = f"the name of a queue or a glob {NAME}"
RATE = 'a number from 1 to 10000 in a second, minute, hour or day, such as "100/minute"'
QUEUES = 'a list of at least one queue, such as ["critical", "mail"] or ["*"]'
SIZE = 'a size > 0 such as "512KiB", "1MiB", "2GiB", "5MB" or "1000" (bytes)'
CAP = 'a size > 0 such as "512MiB" or "2GiB", or "" for no limit'
UMASK = 'octal digits in quotes, such as "0022" ("" to leave it as it is)'
MODULE = 'a module such as "app.jobs", or "app.jobs.*" for it and all its submodules'


@pytest.mark.parametrize(
    ("table", "line", "mistake"),
    [
        (
            "pools.default",
            'workers = "four"',
            'pools.default.workers: expected int ≥ 0 or { min, max, spare }, got "four"',
        ),
        ("pools.default", "workers = -1", "pools.default.workers: expected int ≥ 0 or { min, max, spare }, got -1"),
        ("pools.default", "workers = 1.0", "pools.default.workers: expected int ≥ 0 or { min, max, spare }, got 1.0"),
        ("pools.default", "workers = true", "pools.default.workers: expected int ≥ 0 or { min, max, spare }, got true"),
        ("pools.default", "interval = 0", "pools.default.interval: expected a number of seconds > 0, got 0"),
        ("pools.default", "interval = true", "pools.default.interval: expected a number of seconds > 0, got true"),
        ("pools.default", 'interval = "5s"', 'pools.default.interval: expected a number of seconds > 0, got "5s"'),
        ("pools.default", "interval = inf", "pools.default.interval: expected a number of seconds > 0, got inf"),
        ("pools.default", "timeout = -1", "pools.default.timeout: expected a number of seconds ≥ 0, got -1"),
        ("pools.default", "timeout = nan", "pools.default.timeout: expected a number of seconds ≥ 0, got nan"),
        ("pools.default", "workers = {max = 2}", "pools.default.workers.min: missing; expected int ≥ 0"),
        ("pools.default", "workers = {min = 0, max = -1}", "pools.default.workers.max: expected int ≥ 0, got -1"),
        ("pools.default", "workers = {min = 3, max = 2}", "pools.default.workers.min: 3 is more than max, 2"),
        (
            "pools.default",
            "workers = {min = 1, max = 2, spar = 1}",
            'pools.default.workers.spar: unknown key; did you mean "spare"?',
        ),
        ("daemon", 'signal_pool = "mail"', 'daemon.signal_pool: there is no pool "mail"; there are: default'),
        ("pools.default", "max_jobs = -1", "pools.default.max_jobs: expected int ≥ 0, got -1"),
        ("pools.default", "max_age = inf", "pools.default.max_age: expected a number of seconds ≥ 0, got inf"),
        ("limits", 'rates = {mail = "100/min"}', f'limits.rates.mail: expected {RATE}, got "100/min"'),
        ("limits", 'rates = {mail = "0/second"}', f'limits.rates.mail: expected {RATE}, got "0/second"'),
        ("limits", 'rates = {mail = "10001/day"}', f'limits.rates.mail: expected {RATE}, got "10001/day"'),
        ("limits", "rates = {mail = 5}", f"limits.rates.mail: expected {RATE}, got 5"),
        ("limits", 'rates = {"a b" = "1/day"}', f'limits.rates."a b": expected {SOME_QUEUES}, got "a b"'),
        ("failed", "max = -1", "failed.max: expected int ≥ 0, got -1"),
        ("failed", 'max_age = "30d"', 'failed.max_age: expected a number of seconds ≥ 0, got "30d"'),
        ("pools.default", "nice = 20", "pools.default.nice: expected int from -20 to 19, got 20"),
        ("pools.default", 'nice = "5"', 'pools.default.nice: expected int from -20 to 19, got "5"'),
        ("pools.default", "umask = 22", f"pools.default.umask: expected {UMASK}, got 22"),
        ("pools.default", 'umask = "888"', f'pools.default.umask: expected {UMASK}, got "888"'),
        ("pools.default", 'umask = "1777"', f'pools.default.umask: expected {UMASK}, got "1777"'),
        ("pools.default", "memory = 1000", f"pools.default.memory: expected {CAP}, got 1000"),
        ("pools.default", 'memory = "0"', f'pools.default.memory: expected {CAP}, got "0"'),
        ("pools.default", 'max_memory = "1m"', f'pools.default.max_memory: expected {CAP}, got "1m"'),
        (
            "pools.default",
            "user = 1000",
            'pools.default.user: expected the name of a user ("" for the one that resqued runs as), got 1000',
        ),
        (
            "pools.default",
            'group = "a:b"',
            'pools.default.group: expected the name of a group ("" for the main one of the user), got "a:b"',
        ),
        ("shutdown", "grace = -0.5", "shutdown.grace: expected a number of seconds ≥ 0, got -0.5"),
        ("shutdown", "grace = inf", "shutdown.grace: expected a number of seconds ≥ 0, got inf"),
        ("shutdown", "term_timeout = false", "shutdown.term_timeout: expected a number of seconds ≥ 0, got false"),
        (
            "shutdown",
            "redis_timeout = []",
            "shutdown.redis_timeout: expected a number of seconds ≥ 0, got an empty list",
        ),
        ("redis", "embedded = 1", "redis.embedded: expected true or false, got 1"),
        ("log", 'args = "no"', 'log.args: expected true or false, got "no"'),
        ("log", "file = 1979-05-27", 'log.file: expected a path in quotes ("" for the default), got 1979-05-27'),
        (
            "daemon",
            "state_dir = {a = 1}",
            'daemon.state_dir: expected a path in quotes ("" for the default), got a table',
        ),
        (
            "jobs",
            'django = "my site"',
            'jobs.django: expected a settings module such as "mysite.settings" ("" for none), got "my site"',
        ),
        ("jobs", 'path = "/srv"', 'jobs.path: expected a list of directories, such as ["/srv/app"], got "/srv"'),
        ("jobs", 'path = ["/srv", ""]', 'jobs.path[1]: expected a directory, such as "/srv/app", got ""'),
        (
            "redis",
            "url = 6379",
            'redis.url: expected an address in quotes, such as "redis://127.0.0.1:6379/0", got 6379',
        ),
    ],
)
def test_a_value_of_the_wrong_kind_is_shown_beside_what_was_expected(table: str, line: str, mistake: str) -> None:
    assert mistakes_of(table, line) == (mistake,)


@pytest.mark.parametrize(
    ("table", "line", "mistake"),
    [
        ("pools.default", "frob = 1", f"known here: {', '.join(Pool.__struct_fields__)}"),
        ("pools.default", "Workers = 1", 'did you mean "workers"?'),
        ("redis", "uri = 1", 'did you mean "url"?'),
        ("redis", 'password = "x"', 'did you mean "password_file"?'),
        ("daemon", "xyzzy = 1", "known here: run_dir, state_dir, chdir, reload_timeout, signal_pool"),
    ],
)
def test_an_unknown_key_is_a_mistake_with_a_suggestion(table: str, line: str, mistake: str) -> None:
    assert mistakes_of(table, line) == (f"{table}.{line.split(maxsplit=1)[0]}: unknown key; {mistake}",)


def test_a_process_performs_one_job_at_least() -> None:
    (mistake,) = mistakes_of("pools.default", "jobs_per_fork = 0")

    assert mistake == "pools.default.jobs_per_fork: expected int ≥ 1, got 0"


def test_an_unknown_table_is_a_mistake_with_a_suggestion() -> None:
    assert mistakes_of("shutdwon", "grace = 1") == ('shutdwon: unknown table; did you mean "shutdown"?',)


def test_a_misspelt_key_is_not_missing_as_well() -> None:
    assert mistakes_in('[jobs]\nmodules = ["a"]\n[pools.mail]\nqueus = ["mail"]') == (
        'pools.mail.queus: unknown key; did you mean "queues"?',
    )


def test_a_misspelt_table_is_not_missing_as_well() -> None:
    assert mistakes_in('[job]\nmodules = ["a"]\n[pool.mail]\nqueues = ["mail"]') == (
        'job: unknown table; did you mean "jobs"?',
        'pool: unknown table; did you mean "pools"?',
    )


def test_a_key_that_needs_quotes_is_quoted_in_its_place() -> None:
    (mistake,) = mistakes_of("jobs.names", '"A::B" = 1')

    assert mistake == 'jobs.names."A::B": expected a job as "module:Class", such as "app.jobs:Echo", got 1'


def test_no_key_can_break_a_message_into_lines() -> None:
    (mistake,) = mistakes_of("log", r'"a\nb" = 1')

    assert mistake.startswith(r'log."a\nb": unknown key')


@pytest.mark.parametrize(
    ("table", "line", "mistake"),
    [
        (
            "pools.default",
            'order = "roundrobin"',
            '"strict", "round-robin" or "random", got "roundrobin"; did you mean "round-robin"?',
        ),
        ("pools.default", 'order = "fifo"', '"strict", "round-robin" or "random", got "fifo"'),
        ("pools.default", 'interrupted = "requeu"', '"requeue" or "fail", got "requeu"; did you mean "requeue"?'),
        ("jobs", 'preload = "jobs"', '"master", "worker" or "job", got "jobs"; did you mean "job"?'),
        ("log", 'level = "WARN"', '"debug", "info", "warning" or "error", got "WARN"; did you mean "warning"?'),
        ("log", "level = 3", '"debug", "info", "warning" or "error", got 3'),
        ("log", 'format = "jsno"', '"auto", "console" or "json", got "jsno"; did you mean "json"?'),
    ],
)
def test_a_mode_that_does_not_exist_gets_the_nearest_one_suggested(table: str, line: str, mistake: str) -> None:
    assert mistakes_of(table, line) == (f"{table}.{line.split(maxsplit=1)[0]}: expected {mistake}",)


@pytest.mark.parametrize(
    "queue",
    [
        "",
        "a:b",
        "a,b",
        "a b",
        "a\\tb",
        "a\\u0000b",
        "a\\u0085",
        "a\\u2028b",
        "<b>",
        "a&b",
        "it's",
        '\\"',
        "!",
        "!!a",
        "!a:b",
    ],
)
def test_a_queue_that_would_break_worker_ids_is_refused(queue: str) -> None:
    (mistake,) = mistakes_of("pools.default", f'queues = ["mail", "{queue}"]')

    assert mistake.startswith(f"pools.default.queues[1]: expected {QUEUE}, got ")


@pytest.mark.parametrize(("queues", "shown"), [("[]", "an empty list"), ('"mail"', '"mail"'), ("{a = 1}", "a table")])
def test_a_pool_needs_a_list_of_queues(queues: str, shown: str) -> None:
    assert mistakes_of("pools.default", f"queues = {queues}") == (
        f"pools.default.queues: expected {QUEUES}, got {shown}",
    )


def test_a_pool_without_queues_is_told_what_to_write() -> None:
    assert mistakes_in('[jobs]\nmodules = ["a"]\n[pools.mail]') == (f"pools.mail.queues: missing; expected {QUEUES}",)


def test_a_pool_that_only_skips_is_refused() -> None:
    assert mistakes_of("pools.default", 'queues = ["!a", "!b"]') == (
        'pools.default.queues: has only "!" entries, which take queues away; add what they take from, such as "*"',
    )


def test_a_queue_that_is_listed_twice_is_a_mistake() -> None:
    assert mistakes_of("pools.default", 'queues = ["a", "b", "a"]') == (
        "pools.default.queues[2]: repeats queues[0]; remove one of the two",
    )


def test_an_entry_that_is_no_text_is_one_mistake_even_if_it_is_repeated() -> None:
    assert mistakes_of("pools.default", "queues = [1, 1]") == (
        f"pools.default.queues[0]: expected {QUEUE}, got 1",
        f"pools.default.queues[1]: expected {QUEUE}, got 1",
    )


@pytest.mark.parametrize(("table", "key"), [("log", "file"), ("redis", "password_file"), ("daemon", "state_dir")])
def test_a_path_that_no_file_can_have_is_a_mistake(table: str, key: str) -> None:
    assert mistakes_of(table, rf'{key} = "/a\u0000b"') == (
        rf'{table}.{key}: expected a path in quotes ("" for the default), got "/a\u0000b"',
    )


def test_every_wrong_entry_of_a_list_is_reported() -> None:
    assert mistakes_of("jobs", 'modules = ["1", "app", 2, "app.*.jobs"]') == (
        f'jobs.modules[0]: expected {MODULE}, got "1"',
        f"jobs.modules[2]: expected {MODULE}, got 2",
        f'jobs.modules[3]: expected {MODULE}, got "app.*.jobs"',
    )


def test_modules_must_not_be_empty() -> None:
    assert mistakes_of("jobs", "modules = []") == (
        'jobs.modules: expected a list of at least one module, such as ["app.jobs"], got an empty list',
    )


@pytest.mark.parametrize("place", ["app.jobs.Echo", "app.jobs:", ":Echo", "app:jobs:Echo", "app jobs:Echo", ""])
def test_an_alias_names_a_module_and_a_class(place: str) -> None:
    assert mistakes_of("jobs.names", f'Echo = "{place}"') == (
        f'jobs.names.Echo: expected a job as "module:Class", such as "app.jobs:Echo", got "{place}"',
    )


@pytest.mark.parametrize(
    "size", ["", "0", "0MiB", "1.5MiB", "-1", "1 MiB ", "1TiB", "1m", "MiB", "²kB", "9" * 16, "9" * 5000]
)
def test_what_is_not_a_size_is_told_what_one_is(size: str) -> None:
    (mistake,) = mistakes_of("jobs", f'max_payload = "{size}"')

    assert mistake.startswith(f"jobs.max_payload: expected {SIZE}, got ")


def test_a_size_is_written_in_quotes() -> None:
    assert mistakes_of("jobs", "max_payload = 1000") == (f"jobs.max_payload: expected {SIZE}, got 1000",)


@pytest.mark.parametrize("namespace", ["", "a b", "a\\tb", "a\\u0007"])
def test_a_namespace_is_one_word(namespace: str) -> None:
    (mistake,) = mistakes_of("redis", f'namespace = "{namespace}"')

    assert mistake.startswith("redis.namespace: expected the prefix of all keys")


@pytest.mark.parametrize("hostname", ["a:b", "a,b", "a b", "<a>", "it's"])
def test_a_hostname_must_not_break_worker_ids(hostname: str) -> None:
    assert mistakes_of("worker", f'hostname = "{hostname}"') == (
        f'worker.hostname: expected a host name {NAME}, got "{hostname}"',
    )


@pytest.mark.parametrize("name", ["a b", "a.b", "ä", "", "a:b"])
def test_a_pool_name_is_plain_because_worker_names_and_titles_hold_it(name: str) -> None:
    assert mistakes_in(f'[jobs]\nmodules = ["a"]\n[pools."{name}"]\nqueues = ["*"]') == (
        f'pools."{name}": expected a pool name of letters, digits, _ and - only, got "{name}"',
    )


def test_a_file_needs_a_pool() -> None:
    assert mistakes_in('pools = {}\njobs.modules = ["a"]') == (
        'pools: expected at least one pool, such as [pools.default] with queues = ["*"], got an empty table',
    )


@pytest.mark.parametrize(("text", "shown"), [("redis = 1", "1"), ("redis = []", "an empty list")])
def test_a_value_where_a_table_belongs_is_a_mistake(text: str, shown: str) -> None:
    assert mistakes_in(f'{text}\njobs.modules = ["a"]\npools.a.queues = ["*"]') == (
        f"redis: expected a table, got {shown}",
    )


def test_a_pool_that_is_no_table_is_a_mistake() -> None:
    assert mistakes_of("pools", "mail = 4")[0] == "pools.mail: expected a table, got 4"


def test_a_wrong_address_is_explained() -> None:
    (mistake,) = mistakes_of("redis", 'url = "redis://localhost:x"')

    assert mistake.startswith("redis.url: the port must be a number from 1 to 65535")


@pytest.mark.parametrize("key", ["url", "password_file"])
def test_an_embedded_redis_excludes_another_one(key: str) -> None:
    assert mistakes_of("redis", f'embedded = true\n{key} = "redis://localhost"') == (
        f"redis.embedded: is true, and redis.{key} is about another server; remove one of the two",
    )


def test_one_password_is_enough() -> None:
    assert mistakes_of("redis", 'password_file = "/p"\nurl = "redis://:hunter2@h"') == (
        "redis.password_file: redis.url has a password already; remove one of the two",
    )


def test_an_enormous_number_is_reported_without_being_printed() -> None:
    assert mistakes_of("redis", f"namespace = 0x{'f' * 9000}")[0].endswith("got an enormous int")


def test_a_long_text_is_cut_in_messages() -> None:
    (mistake,) = mistakes_of("log", f'level = "{"x" * 1000}"')

    assert mistake.endswith(f'got "{"x" * 60}…"')
