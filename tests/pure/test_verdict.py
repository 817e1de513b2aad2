"""What a job's process tells its worker over a pipe."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resqued.verdict import DONE, REQUEUED, Outcome, Verdict, decode

failures = st.builds(Verdict, st.just(Outcome.FAILED), st.text(), st.text(), st.lists(st.text()).map(tuple))
words = st.text("xyz")  # "done" would be no nonsense
nonsense = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | words,
    lambda inner: st.lists(inner) | st.dictionaries(words, inner),
)


def test_success_is_short() -> None:
    assert DONE.encode() == b'["done"]'


def test_success_is_understood() -> None:
    assert decode(DONE.encode()) is DONE


def test_a_success_that_was_made_elsewhere_is_the_same() -> None:
    assert decode(Verdict(Outcome.DONE).encode()) is DONE


@given(failures)
def test_whatever_a_failure_says_is_understood(failure: Verdict) -> None:
    assert decode(failure.encode()) == failure


def test_lone_surrogates_survive_the_pipe() -> None:
    failure = Verdict(Outcome.FAILED, "ValueError", "\udcff", ("\ud800",))

    assert decode(failure.encode()) == failure


@given(failure=failures, data=st.data())
def test_half_a_verdict_is_none(failure: Verdict, data: st.DataObject) -> None:
    whole = failure.encode()

    assert decode(whole[: data.draw(st.integers(0, len(whole) - 1))]) is None


@given(failures)
def test_a_verdict_with_something_behind_it_is_none(failure: Verdict) -> None:
    assert decode(failure.encode() + b"[") is None


def test_silence_is_none() -> None:
    assert decode(b"") is None


@given(st.binary())
def test_bytes_that_a_job_wrote_into_the_pipe_are_none(noise: bytes) -> None:
    assert decode(b"\x00" + noise) is None


@given(nonsense)
def test_json_that_a_job_wrote_into_the_pipe_is_none(value: object) -> None:
    assert decode(json.dumps(value).encode()) is None


@pytest.mark.parametrize(
    "raw",
    [
        b"5",
        b"null",
        b"[]",
        b'["failed"]',
        b'["lost","ValueError","no",[]]',
        b'[["failed"],"ValueError","no",[]]',
        b'["failed",null,"no",[]]',
        b'["failed","ValueError",3,[]]',
        b'["failed","ValueError","no",null]',
        b'["failed","ValueError","no",[1]]',
        b'["failed","ValueError","no","line"]',
        b'["failed","ValueError","no",[],[]]',
        b'["done","","",[]]',
        b"[" * 100_000,
    ],
)
def test_what_only_resembles_a_verdict_is_none(raw: bytes) -> None:
    assert decode(raw) is None


def test_a_job_cannot_put_itself_back() -> None:
    assert decode(REQUEUED.encode()) is None
