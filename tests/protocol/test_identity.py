"""Who a worker is: ids that cut no peer's list short, and titles that no peer's `ps | grep` overlooks."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resqued.protocol import identity
from resqued.protocol.identity import Registration, WorkerId

RUBY_SEES = re.compile("resque:work|resque: Starting|resque-[0-9]")  # resque 3.0.0, worker.rb: worker_pids
PERL_SEES = re.compile("resque")  # Resque::Worker: worker_pids
BOTH_OVERLOOK = re.compile("resque-web|grep")


@given(st.text())
def test_every_title_is_seen_by_every_peer_that_prunes(doing: str) -> None:
    title = identity.title("1.0.0", doing)

    assert RUBY_SEES.match(title)
    assert PERL_SEES.match(title)
    assert not BOTH_OVERLOOK.search(title)
    assert title.isprintable()


@pytest.mark.parametrize(
    ("title", "shown"),
    [
        (identity.waiting("1.0.0", ["critical", "mail"], "mail.0"), "resque-1.0.0: Waiting for critical,mail [mail.0]"),
        (identity.paused("1.0.0", "mail.0"), "resque-1.0.0: Paused [mail.0]"),
        (identity.forked("1.0.0", 4711, 1790000000, "mail.0"), "resque-1.0.0: Forked 4711 at 1790000000 [mail.0]"),
        (identity.processing("1.0.0", "mail", 1790000000, "A"), "resque-1.0.0: Processing mail since 1790000000 [A]"),
        (
            identity.processing("1.0.0", "egrep", 1, "resque-webhook"),
            "resque-1.0.0: Processing egre_ since 1 [resque-we_hook]",
        ),
    ],
)
def test_a_title_says_what_a_worker_does(title: str, shown: str) -> None:
    assert title == shown


names = st.text(min_size=1).filter(lambda name: identity.unspeakable(name) is None)


@given(names, st.integers(1, 2**22), st.lists(names, min_size=1).map(tuple))
def test_a_worker_id_can_be_read_back(host: str, pid: int, queues: tuple[str, ...]) -> None:
    worker = WorkerId(host, pid, queues)

    assert WorkerId.parse(str(worker)) == worker


@pytest.mark.parametrize(
    "text",
    [
        "",
        "vm",
        "vm:1",
        "vm:1:",
        ":1:q",
        "vm::q",
        "vm:x:q",
        "vm:-1:q",
        "vm:1-poller:q",
        "vm:²:q",
        "vm:٣:q",
        f"vm:{'1' * 5000}:q",
    ],
    ids=lambda text: text[:20],
)
def test_an_id_of_another_form_is_nobody_of_ours(text: str) -> None:
    assert WorkerId.parse(text) is None


@given(st.text())
def test_whatever_stands_in_the_register_can_be_looked_at(text: str) -> None:
    found = WorkerId.parse(text)

    assert found is None or found.queues


def test_a_registration_says_who_a_worker_is() -> None:
    registration = Registration("mail", 0, "1.0.0", boot="b", pids="pid:[1]", pid=4711, born=99, nonce="n")

    assert json.loads(registration.encode()) == {
        "pool": "mail",
        "slot": 0,
        "version": "1.0.0",
        "boot": "b",
        "pids": "pid:[1]",
        "pid": 4711,
        "born": 99,
        "nonce": "n",
        "put_back": 0,
        "home": "",
        "schema": 1,
    }


@pytest.mark.parametrize(
    ("host", "is_of"),
    [("web", True), ("web.2", True), ("web.x", False), ("web.2.3", False), ("web2", False), ("", False)],
)
def test_a_worker_is_of_its_host_with_a_suffix_too(host: str, is_of: bool) -> None:
    assert WorkerId(host, 7, ("mail",)).is_of("web") is is_of
