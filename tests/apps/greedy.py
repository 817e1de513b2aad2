"""A job that takes memory until it is killed for it."""

import os

import redis

ENOUGH = 1 << 30  # bytes; where nothing stops it, the machine is to survive it
CHUNK = 1 << 24


class Greedy:
    """Tell `test:met` the own pid, wait for `test:go`, and begin."""

    @staticmethod
    def perform():
        with redis.Redis.from_url(os.environ["TEST_REDIS_URL"], socket_timeout=60) as there:
            there.rpush("test:met", os.getpid())
            there.blpop("test:go", timeout=30)
        taken = []
        while len(taken) * CHUNK < ENOUGH:
            taken.append(bytearray(os.urandom(4096)) * (CHUNK // 4096))
