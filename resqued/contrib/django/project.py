"""A project whose jobs are to be performed: set up, its jobs found, and its connections kept on one side of a fork."""

import os
from collections.abc import Iterator, Sequence
from importlib.util import find_spec

import django
from django.apps import AppConfig, apps
from django.utils.module_loading import module_has_submodule

from resqued import failure
from resqued.contrib.django import connections

VARIABLE = "DJANGO_SETTINGS_MODULE"
MODULE = "jobs"  # in which an application has its jobs


def set_up(settings: str) -> tuple[Sequence[str], Sequence[str]]:
    """As `manage.py` does: the environment may name other settings. Returns the modules of jobs, and mistakes."""
    os.environ.setdefault(VARIABLE, settings)
    try:
        django.setup()
        found = [name for app in apps.get_app_configs() for name in _modules(app)]
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001  settings are code: sys.exit is a mistake like any other
        return (), [f"jobs.django: {os.environ[VARIABLE]} cannot be set up: {_account_of(error)}"]
    connections.keep_apart()
    return found, ()


def _modules(app: AppConfig) -> Iterator[str]:
    """In the words of `[jobs] modules`: a package is taken with all that is in it."""
    if module_has_submodule(app.module, MODULE):
        name = f"{app.name}.{MODULE}"
        spec = find_spec(name)
        yield f"{name}.*" if spec and spec.submodule_search_locations else name


def _account_of(error: BaseException) -> str:
    if isinstance(error, ModuleNotFoundError) and f"{os.environ[VARIABLE]}.".startswith(f"{error.name}."):
        return f"{failure.summary_of(error)}; is it below one of the directories of jobs.path?"
    return failure.account_of(error)
