"""Jobs of which only so many may run at a time. Each tells `test:met` who it is, and waits for `test:go:<who>`."""

from tracked import connection, say


class Send:
    """One at a time for a customer."""

    queue = "work"
    concurrency = {"limit": 1, "by": ["customer"]}  # noqa: RUF012  as an application writes it

    @staticmethod
    def perform(customer, number):
        who = f"{customer}{number}"
        with connection() as there:
            there.rpush("test:met", who)
            there.blpop(f"test:go:{who}", timeout=30)


class Say:
    queue = "work"

    @staticmethod
    def perform(text):
        say("test:said", text)


class Add:
    queue = "work"
    keep_result = 60

    @staticmethod
    def perform(*numbers):
        return sum(numbers)


class Odd:
    """Returns what nobody can keep."""

    queue = "work"
    keep_result = 60

    @staticmethod
    def perform(size):
        return "x" * size if size else {1, 2}


class Total:
    queue = "work"

    @staticmethod
    def perform():
        say("test:total", "all are done")
