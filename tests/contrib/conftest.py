from tests.daemon.conftest import daemons_of_this_test, deployment

__all__ = ["daemons_of_this_test", "deployment"]
