"""Whatever the text is: a Config or a ConfigError."""

from contextlib import suppress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from resqued import config
from resqued.errors import ConfigError
from tests.config.files import MINIMAL, mistakes_in


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ("[redis]\nurl = redis://h", "line 2, column 7: not TOML: Invalid value; text is written in quotes"),
        ("a = 1\n\nb = ", "line 3, column 5: not TOML: Invalid value"),
        ("a = 1\na = 2\n", "line 2, column 6: not TOML: Cannot overwrite a value; a key can be given only once"),
        ("[a]\n[a]\n", "line 2, column 3: not TOML: Cannot declare ('a',) twice; a table can be opened only once"),
        ("workers 4", "line 1, column 9: not TOML: Expected '=' after a key"),
        ("a = [1,\n 2", "line 2, column 3: not TOML: Unclosed array"),
        ("a = True", "line 1, column 5: not TOML: Invalid value; text is written in quotes, lists in [brackets], yes"),
    ],
)
def test_text_that_is_not_toml_is_one_mistake_with_line_and_column(text: str, mistake: str) -> None:
    (found,) = mistakes_in(text)

    assert found.startswith(mistake)


def test_text_in_another_encoding_is_one_mistake_with_line_and_column() -> None:
    text = b"# Gr\xfc\xdfe".decode(errors="surrogateescape")

    assert mistakes_in(f"\n{text}") == ("line 2, column 5: not Unicode; save the file as UTF-8",)


def test_a_number_that_python_refuses_to_read_is_a_mistake() -> None:
    assert mistakes_in("a = " + "9" * 5000) == ("a number has too many digits to be read; shorten it",)


def test_a_nesting_that_python_refuses_to_read_is_a_mistake() -> None:
    assert mistakes_in("a = " + "[" * 5000) == ("lists or tables are nested too deeply to be read; flatten them",)


NUMBERS = ("0", "-1", "0.5", "inf", "nan", "true", "0x" + "f" * 5000, "1979-05-27", "07:32:00")
TEXTS = ('""', '"x"', '"*"', '"!a"', '"redis://h"', '"1MiB"', '"app.jobs:Echo"', '"\\u0000"')
NESTED = ("[]", "{}", '["*"]', '["!a"]', "[[1]]", "{a = {b = 1}}", '{a = {queues = ["*"]}}', '["app.jobs"]')
TABLES = ("redis", "jobs", "jobs.names", "pools", "pools.a", 'pools.""', "log", "daemon", "frob")
VALUES = st.sampled_from((*NUMBERS, *TEXTS, *NESTED))
KEYS = st.sampled_from((*TABLES, "redis.url", "redis.embedded", "jobs.modules", "jobs.max_payload", "pools.a.queues"))
LINES = st.one_of(
    st.builds("{} = {}".format, KEYS, VALUES),
    st.builds("[{}]".format, KEYS),
    st.builds("[[{}]]".format, KEYS),
    st.text(max_size=20),
)


@given(st.one_of(st.text(), st.text(st.characters(categories=["Cs", "Cc", "Nd"])), st.lists(LINES).map("\n".join)))
@example(MINIMAL)
@example("pools.a = [{}]")
def test_no_text_whatever_raises_anything_but_a_config_error(text: str) -> None:
    with suppress(ConfigError):
        config.parse(text, "resqued.toml")


@given(KEYS, VALUES)
def test_no_value_anywhere_raises_anything_but_a_config_error(key: str, value: str) -> None:
    with suppress(ConfigError):
        config.parse(f"{key} = {value}", "resqued.toml")
