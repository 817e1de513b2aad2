"""Counting who listens is asking each worker about each queue, only faster."""

from hypothesis import example, given
from hypothesis import strategies as st

from resqued.store.replies import raw
from resqued.telling.listeners import listeners, serves

NAMES = st.text("ab.", min_size=1, max_size=3)
ENTRIES = st.lists(st.text(r"ab.*?[]!\\", min_size=1, max_size=4), min_size=1, max_size=4)


@example(workers=[["?", r"!\a"]], queues=["a"])
@given(workers=st.lists(ENTRIES, max_size=4), queues=st.lists(NAMES, unique=True, max_size=5))
def test_a_worker_is_counted_for_the_queues_that_it_serves(workers: list[list[str]], queues: list[str]) -> None:
    count = listeners([raw(f"vm:1:{','.join(entries)}") for entries in workers], queues)

    assert [count.get(queue, 0) for queue in queues] == [
        sum(serves(entries, queue) for entries in workers) for queue in queues
    ]
