"""Orders something, and says what became of it: `python order.py ann@example.org`. REDIS_URL says where to enqueue."""

import os
import sys
import time

from letters import confirm
from shop import Base, Order, Transaction, engine

import resqued

PATIENCE = 20.0  # s


def main(address: str = "ann@example.org") -> int:
    resqued.connect(os.environ.get("REDIS_URL", "redis://127.0.0.1:6379/0"))
    Base.metadata.create_all(engine)
    with Transaction.begin() as transaction:
        order = Order(address=address)
        transaction.add(order)
        transaction.flush()
        number = order.number
    confirm.enqueue(number)  # after the commit, or a worker might not see the order yet
    print(f"order {number} is {state_of(number)}")
    return 0


def state_of(number: int) -> str:
    until = time.monotonic() + PATIENCE
    while True:
        with Transaction() as transaction:
            state = transaction.get_one(Order, number).state
        if state != "placed" or time.monotonic() > until:
            return state
        time.sleep(0.05)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
