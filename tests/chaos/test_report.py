from tests.chaos import report
from tests.chaos.account import Account
from tests.chaos.adversary import Deeds
from tests.chaos.run import Outcome, Plan
from tests.chaos.script import Whom

PLAN = Plan(7, 100, 5.0, 2, 3, "fail", 0.5, frozenset({Whom.REDIS}))


def outcome(**wrongs: list[str]) -> Outcome:
    return Outcome(Account(wrongs=wrongs), Deeds(), {}, took=10.0, settled_late=0, notes_left=0)


def test_one_thing_that_is_wrong_makes_a_run_wrong() -> None:
    assert report.is_wrong(outcome(lost=["job 1"], twice=[]))
    assert not report.is_wrong(outcome(lost=[], twice=[]))


def test_what_is_wrong_is_told_with_its_number() -> None:
    found = outcome(lost=["job 1", "job 2"])

    assert f"    {'lost':<44}{2:>8}" in report.table(PLAN, found).splitlines()
    assert report.details(found).splitlines() == ["  lost: job 1", "  lost: job 2"]


def test_a_replay_is_a_command_and_its_script() -> None:
    command, *acts = report.replay(PLAN).splitlines()

    assert command == (
        "./run chaos --seed 7 --jobs 100 --seconds 5 --masters 2 --workers 3 --policy fail --pause 0.5 --spare redis"
    )
    assert acts
    assert not [act for act in acts if "Redis" in act]
