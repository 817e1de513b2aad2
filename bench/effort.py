"""How much is measured."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Effort:
    """Times in seconds."""

    rounds: int
    probes: int  # latencies of one contestant in one round
    window: float  # in which jobs are counted
    idle: float  # for which idle workers are watched

    @classmethod
    def thorough(cls, rounds: int) -> "Effort":
        return cls(rounds, probes=100, window=1.5, idle=20.0)

    @classmethod
    def quick(cls, rounds: int) -> "Effort":
        """Whether it works at all; the figures are not worth much."""
        return cls(rounds, probes=5, window=0.2, idle=1.0)
