"""`dramatiq dramatiq_app`: the jobs as actors. BENCH_REDIS is the broker."""

import os

import dramatiq
import trivial
from dramatiq.brokers.redis import RedisBroker

dramatiq.set_broker(RedisBroker(url=os.environ["BENCH_REDIS"]))
for job in (trivial.Stamp, trivial.Noop, trivial.Fails):
    dramatiq.actor(job.perform, actor_name=job.__name__, queue_name="bench", max_retries=0)
