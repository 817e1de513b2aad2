"""What a daemon is told by its configuration: where it stands, and how large its pools are."""

from dataclasses import dataclass
from pathlib import Path

from resqued import places
from resqued.config import Config, Pool
from resqued.fleet import Size


@dataclass(frozen=True, slots=True)
class Ground:
    file: Path  # absolute, as it was named: a link is followed anew by each reload
    run: Path
    state: Path
    redis: Path  # of an embedded one

    @classmethod
    def of(cls, config: Config, file: Path) -> "Ground":
        return cls(
            file.absolute(),
            places.run_directory(config, file),
            places.state_directory(config, file),
            places.embedded_directory(config, file),
        )


def size_of(pool: Pool) -> Size:
    if isinstance(pool.workers, int):
        return Size(pool.workers, pool.workers)
    return Size(pool.workers.min, pool.workers.max, pool.workers.spare)
