"""Who descends from whom."""

import os
import subprocess
from threading import Thread

from resqued import kin
from tests.support.forks import daemonised, fork, forked
from tests.support.waiting import eventually


def test_a_child_is_known_to_its_parent_only() -> None:
    with forked(fork) as child:
        (grandchild,) = kin.children(child)

        assert child in kin.children(os.getpid())
        assert grandchild not in kin.children(os.getpid())
        assert kin.children(grandchild) == []


def test_a_child_of_any_thread_is_a_child() -> None:
    def act() -> None:
        def have_a_child() -> None:
            with subprocess.Popen(["sleep", "30"]):
                pass

        Thread(target=have_a_child).start()
        eventually(lambda: kin.children(os.getpid()))

    with forked(act) as child:
        assert len(kin.children(child)) == 1


def test_descendants_come_down_to_the_last() -> None:
    with forked(lambda: [fork(fork), fork()]) as child:
        assert len(list(kin.descendants(child))) == 3


def test_who_is_left_out_is_left_out_with_all_that_is_his() -> None:
    with forked(lambda: [fork(fork), fork()]) as child:
        with_two, alone = sorted(kin.children(child), key=lambda pid: -len(kin.children(pid)))

        assert list(kin.descendants(child, without={with_two})) == [alone]


def test_a_session_is_its_leader_and_who_has_not_left_it() -> None:
    def act() -> None:
        os.setsid()
        fork()
        daemonised()

    with forked(act) as leader:
        (member,) = kin.children(leader)

        assert sorted(kin.session(leader)) == sorted([leader, member])


def test_nobody_descends_from_who_is_gone() -> None:
    with forked() as child:
        pass

    assert kin.children(child) == []
    assert kin.session(child) == []
