"""`resquectl failed retry`, `remove`, `clear` and `trim`."""

import time
from argparse import Namespace
from collections import Counter
from collections.abc import Iterator, Mapping

from resqued import places
from resqued.cli import filters
from resqued.cli.commands import DONE, PROBLEM
from resqued.cli.consent import agreed
from resqued.cli.progress import bar
from resqued.cli.terminal import complain, say, say_json
from resqued.errors import CommandRefused, StoreUnavailable
from resqued.protocol import dates
from resqued.protocol.failed import Entry
from resqued.protocol.keys import FAILED
from resqued.store.failures import MOST, Failures
from resqued.store.sweep import RETRIED, Action, Removal, Retrial, Sweep
from resqued.store.trimming import Trimming
from resqued.telling.failures import Filter, has_id

STEPS = 4  # a second, into which a rate is divided


def retry(failures: Failures, arguments: Namespace) -> int:
    mark = dates.recorded(time.time()) if arguments.keep else ""
    action = Retrial(failures.keys, to=arguments.to or "", mark=mark, again=arguments.again)
    return Change("retried", failures, action, _chosen(arguments), arguments).run()


def remove(failures: Failures, arguments: Namespace) -> int:
    chosen = _chosen(arguments)
    if arguments.every and filters.chosen_by(arguments).is_open and not _may_remove(failures, arguments):
        return PROBLEM
    return Change("removed", failures, Removal(), chosen, arguments).run()


def clear(failures: Failures, arguments: Namespace) -> int:
    if not _may_remove(failures, arguments):
        return PROBLEM
    removed = sum(failures.clear(name) for name in filters.lists(failures, arguments))
    if arguments.json:
        say_json({"removed": removed})
    else:
        say(f"removed {_jobs(removed)}")
    return DONE


def _may_remove(failures: Failures, arguments: Namespace) -> bool:
    sizes = filters.lists(failures, arguments)
    question = f"remove all {_jobs(sum(sizes.values()))} from {', '.join(sizes)}?"
    return agreed(question, yes=arguments.yes, refuse=arguments.refuse)


def trim(failures: Failures, arguments: Namespace) -> int:
    most, max_age = arguments.max or 0, arguments.max_age or 0.0
    if not (most or max_age) and arguments.config:
        limits = places.configuration(arguments.config).failed
        most, max_age = limits.max, limits.max_age
    if not (most or max_age):
        arguments.refuse("say --max or --max-age, or name a file with -c that sets [failed] max or max_age")
    trimming = Trimming(failures.wire, failures.keys, most=most, max_age=max_age)
    arguments.lists = arguments.lists or [FAILED]
    removed, left = map(sum, zip(*(_trim(trimming, name) for name in filters.lists(failures, arguments)), strict=True))
    if arguments.json:
        say_json({"removed": removed, "left": left})
    else:
        say(f"removed {_jobs(removed)}; {left} left")
    return DONE


def _trim(trimming: Trimming, name: str) -> tuple[int, int]:
    """How many entries of a list went, and how many are left."""
    removed, left, has_more = 0, 0, True
    while has_more:
        gone, left, has_more = trimming.portion(name)
        removed += gone
    return removed, left


class Chosen:
    """The question whether an entry is meant. `missing`: the ids of which there was none."""

    def __init__(self, chosen: Filter, ids: list[str]) -> None:
        self._filter, self._ids = chosen, ids
        self.missing = set(ids)

    def __call__(self, entry: Entry) -> bool:
        if self._ids:
            if (own := has_id(entry, self._ids)) is None:
                return False
            self.missing.discard(own)
        return self._filter(entry)


def _chosen(arguments: Namespace) -> Chosen:
    chosen = filters.chosen_by(arguments)
    if not (arguments.ids or arguments.every or arguments.lists) and chosen.is_open:
        arguments.refuse("say which: an ID, a filter, or --all")
    return Chosen(chosen, arguments.ids)


class Pace:
    """`rate`: how many a second; None: as many as can be. `at_once`: how many without a pause."""

    def __init__(self, rate: int | None) -> None:
        self._rate = rate
        self.at_once = min(MOST, max(1, rate // STEPS)) if rate else MOST

    def pause(self, done: int, elapsed: float) -> float:
        """Seconds to wait after so many in so many seconds."""
        return max(0.0, done / self._rate - elapsed) if self._rate else 0.0


class Change:
    """Carries a change out in all lists that are meant, shows how far it is, and gives an account in any case."""

    def __init__(self, what: str, failures: Failures, action: Action, chosen: Chosen, arguments: Namespace) -> None:
        self._what, self._failures, self._action, self._chosen = what, failures, action, chosen
        self._arguments, self._pace = arguments, Pace(arguments.rate)
        self._refused = Counter[str]()
        self._done = 0
        self._is_complete = True

    def run(self) -> int:
        sizes = filters.lists(self._failures, self._arguments)
        try:
            self._change(sizes)
        except (StoreUnavailable, CommandRefused, KeyboardInterrupt) as error:
            error.add_note(
                f"{self._what} {_jobs(self._done)}, or some more of which no answer came; run it again to go on"
            )
            raise
        return self._account()

    def _change(self, sizes: Mapping[str, int]) -> None:
        seen, began = 0, time.monotonic()
        with bar(self._what, sum(sizes.values())) as show:
            for name in sizes:
                sweep = Sweep(self._failures, name, self._action, self._chosen, at_once=self._pace.at_once)
                before = self._done
                for _ in sweep.run():
                    self._done = before + sweep.done
                    show(self._done, seen + sweep.seen)
                    time.sleep(self._pace.pause(self._done, time.monotonic() - began))
                seen += sweep.whole
                self._refused += sweep.refused
                self._is_complete &= sweep.is_complete

    def _account(self) -> int:
        before = 0 if self._arguments.ids else self._refused.pop(RETRIED, 0)
        if self._arguments.json:
            say_json({self._what: self._done, "refused": dict(self._refused), "complete": self._is_complete})
        else:
            spared = f"; {before} had been retried before (--again: all the same)" if before else ""
            say(f"{self._what} {_jobs(self._done)}{spared}")
        problems = list(self._problems())
        complain("resquectl", *problems)
        return PROBLEM if problems else DONE

    def _problems(self) -> Iterator[str]:
        yield from (f"there is no failed job {one}" for one in sorted(self._chosen.missing))
        yield from (f"{_jobs(count)} cannot be {self._what}: {why}" for why, count in self._refused.items())
        if not self._is_complete:
            yield "others were removing entries all the while, and may have hidden some; run it again"


def _jobs(count: int) -> str:
    return f"{count} failed {'job' if count == 1 else 'jobs'}"
