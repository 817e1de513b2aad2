"""`celery --app celery_app:app`: the jobs as tasks. BENCH_REDIS is the broker."""

import os

import trivial
from celery import Celery

app = Celery("bench", broker=os.environ["BENCH_REDIS"])
for job in (trivial.Stamp, trivial.Noop, trivial.Fails):
    app.task(name=job.__name__)(job.perform)
