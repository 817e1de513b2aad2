"""Whether the master can keep what it has to keep, and others are kept from what is secret."""

import stat
from collections.abc import Iterator

from resqued.cli.doctor.facts import Facts, Place
from resqued.cli.doctor.findings import Finding, known
from resqued.cli.terminal import size

LITTLE = 16 * 1024**2  # bytes; ends of jobs are small, but a log beside them is not
FEW = 100  # inodes
FLEETING = {"tmpfs", "ramfs"}


def directories(facts: Facts) -> Iterator[Finding]:
    for place in map(known, facts.places):
        if place.objection:
            yield Finding(
                f"{place.key} {place.path} {place.objection}",
                "give it to the user of resqued, or set [daemon] " + f"{place.key} to a directory that is theirs",
            )
        yield from _full(place)
        if place.key == "state_dir" and place.system in FLEETING:
            yield Finding(
                f"state_dir {place.path} is in memory ({place.system}): how jobs ended whose end Redis does not know "
                "yet, and an embedded Redis, are gone after a reboot",
                "set [daemon] state_dir, or StateDirectory= of the unit, to a directory on a disk",
            )


def _full(place: Place) -> Iterator[Finding]:
    few = place.inodes is not None and place.inodes < FEW
    if place.free < LITTLE or few:
        left = f"{place.inodes} inodes" if few else size(place.free)
        yield Finding(
            f"the file system of {place.key} {place.path} is full: {left} are left",
            "make room there: the status, and how jobs ended while Redis is away, cannot be written",
        )


def passwords(facts: Facts) -> Iterator[Finding]:
    for secret in known(facts.secrets):
        if secret.mode & stat.S_IROTH:
            yield Finding(
                f"{secret.path} holds the password of Redis, and every user of this machine may read it "
                f"(mode {secret.mode & 0o777:04o})",
                f"chmod o= {secret.path}, and change the password if others have been here",
            )
