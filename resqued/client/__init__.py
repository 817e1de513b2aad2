"""The public API for whoever has work to be done: put jobs on queues, look at them, take them off again.

looking: at queues and workers, and what is on a queue. enqueuing: jobs on their way to queues. batching: many of them.
written: how a job is written. client: all of it together.
"""

from resqued.client.batching import Receipt
from resqued.client.client import Client
from resqued.client.looking import RedisClient

__all__ = ["Client", "Receipt", "RedisClient"]
