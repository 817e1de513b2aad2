"""Jobs that are tried again, and of which there may be one only. They tell a test what they do through Redis lists."""

# ruff: noqa: RUF012  a policy is a dictionary, which nobody changes

import os

import tracked

from resqued import current_job


class Flaky:
    """Fail until it has been tried `times` times; say in `test:said` how often it had been tried before."""

    queue = "work"
    retry = {"limit": 3, "backoff": 0, "on": [OSError], "never": ["FileNotFoundError"]}

    @staticmethod
    def perform(times, error="OSError"):
        tried = current_job().tried
        tracked.say("test:said", tried)
        if tried < times:
            raise {"OSError": ConnectionError, "KeyError": KeyError, "never": FileNotFoundError}[error](str(tried))


def pause(tried):
    tracked.say("test:asked", f"{tried} {os.getppid()}")
    return 3600 * tried


class Asking:
    """Its pause is a function's, which only its own process runs; it dies instead if it is told to."""

    queue = "work"
    retry = {"limit": 3, "backoff": pause}

    @staticmethod
    def perform(how):
        if how == "die":
            os._exit(3)
        raise ValueError(how)


class Alone:
    """Only one for each name at a time; it waits like `tracked.Meet`."""

    queue = "work"
    unique = {"by": ["name"], "while": "running"}

    @staticmethod
    def perform(name, number=0):
        tracked.Meet.perform(f"{name} {number}")


class Single:
    """Only one that is not finished, and it is tried again."""

    queue = "work"
    unique = {"while": "unfinished"}
    retry = {"limit": 1, "backoff": 3600}

    @staticmethod
    def perform(name):
        tracked.Meet.perform(name)
        raise ValueError(name)
