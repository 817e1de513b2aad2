"""As whom, and how, jobs run: what the machine knows of it, and allows."""

import os
import pwd
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from resqued import guise
from resqued.config import Pool
from resqued.guise import Guise, Rights

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can take rights from itself and have them back")


def pool(**settings: object) -> Pool:
    return Pool(queues=("*",), **settings)  # type: ignore[arg-type]  # those that a test is about


@contextmanager
def nobody() -> Iterator[None]:
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def test_a_pool_that_demands_nothing_has_no_guise() -> None:
    assert guise.of(pool()) is None
    assert list(guise.mistakes(pool())) == []


def test_niceness_and_umask_need_no_rights() -> None:
    assert guise.of(pool(nice=5, umask="0027")) == Guise(nice=5, umask=0o027)


def test_a_umask_of_nothing_is_a_umask() -> None:
    assert guise.of(pool(umask="000")) == Guise(umask=0)


def test_a_user_has_its_groups_and_its_home() -> None:
    root = pwd.getpwnam("root")
    found = guise.of(pool(user="root"))

    assert found
    assert found.rights == Rights(
        0,
        root.pw_gid,
        tuple(os.getgrouplist("root", root.pw_gid)),
        (("HOME", root.pw_dir), ("USER", "root"), ("LOGNAME", "root")),
    )


def test_a_user_may_be_a_number() -> None:
    assert guise.of(pool(user="0")) == guise.of(pool(user="root"))


def test_a_group_alone_leaves_the_user_who_he_is() -> None:
    found = guise.of(pool(group="daemon"))

    assert found
    assert found.rights == Rights(None, 1, (1,))


@needs_root
@pytest.mark.parametrize("name", ["no-such-one", "999999", str(2**70)])
@pytest.mark.parametrize("key", ["user", "group"])
def test_whoever_is_not_there_is_a_mistake(key: str, name: str) -> None:
    assert list(guise.mistakes(pool(**{key: name}))) == [f'{key}: there is no {key} "{name}" on this machine']


@needs_root
@pytest.mark.parametrize("key", ["user", "group"])
def test_only_root_has_jobs_run_as_somebody_else(key: str) -> None:
    with nobody():
        (mistake,) = guise.mistakes(pool(**{key: "daemon"}))

    assert mistake.startswith(f"{key}: only root can have jobs run as somebody else")


@needs_root
def test_only_root_makes_jobs_more_urgent() -> None:
    assert list(guise.mistakes(pool(nice=-5))) == []
    with nobody():
        assert list(guise.mistakes(pool(nice=-5))) == [
            "nice: only root (CAP_SYS_NICE) can make jobs more urgent; use 0 or more"
        ]
        assert list(guise.mistakes(pool(nice=5))) == []
