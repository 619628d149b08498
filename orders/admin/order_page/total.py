"""The total of an order, and how it was calculated."""

from collections.abc import Sequence
from dataclasses import dataclass

from accounts.models import User
from orders.explanation import explain_order
from orders.models import Order
from orders.summary import SumRow, sum_rows


@dataclass(frozen=True)
class Total:
    """The content of the panel: the rows of the sum, and the lines that explain it."""

    rows: Sequence[SumRow]
    explanation: str


def total(order: Order, _user: User) -> Total:
    """Return the sum of the order."""
    return Total(sum_rows(order), "\n".join(explain_order(order)))
