"""How a worker hands jobs over to a process that performs several."""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resqued import orders
from resqued.work import Work

Pipe = tuple[int, int]


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    read, write = os.pipe()
    yield read, write
    os.close(read)


@given(
    st.builds(Work, st.integers(0, 2**63 - 1), st.text(max_size=50).filter(str.isprintable), st.binary(max_size=2000))
)
def test_what_is_handed_over_is_what_arrives(work: Work) -> None:
    read, write = os.pipe()
    os.write(write, orders.encoded(work) or b"")
    os.write(write, orders.encoded(work) or b"")
    os.close(write)

    assert [orders.read(read), orders.read(read), orders.read(read)] == [work, work, None]
    os.close(read)


def test_the_end_of_the_pipe_is_the_end_of_the_orders(pipe: Pipe) -> None:
    os.close(pipe[1])

    assert orders.read(pipe[0]) is None


@pytest.mark.parametrize("cut", [1, orders.HEAD.size - 1, orders.HEAD.size, orders.HEAD.size + 3])
def test_an_order_of_which_a_part_is_missing_is_none(pipe: Pipe, cut: int) -> None:
    order = orders.encoded(Work(7, "mail", b"{}"))
    assert order
    os.write(pipe[1], order[:cut])
    os.close(pipe[1])

    assert orders.read(pipe[0]) is None


@pytest.mark.parametrize("cut", [1, orders.HEAD.size - 1, orders.HEAD.size, orders.HEAD.size + 3])
def test_an_order_that_comes_in_parts_is_one(pipe: Pipe, cut: int) -> None:
    work = Work(7, "mail", b"{}")
    order = orders.encoded(work)
    assert order
    os.write(pipe[1], order[:cut])
    with ThreadPoolExecutor(1) as other:
        found = other.submit(orders.read, pipe[0])
        os.write(pipe[1], order[cut:])

        assert found.result() == work
    os.close(pipe[1])


def test_what_no_pipe_is_sure_to_take_in_one_piece_is_not_handed_over() -> None:
    fits = orders.LARGEST - orders.HEAD.size - len("mail")

    assert orders.encoded(Work(1, "mail", b"x" * fits))
    assert orders.encoded(Work(1, "mail", b"x" * (fits + 1))) is None
