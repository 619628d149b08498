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


def total(order: Order, user: User) -> Total:
    """Return the sum of the order. Only staff who may see coupon codes read them."""
    shows_codes = user.has_perm("orders.see_code_coupon")
    explanation = explain_order(order, shows_codes=shows_codes)
    return Total(sum_rows(order, shows_codes=shows_codes), "\n".join(explanation))
