"""How far something has come that takes long: a bar on a terminal, with its rate and the time left; else nothing."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Show = Callable[[int, int], None]  # how many there are by now, and how much of the whole has been seen to


@contextmanager
def bar(what: str, whole: int | None, *, shown: bool = True) -> Iterator[Show]:
    """`what`: of what there are how many. `whole`: how much there is to see to, in any unit; None: nobody knows."""
    if not (shown and sys.stderr.isatty()):
        yield lambda _count, _seen: None
        return
    from rich.console import Console  # noqa: PLC0415  for who looks at a bar only
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn  # noqa: PLC0415

    columns = [BarColumn(), TextColumn("{task.percentage:>3.0f}%"), TimeRemainingColumn()] if whole else []
    text = TextColumn(f"{{task.fields[count]:,}} {what}, {{task.fields[rate]:,.0f}}/s")
    with Progress(*columns, text, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("", total=whole, count=0, rate=0.0)

        def show(count: int, seen: int) -> None:
            elapsed = progress.tasks[task].elapsed or 0
            progress.update(task, completed=seen, count=count, rate=count / elapsed if elapsed else 0.0)

        yield show
