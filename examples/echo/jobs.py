"""The job that the workers perform."""


class Echo:
    queue = "echo"

    @staticmethod
    def perform(text: str) -> None:
        print(text)
