"""What has become of several things that somebody wanted changed at once, in words."""

from resqued.store.picking import Outcome


def told(outcome: Outcome, *, what: str, done: str, before: str) -> str:
    """`what`: one of them; `done`: what it was to be; `before`: what those that are gone may have been."""
    said = [f"{outcome.done} {what}{'' if outcome.done == 1 else 's'} {done}."]
    if outcome.gone:
        said.append(f"{outcome.gone} had been {before} before.")
    said += [f"{count} cannot be {done}: {why}." for why, count in outcome.refused.items()]
    return " ".join(said)
