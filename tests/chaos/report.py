"""What a run has come to, for people."""

from collections.abc import Iterator, Mapping

from tests.chaos.run import Outcome, Plan
from tests.chaos.script import What, Whom

SHOWN = 8  # details of each wrong
NOTABLE = (
    "worker.died",
    "worker.killed",
    "worker.pruned",
    "worker.struck_off",
    "redis.lost",
    "job.put_back",
    "job.requeued",
    "job.unsettled",
)


def table(plan: Plan, outcome: Outcome) -> str:
    return "\n".join(_lines(plan, outcome))


def _lines(plan: Plan, outcome: Outcome) -> Iterator[str]:
    hosts = f"{plan.masters} masters of {plan.workers} workers"
    yield f'seed {plan.seed}: {plan.jobs} jobs, {hosts}, worker_lost = "{plan.policy}"'
    rate = plan.jobs / outcome.took
    yield f"  {plan.seconds:g} s under attack, {outcome.took:.1f} s until all was done, {rate:.0f} jobs/s"
    yield from _block("the adversary", _deeds(outcome.deeds.acts))
    yield from _block("the log", {event: outcome.events.get(event, 0) for event in NOTABLE})
    yield from _block("the jobs", dict(sorted(outcome.account.places.items())))
    left = {"jobs, until the next start of a master": outcome.settled_late, "notes of ends": outcome.notes_left}
    yield from _block("left by the dead", left)
    yield from _block("wrong", {wrong: len(details) for wrong, details in outcome.account.wrongs.items()})


def _deeds(acts: Mapping[tuple[What, Whom], int]) -> dict[str, int]:
    return {f"{what} {whom}": times for (what, whom), times in sorted(acts.items())}


def _block(title: str, numbers: Mapping[str, int]) -> Iterator[str]:
    yield f"  {title}"
    for what, number in numbers.items():
        yield f"    {what:<44}{number:>8}"


def is_wrong(outcome: Outcome) -> bool:
    return any(outcome.account.wrongs.values())


def details(outcome: Outcome) -> str:
    """Of everything that is wrong, a few of each."""
    return "\n".join(
        f"  {wrong}: {detail}" for wrong, details in outcome.account.wrongs.items() for detail in details[:SHOWN]
    )


def replay(plan: Plan) -> str:
    """The command that does the same again, and what the adversary does then."""
    spared = "".join(f" --spare {whom.lower()}" for whom in sorted(plan.spared))
    command = (
        f"./run chaos --seed {plan.seed} --jobs {plan.jobs} --seconds {plan.seconds:g} --masters {plan.masters} "
        f"--workers {plan.workers} --policy {plan.policy} --pause {plan.pause:g}{spared}"
    )
    return "\n".join([command, *map(str, plan.acts())])
