"""The truth about a job, from what its process said, how that ended, and what was done to it."""

import signal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resqued.errors import DirtyExit
from resqued.escalation import Escalation, Mood, Patience, Reason
from resqued.processes import Exit
from resqued.verdict import DONE, REQUEUED, Outcome, Verdict
from resqued.worker.task import Ending, failed
from resqued.worker.terms import Interrupted, Limits

MIB = 1024**2
PATIENCE = Patience(grace=0.0, term_timeout=4.0)
RETURNED = Exit(4711, 0, None)
KILLED = Exit(4711, None, signal.SIGKILL)
RAISED = Verdict(Outcome.FAILED, "ValueError", "no such user", ('  File "/srv/app/jobs.py", line 3, in perform',))
TERMINATED = Verdict(Outcome.FAILED, "JobTerminated", "asked to stop", ('  File "/srv/app/jobs.py", line 2',))


def ending(said: Verdict | None, how: Exit, end: Escalation, policy: Interrupted = "requeue", **facts: Any) -> Ending:
    return Ending(said, how, end, Limits(timeout=1.5, memory=64 * MIB), policy, **facts)


def left_alone() -> Escalation:
    return Escalation(PATIENCE, times_out_at=10.0)


def stopped() -> Escalation:
    end = left_alone()
    end.hear(Mood.STOPPING, 0.0)
    end.step(0.0)
    return end


def timed_out() -> Escalation:
    end = left_alone()
    end.step(10.0)
    return end


exits = st.sampled_from([RETURNED, KILLED, Exit(4711, 3, None)])
ends = st.sampled_from([left_alone(), stopped(), timed_out()])
policies: st.SearchStrategy[Interrupted] = st.sampled_from(("requeue", "fail"))


# Left alone


def test_a_job_that_returned_is_done() -> None:
    assert ending(DONE, RETURNED, left_alone()).verdict is DONE


def test_a_job_that_raised_has_failed_as_it_says() -> None:
    assert ending(RAISED, RETURNED, left_alone()).verdict is RAISED


def test_a_job_whose_process_is_killed_has_failed_with_the_name_of_the_signal() -> None:
    verdict = ending(None, KILLED, left_alone()).verdict

    assert verdict == Verdict(
        Outcome.FAILED, "Resque::DirtyExit", "job process 4711 ended without a verdict: SIGKILL (signal 9)"
    )


def test_a_job_whose_process_exits_without_a_verdict_has_failed_with_its_status() -> None:
    verdict = ending(None, Exit(4711, 3, None), left_alone()).verdict

    assert verdict.error == "job process 4711 ended without a verdict: status 3"


def test_a_quiet_exit_without_a_verdict_is_no_success() -> None:
    assert ending(None, RETURNED, left_alone()).verdict.outcome is Outcome.FAILED


def test_who_dies_after_its_verdict_has_failed_as_it_said() -> None:
    assert ending(RAISED, KILLED, left_alone()).verdict is RAISED


def test_a_stop_that_has_not_reached_the_job_yet_changes_nothing() -> None:
    waiting = Escalation(Patience(grace=20.0, term_timeout=4.0))
    waiting.hear(Mood.STOPPING, 0.0)
    waiting.step(0.0)

    assert ending(RAISED, RETURNED, waiting).verdict is RAISED


# Cut short by our own stop


@pytest.mark.parametrize("said", [TERMINATED, RAISED, None])
def test_a_job_that_our_stop_cut_short_goes_back_to_its_queue(said: Verdict | None) -> None:
    assert ending(said, RETURNED, stopped(), "requeue").verdict is REQUEUED


def test_a_job_that_our_stop_killed_goes_back_to_its_queue() -> None:
    assert ending(None, KILLED, stopped(), "requeue").verdict is REQUEUED


def test_where_an_interruption_is_a_failure_it_says_how_it_came_and_how_it_ended() -> None:
    verdict = ending(TERMINATED, RETURNED, stopped(), "fail").verdict

    assert verdict == Verdict(
        Outcome.FAILED,
        "JobInterrupted",
        "cut short by the stop of its worker and ended with JobTerminated: asked to stop",
        TERMINATED.backtrace,
    )


def test_where_an_interruption_is_a_failure_so_is_a_kill() -> None:
    verdict = ending(None, KILLED, stopped(), "fail").verdict

    assert verdict == Verdict(
        Outcome.FAILED, "JobInterrupted", "cut short by the stop of its worker and ended with SIGKILL (signal 9)"
    )


# Out of time


