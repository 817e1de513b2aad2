"""What is done about an order when its customer does not wait for it. Every application's module `jobs` is found."""

import resqued
from orders.models import Order


@resqued.job(queue="orders", timeout=30)
def confirm(number: int) -> None:
    """A job gets the number of a row, never the row: by then it may be another."""
    order = Order.objects.get(pk=number)
    print(f"a letter to {order.address}", flush=True)
    order.state = "confirmed"
    order.save(update_fields=["state"])
