"""How long a stop may take. Seconds."""

from dataclasses import dataclass
from math import inf

from resqued.escalation import Mood

GONE_BY = 10.0  # s that a worker may take to leave beyond what its job may take


@dataclass(frozen=True, slots=True)
class Limits:
    """As in [shutdown]."""

    grace: float
    term_timeout: float
    redis_timeout: float

    def patience(self, mood: Mood) -> float:
        """In which every worker must have left."""
        rest = self.redis_timeout + GONE_BY
        match mood:
            case Mood.STOPPING:
                return self.grace + self.term_timeout + rest
            case Mood.HURRYING:
                return self.term_timeout + rest
            case Mood.KILLING:
                return rest
            case _:
                return inf
