"""The job that the containers perform."""

import socket


class Greet:
    queue = "greetings"

    @staticmethod
    def perform(name: str) -> None:
        print(f"hello {name}, from {socket.gethostname()}")
