"""Jobs as lines of text: what each of them says, and many of them put on queues, with an exact account of it."""

import json
import time
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import NamedTuple

from resqued.backoff import Backoff
from resqued.chance import fraction
from resqued.errors import NotEncodable, ResquedError, StoreUnavailable
from resqued.protocol import payloads
from resqued.store.bulk import Bulk

MOST_LINES, MOST_TEXT = 500, 256 * 1024  # of one portion: while it is put, Redis serves nobody else
PATIENCE = 10.0  # s for a Redis that does not answer to come back

Numbered = tuple[int, str]  # a line, and which one it is
Tell = Callable[[int], None]  # how many jobs are on their queues


class Line(NamedTuple):
    """A job, and where it stands."""

    number: int
    queue: str
    text: str


class WrongLine(NotEncodable):
    def __init__(self, number: int, why: object) -> None:
        self.number = number
        super().__init__(f"line {number}: {why}")


def meant(text: str) -> object:
    """What `text` says in JSON, else the text itself."""
    try:
        return json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return text


def _refuse(constant: str) -> object:
    raise ValueError(f"{constant} is not JSON")


# A line each


def whole_jobs(lines: Iterable[Numbered]) -> Iterator[Line]:
    """Each is {"queue": …, "class": …, "args": […]}, and further keys stay in the payload. Blank lines are none."""
    for number, text in lines:
        if text.strip():
            try:
                yield Line(number, *_whole_job(text))
            except NotEncodable as why:
                raise WrongLine(number, why) from None


def _whole_job(text: str) -> tuple[str, str]:
    job = meant(text)
    if not isinstance(job, dict):
        raise NotEncodable('it is no JSON object; write {"queue": "mail", "class": "SendMail", "args": [1, "two"]}')
    missing = [key for key in ("queue", "class", "args") if key not in job]
    if missing:
        raise NotEncodable(f'"{missing[0]}" is missing; write {{"queue": …, "class": …, "args": […]}}')
    queue = job.pop("queue")
    if not isinstance(queue, str):
        raise NotEncodable(f'"queue" must be a string, not {json.dumps(queue)[:40]}')
    return payloads.check_queue_name(queue), payloads.encode_job(job)


def arguments(queue: str, name: str, lines: Iterable[Numbered]) -> Iterator[Line]:
    """Each is a JSON array, the arguments of a job, or anything else, its only one."""
    payloads.check_queue_name(queue)
    for number, text in lines:
        found = meant(text)
        try:
            job = payloads.encode_job({"class": name, "args": found if isinstance(found, list) else [found]})
        except NotEncodable as why:
            raise WrongLine(number, why) from None
        yield Line(number, queue, job)


# All of them


class Loading:
    """Puts them on their queues. `done`: the last line of which it is known that it is; `jobs`: how many there were."""

    def __init__(self, bulk: Bulk, *, skipped: int = 0) -> None:
        self._bulk = bulk
        self._sending: list[Line] = []
        self._first, self.done, self.jobs = skipped + 1, skipped, 0

    def run(self, batches: Iterable[Iterable[Line]], tell: Tell) -> None:
        """No batch waits for the next one.

        Whatever ends it early, KeyboardInterrupt too, gets a note that says what is enqueued and how to go on.
        """
        try:
            for portion in chain.from_iterable(map(_portions, batches)):
                self._put(portion)
                tell(self.jobs)
        except (ResquedError, KeyboardInterrupt) as error:
            error.add_note(self._account(error))
            raise
        self._bulk.close()

    def _put(self, portion: list[Line]) -> None:
        self._sending = portion
        while self._sending:
            jobs = [(line.queue, line.text, line.number) for line in self._sending]
            self._arrived(_patiently(lambda: self._bulk.put(jobs)))  # noqa: B023  it is called at once

    def _arrived(self, count: int) -> None:
        if count:
            self.done, self.jobs = self._sending[count - 1].number, self.jobs + count
            self._sending = self._sending[count:]

    def _account(self, error: BaseException) -> str:
        try:
            if isinstance(error, KeyboardInterrupt) and self._sending:
                mark = self._bulk.mark()
                self._arrived(sum(line.number <= mark for line in self._sending))
        except StoreUnavailable as unknown:
            error = unknown
        if isinstance(error, StoreUnavailable):
            return f"{self._known()}; of the next {len(self._sending)} jobs all are, or none. {self._go_on()}"
        self._bulk.close()
        return f"{self._known()}; go on with --skip {self.done}"

    def _known(self) -> str:
        if self.done < self._first:
            return "nothing is enqueued"
        return f"up to line {self.done} all is enqueued ({self.jobs} {'job' if self.jobs == 1 else 'jobs'})"

    def _go_on(self) -> str:
        return f"When Redis answers, go on with --skip {self.done} --receipt {self._bulk.receipt}"


def _portions(lines: Iterable[Line]) -> Iterator[list[Line]]:
    """What comes before a wrong line is a portion, too."""
    portion, size = list[Line](), 0
    try:
        for line in lines:
            portion.append(line)
            size += len(line.text)
            if len(portion) >= MOST_LINES or size >= MOST_TEXT:
                yield portion
                portion, size = [], 0
    except WrongLine:
        if portion:
            yield portion
        raise
    if portion:
        yield portion


def _patiently(put: Callable[[], int]) -> int:
    deadline, backoff = time.monotonic() + PATIENCE, Backoff(first=0.1, most=1.0, chance=fraction)
    while True:
        try:
            return put()
        except StoreUnavailable:
            pause = backoff.failed()
            if time.monotonic() + pause > deadline:
                raise
            time.sleep(pause)
