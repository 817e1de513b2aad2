"""How much is measured."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Effort:
    """Times in seconds."""

    rounds: int
    probes: int  # latencies in one round of those that a bound is about
    others: int  # the same of the others
    looks: float  # for which those that only look now and then are probed in one round
    window: float  # in which jobs are counted
    idle: float  # for which idle workers are watched
    jobs: int  # after which a worker is to be no larger
    growth: float  # large values for scale, as a share of the real ones

    @classmethod
    def thorough(cls, rounds: int) -> "Effort":
        return cls(rounds, probes=334, others=50, looks=15.0, window=1.5, idle=20.0, jobs=100_000, growth=1.0)

    @classmethod
    def quick(cls, rounds: int) -> "Effort":
        """Whether it works at all; the figures are not worth much."""
        return cls(rounds, probes=5, others=2, looks=1.0, window=0.2, idle=1.0, jobs=200, growth=0.01)