@pytest.mark.parametrize("interrupted", ["requeue", "fail"])
def test_a_job_that_ran_out_of_time_has_failed_whatever_the_policy(interrupted: Interrupted) -> None:
    verdict = ending(TERMINATED, RETURNED, timed_out(), interrupted).verdict

    assert verdict == Verdict(
        Outcome.FAILED,
        "JobTimeout",
        "ran longer than its timeout of 1.5 s and ended with JobTerminated: asked to stop",
        TERMINATED.backtrace,
    )


def test_a_job_that_had_to_be_killed_for_its_time_has_no_backtrace() -> None:
    verdict = ending(None, KILLED, timed_out()).verdict

    assert verdict == Verdict(
        Outcome.FAILED, "JobTimeout", "ran longer than its timeout of 1.5 s and ended with SIGKILL (signal 9)"
    )


def test_a_stop_does_not_excuse_a_job_that_had_run_out_of_time() -> None:
    end = timed_out()
    end.hear(Mood.KILLING, 11.0)
    end.step(11.0)

    assert ending(None, KILLED, end).verdict.exception == "JobTimeout"


# Whatever happened


@given(how=exits, end=ends, policy=policies)
def test_a_normal_return_is_a_success_whatever_else_happened(how: Exit, end: Escalation, policy: Interrupted) -> None:
    assert ending(DONE, how, end, policy).verdict is DONE


@given(said=st.sampled_from([RAISED, TERMINATED, None]), how=exits, end=ends, policy=policies)
def test_without_a_normal_return_nothing_is_a_success(
    said: Verdict | None, how: Exit, end: Escalation, policy: Interrupted
) -> None:
    assert ending(said, how, end, policy).verdict.outcome is not Outcome.DONE


@given(said=st.sampled_from([RAISED, TERMINATED, None]), how=exits, end=ends)
def test_only_our_own_stop_puts_a_job_back(said: Verdict | None, how: Exit, end: Escalation) -> None:
    put_back = ending(said, how, end, "requeue").verdict is REQUEUED

    assert put_back == (end.asked and end.reason is Reason.STOP)


# A failure that a worker finds


def test_a_failure_has_the_name_under_which_it_is_recorded() -> None:
    assert failed(DirtyExit("gone")) == Verdict(Outcome.FAILED, "Resque::DirtyExit", "gone")


def test_the_backtrace_of_the_job_is_the_one_that_counts() -> None:
    assert failed(DirtyExit("gone"), RAISED.backtrace).backtrace == RAISED.backtrace


class Unspeakable(Exception):
    def __str__(self) -> str:
        raise RuntimeError


def test_a_failure_that_cannot_be_described_is_a_failure_all_the_same() -> None:
    assert failed(Unspeakable()).outcome is Outcome.FAILED


# Unseen


def unseen() -> Escalation:
    end = left_alone()
    end.unseen(0.0)
    end.step(0.0)
    return end


def test_the_job_of_a_worker_that_nobody_heard_of_is_put_back_for_it_may_run_elsewhere() -> None:
    assert ending(None, KILLED, unseen(), "fail").verdict is REQUEUED


def test_even_then_a_job_that_returned_is_done() -> None:
    assert ending(DONE, RETURNED, unseen()).verdict is DONE


# Unwanted, or too large


def unwanted() -> Escalation:
    end = left_alone()
    end.unwanted(0.0)
    end.step(0.0)
    return end


def too_large() -> Escalation:
    end = left_alone()
    end.too_large(0.0)
    end.step(0.0)
    return end


@pytest.mark.parametrize("policy", ["requeue", "fail"])
def test_a_job_that_an_operator_stopped_has_failed_whatever_the_policy(policy: Interrupted) -> None:
    verdict = ending(TERMINATED, RETURNED, unwanted(), policy).verdict

    assert verdict == Verdict(
        Outcome.FAILED,
        "JobKilled",
        "stopped by an operator and ended with JobTerminated: asked to stop",
        TERMINATED.backtrace,
    )


@pytest.mark.parametrize("policy", ["requeue", "fail"])
def test_a_job_that_was_too_large_has_failed_and_says_how_much_it_used(policy: Interrupted) -> None:
    verdict = ending(None, KILLED, too_large(), policy, used=100 * MIB + MIB // 2).verdict

    assert verdict == Verdict(
        Outcome.FAILED, "JobMemoryExceeded", "used 100.5 MiB, more than its cap of 64.0 MiB, and was killed"
    )


@pytest.mark.parametrize("end", [unwanted(), too_large()])
def test_even_then_who_returned_is_done(end: Escalation) -> None:
    assert ending(DONE, KILLED, end).verdict is DONE


def test_where_the_kernel_says_so_a_kill_was_for_want_of_memory() -> None:
    verdict = ending(None, KILLED, left_alone(), out_of_memory=True).verdict

    assert verdict.error == "job process 4711 ended without a verdict: SIGKILL (signal 9), out of memory"
