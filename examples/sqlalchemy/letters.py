"""What is done about an order when its customer does not wait for it."""

from shop import Order, Transaction

import resqued


@resqued.job(queue="orders", timeout=30)
def confirm(number: int) -> None:
    """A job gets the number of a row, never the row: by then it may be another."""
    with Transaction.begin() as transaction:
        order = transaction.get_one(Order, number)
        print(f"a letter to {order.address}", flush=True)
        order.state = "confirmed"
