"""The job that both hosts perform."""

import socket


class Where:
    queue = "where"

    @staticmethod
    def perform(number: int) -> None:
        print(f"{number} on {socket.gethostname()}")
