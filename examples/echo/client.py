"""Asks for text and has it echoed by a worker: `python client.py [address of Redis]`. End with Ctrl-D."""

import sys

from resqued import Resque


def main(address: str = "127.0.0.1:6379") -> None:
    resque = Resque(redis=address)
    while (text := asked()) is not None:
        resque.push("echo", {"class": "MyTask::Echo", "args": [text]})


def asked() -> str | None:
    try:
        return input("input text: ")
    except (EOFError, KeyboardInterrupt):
        print()
        return None


if __name__ == "__main__":
    main(*sys.argv[1:])
