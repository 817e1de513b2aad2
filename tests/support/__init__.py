"""What tests share: real servers, a proxy that misbehaves on request, and a way to wait that is not a sleep."""

from tests.support.waiting import eventually

__all__ = ["eventually"]
