"""A job's process: how it is forked, what it says to its worker, and how it is brought to its end."""

import os
from collections.abc import Callable, Iterable
from os import close, getpid, getppid, setsid, write
from signal import SIGKILL
from typing import NoReturn

from setproctitle import setproctitle

from resqued.atfork import spare, spare_no_more
from resqued.oom import be_a_job
from resqued.prctl import end_with_parent
from resqued.processes.ends import CRASHED, Exit, kill_each, kill_group, send, wait_for
from resqued.signals import ASK, block, enter_job, unblock
from resqued.streams import flush
from resqued.verdict import Verdict, decode

LARGEST_VERDICT = 1 << 20
END_OF_VERDICT = b"\n"

KILL = int(SIGKILL)  # the enum has pages of its own
Verdicts = Callable[[int], Iterable[Verdict]]


class Child:
    """A job's process, as its worker sees it: a pid, a pipe that brings its verdicts, perhaps one for further orders.

    `said` is its verdict on the present job, as soon as all of it is there; None if it says nothing that makes sense.
    """

    def __init__(self, pid: int, reports: int, orders: int = -1) -> None:
        self.pid = pid
        self.exit: Exit | None = None
        self.said: Verdict | None = None
        self._reports, self._orders = reports, orders
        self._text = b""

    def fileno(self) -> int:
        """Readable when there is something to `listen` to; -1 after the end of the pipe."""
        return self._reports

    def listen(self) -> None:
        """Take in what the child has written so far, up to a verdict: behind that there is hardly ever anything."""
        known = self.said
        while self._takes_in() and self.said is known:
            pass

    def _takes_in(self) -> bool:
        """Whether there may be more to take in."""
        if self._reports < 0:
            return False
        try:
            said = os.read(self._reports, 65536)
        except BlockingIOError:
            return False
        self._text += said
        if self._text.endswith(END_OF_VERDICT):
            self._judge()
        if not said or len(self._text) > LARGEST_VERDICT:
            self._hang_up()
        return True

    def _judge(self) -> None:
        """A job may have written into the pipe, too: then nothing that its process says can be trusted."""
        self.said = decode(self._text.removesuffix(END_OF_VERDICT))
        if self.said is None:
            self.dismiss()

    def _hang_up(self) -> None:
        if self._reports >= 0:
            os.close(self._reports)
            self._reports = -1

    def send(self, order: bytes) -> bool:
        """Hand a further job to it, when it has said its verdict on the one before. False if it does not take it."""
        self._text, self.said = b"", None
        try:
            taken = os.write(self._orders, order)
        except OSError:  # it has ended, or its pipe is smaller than others
            taken = 0
        if taken < len(order):
            self.dismiss()
        return taken == len(order)

    def dismiss(self) -> None:
        """There will be no further job: it ends when it has performed those that it knows of."""
        if self._orders >= 0:
            os.close(self._orders)
            self._orders = -1

    @property
    def takes_orders(self) -> bool:
        return self._orders >= 0

    def has_ended(self) -> bool:
        """Reaps the process if it has. Its last words are taken in first."""
        if self.exit is None and (ended := wait_for(self.pid)) is not None:
            self.end(ended)
        return self.exit is not None

    def end(self, ended: Exit) -> None:
        """It has been reaped."""
        self.exit = ended
        while self._takes_in():
            pass
        self._hang_up()  # a grandchild may hold the other end for ever
        self.dismiss()


def start_job(verdicts: Verdicts, mine: Iterable[int], *, title: str, takes_orders: bool = False) -> Child:
    """Fork a job's process: it has its own session, dies with its worker, and writes its `verdicts`.

    `verdicts` is called in the child, with the descriptor that further orders come from; -1 if it takes none.
    `mine`: descriptors of the worker, which the child closes. `title`: of the child.
    Raises OSError if there can be no more processes or files.
    """
    reports = os.pipe()
    orders = (-1, -1)
    worker = os.getpid()
    flush()  # or what a hook of the application has printed here would be printed by each job, too
    block()
    spare()
    try:
        if takes_orders:
            orders = os.pipe()
        pid = os.fork()
    except OSError:
        _close(*reports, *orders)
        raise
    else:
        if pid == 0:
            _be_job(verdicts, (reports[0], orders[1], *mine), reports[1], orders[0], worker=worker, title=title)
        _close(reports[1], orders[0])
        os.set_blocking(reports[0], False)
        if takes_orders:
            os.set_blocking(orders[1], False)
        return Child(pid, reports[0], orders[1])
    finally:
        spare_no_more()
        unblock()


def _close(*descriptors: int) -> None:
    for descriptor in descriptors:
        if descriptor >= 0:
            os.close(descriptor)


def _be_job(
    verdicts: Verdicts, others: Iterable[int], reports: int, orders: int, *, worker: int, title: str
) -> NoReturn:
    """Each page that is touched here for the first time costs 2 µs, as long as the worker has it, too.

    No `module.name`: code that runs for the first time looks it up, and touches a page for each, and one for the name.
    """
    try:
        spare_no_more()
        setsid()
        be_a_job()
        end_with_worker(worker)
        for descriptor in others:
            if descriptor >= 0:
                close(descriptor)
        enter_job()
        unblock()
        setproctitle(title)
        me = getpid()
        for verdict in verdicts(orders):
            flush()
            if getpid() == me:  # not a process that the job has forked, and that came back here
                _write(reports, verdict.encode() + END_OF_VERDICT)
    finally:
        os._exit(0)


def end_with_worker(worker: int) -> None:
    """In a job: be killed when its worker dies. To be called again after a change of user, which ends that."""
    end_with_parent(KILL)
    if getppid() != worker:  # it died before it could take us with it
        os._exit(CRASHED)


def _write(pipe: int, text: bytes) -> None:
    while text:
        text = text[write(pipe, text) :]


def has_children() -> bool:
    """Whether this process has children, be they alive or not."""
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True


def ask(child: Child) -> None:
    send(child.pid, ASK)


def kill_job(child: Child, others: Iterable[int]) -> None:
    """Kill a job that has not been reaped, with everything that stayed in its process group, and these `others`."""
    kill_group(child.pid)
    kill_each([child.pid, *others])  # it may not have come to setsid yet
