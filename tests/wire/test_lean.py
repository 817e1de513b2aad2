"""What only the lean wire has to be able to do: live in a process that forks, and cost little."""

import os

from resqued.address import parse
from resqued.wire import lean
from tests.support.python import run_python
from tests.support.redis_server import RedisServer


def test_a_child_that_closes_its_copy_leaves_the_parent_its_connection(redis_url: str) -> None:
    same = run_python(
        """
        import os, sys
        from resqued.address import parse
        from resqued.wire import lean
        wire = lean.connect(parse(sys.argv[1]))
        before = wire.call("CLIENT", "ID")
        if not (child := os.fork()):
            os.close(wire.fileno())
            os._exit(0)
        os.waitpid(child, 0)
        print(wire.call("CLIENT", "ID") == before)
        """,
        redis_url,
    )

    assert same == "True\n"


def test_a_child_that_closes_its_copy_has_none_left(redis_url: str) -> None:
    error = run_python(
        """
        import os, sys
        from resqued.address import parse
        from resqued.wire import lean
        wire = lean.connect(parse(sys.argv[1]))
        wire.call("PING")
        descriptor = wire.fileno()
        if not (child := os.fork()):
            os.close(wire.fileno())
            try:
                os.fstat(descriptor)
            except OSError as error:
                print(error.strerror, flush=True)
            os._exit(0)
        os.waitpid(child, 0)
        """,
        redis_url,
    )

    assert error == "Bad file descriptor\n"


def test_a_child_that_closes_its_copy_can_make_a_connection_of_its_own(redis_url: str) -> None:
    another = run_python(
        """
        import os, sys
        from resqued.address import parse
        from resqued.wire import lean
        wire = lean.connect(parse(sys.argv[1]))
        before = wire.call("CLIENT", "ID")
        if not (child := os.fork()):
            os.close(wire.fileno())
            print(lean.connect(parse(sys.argv[1])).call("CLIENT", "ID") != before, flush=True)
            os._exit(0)
        os.waitpid(child, 0)
        """,
        redis_url,
    )

    assert another == "True\n"


def test_a_wait_that_is_dropped_ends_even_if_a_child_has_a_copy_of_its_connection(redis_url: str) -> None:
    ended = run_python(
        """
        import os, signal, sys
        from resqued.address import parse
        from resqued.wire import lean
        wire, other = (lean.connect(parse(sys.argv[1])) for _ in range(2))
        wire.ask("BLPOP", "q", 10)
        if not (child := os.fork()):
            signal.pause()
        wire.close()
        while b"blocked_clients:0" not in other.call("INFO", "clients"):
            pass
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        print("ended")
        """,
        redis_url,
        within=8,
    )

    assert ended == "ended\n"


def test_a_program_that_is_run_does_not_inherit_the_connection(redis_server: RedisServer) -> None:
    wire = lean.connect(parse(redis_server.url))
    wire.call("PING")

    assert not os.get_inheritable(wire.fileno())
    wire.close()


def test_it_loads_nothing_that_makes_a_fork_dearer() -> None:
    loaded = run_python("""
        import sys
        before = set(sys.modules)
        import resqued.wire.lean
        loaded = set(sys.modules) - before
        print(sorted({"redis", "ssl", "logging", "threading", "asyncio", "random"} & loaded))
    """)

    assert loaded == "[]\n"
