"""Jobs as they are written for pyres."""

import sys

HISTORY = []


class Comment:
    queue = "spam"
    timeout = 60

    @staticmethod
    def perform(number, text="nothing"):
        HISTORY.append(("perform", number, text))


class Told:
    queue = "spam"

    @classmethod
    def before_perform(cls, metadata):
        HISTORY.append(("before", dict(metadata)))

    @classmethod
    def perform(cls, how):
        HISTORY.append(("perform", how))
        if how == "raise":
            raise ValueError(how)
        if how == "enqueue":
            cls.resq.enqueue(Comment, 8)
        if how.startswith("exit"):
            sys.exit(int(how[-1]))

    @classmethod
    def after_perform(cls, metadata):
        HISTORY.append(("after", dict(metadata)))


class Dated:
    queue = "spam"

    @staticmethod
    def perform(when, more):
        HISTORY.append((when, more))


class NoJob:
    queue = "spam"
