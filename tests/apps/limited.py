"""Jobs with limits of their own, and jobs that pass them. They say through Redis lists (`test:…`) what they do."""

import encodings.idna  # noqa: F401  socket imports it late
import mmap
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

import tracked
from tracked import Careful, Meet

MIB = 1024**2
SERVER = urlsplit(tracked.URL)
kept = []


def say(key, value):
    """As in `tracked`, but without redis-py: it reads files late, which a job's user may not be allowed to."""
    words = ["RPUSH", key, str(value)]
    with socket.create_connection((SERVER.hostname, SERVER.port)) as there:
        there.sendall("".join(["*3\r\n", *(f"${len(word)}\r\n{word}\r\n" for word in words)]).encode())
        there.recv(99)


tracked.say = say


def take(size):
    """Memory of this process's own, `size` MiB of it, every page touched."""
    memory = mmap.mmap(-1, size * MIB, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    for place in range(0, size * MIB, mmap.PAGESIZE):
        memory[place] = 1
    kept.append(memory)


class Mourned:
    @staticmethod
    def on_failure(error, *args):
        say("test:mourned", f"{type(error).__name__} {os.getuid()}")


class Hurried(Careful, Mourned):
    timeout = 0.2


class Unhurried(Careful):
    timeout = 60


class Watched(Careful, Mourned):
    """Like Careful, but somebody is told when it fails."""


class Household:
    """Has children in its session: one in a process group of its own, and one that does as it did."""

    @staticmethod
    def perform():
        own = subprocess.Popen(["sleep", "30"], process_group=0)
        same = subprocess.Popen(["sleep", "30"])
        say("test:met", f"{own.pid} {same.pid}")
        time.sleep(30)


class Large(Mourned):
    """Take `size` MiB: itself, or by somebody who descends from it."""

    @staticmethod
    def perform(size, by="itself"):
        match by:
            case "itself":
                take(size)
                say("test:met", os.getpid())
            case "child":
                child(size)
            case "daemon":
                if os.fork() == 0:
                    os.setsid()
                    child(size)
                    os._exit(0)
                os.wait()
            case "program":
                text = f"import time; memory = bytearray({size} << 20); memory[::4096] = b'x' * len(memory[::4096])"
                say("test:met", subprocess.Popen([sys.executable, "-c", f"{text}; time.sleep(30)"]).pid)
        time.sleep(30)


def child(size):
    if (pid := os.fork()) == 0:
        take(size)
        time.sleep(30)
        os._exit(0)
    say("test:met", pid)


class Capped(Large):
    memory = "30MiB"


class Starved:
    """Be killed as the kernel does it when there is no memory: it is counted in the file `events`."""

    @staticmethod
    def perform(events):
        Meet.perform()
        Path(events).write_text("oom 1\noom_kill 8\noom_group_kill 0\n")
        os.kill(os.getpid(), 9)
