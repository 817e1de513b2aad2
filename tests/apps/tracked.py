"""Jobs that tell a test what they do, through Redis lists of their own (`test:…`), never through time."""

import json
import os
import signal
import subprocess
import sys
import time

import redis

URL = os.environ["TEST_REDIS_URL"]


def connection():
    return redis.Redis.from_url(URL, socket_timeout=60)  # s; longer than any job here waits


def say(key, value):
    with connection() as there:
        there.rpush(key, value)


class Say:
    """Push `text` to `test:said`."""

    queue = "work"

    @staticmethod
    def perform(text):
        say("test:said", text)


class Meet:
    """Tell `test:met` the own pid, then wait until something is pushed to `test:go`; then say so in `test:done`."""

    queue = "work"

    @staticmethod
    def perform(name="meet"):
        with connection() as there:
            there.rpush("test:met", os.getpid())
            there.blpop("test:go", timeout=30)
            there.rpush("test:done", name)


class Stubborn:
    """Swallow every request to stop."""

    queue = "work"

    @staticmethod
    def perform():
        until = time.monotonic() + 30
        met = False
        while True:
            try:
                if not met:
                    say("test:met", os.getpid())
                    met = True
                while time.monotonic() < until:
                    time.sleep(0.2)
                return
            except BaseException as error:
                say("test:swallowed", type(error).__name__)


class Careful:
    """Clean up when asked to stop."""

    queue = "work"

    @staticmethod
    def perform():
        try:
            say("test:met", os.getpid())
            time.sleep(30)
        finally:
            say("test:cleaned", "up")


class Boom:
    queue = "work"

    @staticmethod
    def perform(*args):
        raise ValueError("boom")


class Die:
    """End by signal `number`."""

    queue = "work"

    @staticmethod
    def perform(number=signal.SIGKILL):
        signal.signal(number, signal.SIG_DFL) if number != signal.SIGKILL else None
        os.kill(os.getpid(), number)


class Leave:
    """Exit with `status`, without a verdict."""

    queue = "work"

    @staticmethod
    def perform(status):
        os._exit(status)


class Fact:
    """Push what Python's `expression` is in a job's process to `test:facts`."""

    queue = "work"

    @staticmethod
    def perform(expression):
        say("test:facts", repr(eval(expression, {"os": os, "sys": sys, "signal": signal})))


class Grandchild:
    """Leave a process behind that keeps every descriptor open, until `test:go`."""

    queue = "work"

    @staticmethod
    def perform():
        if os.fork() == 0:
            connection().blpop("test:go", timeout=20)
            os._exit(0)


class CloseEverything:
    queue = "work"

    @staticmethod
    def perform():
        os.closerange(0, 256)


class Parent:
    """Has a child of its own; both wait."""

    queue = "work"

    @staticmethod
    def perform():
        pid = os.fork()
        if pid == 0:
            time.sleep(30)
            os._exit(0)
        say("test:grandchild", pid)
        say("test:met", os.getpid())
        time.sleep(30)


class Program:
    """Push to `test:program` what a program says that inherits whatever this process would pass on."""

    queue = "work"

    @staticmethod
    def perform(command):
        run = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, restore_signals=False)
        say("test:program", json.dumps(run.stdout))
