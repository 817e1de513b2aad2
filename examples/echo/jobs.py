"""The job that the workers perform."""

import structlog

log = structlog.get_logger()


class Echo:
    queue = "echo"

    @staticmethod
    def perform(text: str) -> None:
        log.info("dequeue", args=[text])
        print(text)
