"""The public API for whoever has work to be done: put jobs on queues, look at them, take them off again.

looking: at queues and workers, and what is on a queue. enqueuing: jobs put there. written: how a job is written.
"""

from resqued.client.enqueuing import Client
from resqued.client.looking import RedisClient

__all__ = ["Client", "RedisClient"]
