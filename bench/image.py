"""The image of a resqued worker: which modules it has imported, so that another process can be like it."""

from pathlib import Path

from bench.contestants import at_work
from bench.contestants.ours import Resqued
from bench.stage import Stage


def taken_of(ours: Resqued, stage: Stage) -> Path:
    """A file that names all modules that are there when a job of resqued begins, in the order of their import."""
    file = stage.directory / "modules"
    with at_work(stage, ours, 1):
        ours.enqueue("Census", str(file), stage.letterbox.path)
        stage.letterbox.next()
    stage.redis.flushall()
    return file
