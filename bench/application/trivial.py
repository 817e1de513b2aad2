"""The application that every contestant runs: as small as one can be that, like most, logs."""

import logging
import os
import sys
import time

log = logging.getLogger(__name__)


def say(letterbox: str, text: object) -> None:
    descriptor = os.open(letterbox, os.O_WRONLY)
    os.write(descriptor, f"{text}\n".encode())
    os.close(descriptor)


class Stamp:
    """When was this line reached? CLOCK_MONOTONIC is the same for all processes of a machine."""

    @staticmethod
    def perform(letterbox: str) -> None:
        now = time.monotonic_ns()
        say(letterbox, now)


class Noop:
    @staticmethod
    def perform(*_: object) -> None:
        pass


class Nap:
    @staticmethod
    def perform() -> None:
        time.sleep(0.01)


class Fails:
    @staticmethod
    def perform() -> None:
        raise ValueError("as always")


class Census:
    """Which modules a job finds imported when it begins."""

    @staticmethod
    def perform(file: str, letterbox: str) -> None:
        with open(file, "w") as out:  # noqa: PTH123  pathlib is not a module that a job need have
            out.write("\n".join(sys.modules))
        say(letterbox, len(sys.modules))
