"""`import resqued`: every public name is there, and none of them costs anything before it is used."""

import importlib

import pytest

import resqued
from tests.support.python import run_python


@pytest.mark.parametrize("name", resqued.__all__)
def test_every_public_name_is_there(name: str) -> None:
    assert getattr(resqued, name) is not None
    assert name in dir(resqued)


def test_every_error_that_can_be_caught_is_public() -> None:
    errors = vars(importlib.import_module("resqued.errors"))
    raised = {name for name, value in errors.items() if isinstance(value, type) and issubclass(value, BaseException)}

    assert raised <= set(resqued.__all__)


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'resqued' has no attribute 'Resqeu'"):
        getattr(resqued, "Resqeu")  # noqa: B009  mypy knows that it is not there


@pytest.mark.parametrize(
    "statement",
    [
        "import resqued",
        "from resqued import current_job",
        "from resqued import hooks",
        "from resqued import DontPerform, JobTerminated, StoreUnavailable",
        "import resqued; resqued.__version__; dir(resqued)",
    ],
)
def test_what_a_job_imports_loads_no_library(statement: str) -> None:
    loaded = run_python(f"import sys\n{statement}\nprint(*{{name.partition('.')[0] for name in sys.modules}})")

    assert {"redis", "hiredis", "structlog", "msgspec", "psutil", "logging"}.isdisjoint(loaded.split())
