from tests.chaos import script
from tests.chaos.script import EQUAL_ONE, KINDS, Kind


def test_the_same_seed_gives_the_same_script() -> None:
    assert script.acts(7, 60, pause=0.3) == script.acts(7, 60, pause=0.3)
    assert script.pushes(7, 500, 60) == script.pushes(7, 500, 60)


def test_another_seed_gives_another_script() -> None:
    assert script.acts(7, 60, pause=0.3) != script.acts(8, 60, pause=0.3)


def test_a_longer_run_begins_like_a_shorter_one() -> None:
    short, long = script.acts(7, 20, pause=0.3), script.acts(7, 60, pause=0.3)

    assert long[: len(short)] == short


def test_every_act_comes_in_ten_minutes() -> None:
    acts = script.acts(1, 600, pause=0.3)

    assert {(act.what, act.whom) for act in acts} == {(what, whom) for _, what, whom, _, _ in script.MENU}
    assert all(0 <= act.which < 1 for act in acts)


def test_jobs_are_of_every_kind_and_told_apart_but_for_the_equal_ones() -> None:
    pushed = script.pushes(1, 1000, 60)

    assert {job.kind for job in pushed} == set(KINDS)
    assert sorted(pushed, key=lambda job: job.at) == pushed
    different = [job.payload for job in pushed if job.kind is not Kind.EQUAL]
    assert len(set(different)) == len(different)
    assert {job.payload for job in pushed if job.kind is Kind.EQUAL} == {EQUAL_ONE}
