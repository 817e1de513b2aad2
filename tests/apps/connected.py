"""An application that is connected to something as soon as it is imported."""

import os
import socket
from urllib.parse import urlsplit

import redis

url = urlsplit(os.environ["TEST_REDIS_URL"])
connection = socket.create_connection((url.hostname, url.port))
statsd = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)


class Wait:
    """Say so in `test:met` over a connection of its own, then wait for `test:go`."""

    queue = "work"

    @staticmethod
    def perform():
        with redis.Redis.from_url(os.environ["TEST_REDIS_URL"], socket_timeout=60) as there:
            there.rpush("test:met", os.getpid())
            there.blpop("test:go", timeout=30)
