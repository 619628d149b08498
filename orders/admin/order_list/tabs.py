"""The tabs of the order list: what is to be shipped, what waits for its payment, what is wrong, and all orders."""

from collections.abc import Callable
from dataclasses import dataclass

from django.db.models import QuerySet

from orders import worklists
from orders.models import Order
from orders.problems import problems


@dataclass(frozen=True)
class Tab:
    """A list of orders. Counted tabs show their number of orders; `is_urgent` colours it."""

    code: str
    label: str
    orders: Callable[[], QuerySet[Order]]
    is_newest_first: bool = True
    is_counted: bool = True
    is_urgent: bool = False
    empty_title: str = "No orders"
    empty_text: str = ""


SHIP_TAB = Tab(
    "ship",
    "To ship",
    worklists.to_ship,
    is_newest_first=False,
    is_urgent=True,
    empty_title="Nothing to ship",
    empty_text="Paid orders are listed here until all of their items are on the way.",
)
ALL_TAB = Tab(
    "all",
    "All",
    Order.objects.all,
    is_counted=False,
    empty_text="Orders appear here as soon as they are placed.",
)
TABS = {
    tab.code: tab
    for tab in (
        SHIP_TAB,
        Tab(
            "waiting",
            "Waiting",
            worklists.unpaid,
            is_newest_first=False,
            empty_title="No order is waiting",
            empty_text="Orders are listed here until they are paid. If they are not paid in time, they are canceled.",
        ),
        Tab(
            "problems",
            "Problems",
            problems.orders,
            is_urgent=True,
            empty_title="No problems",
            empty_text="Orders are listed here when a payment does not fit, a refund fails, or the day that was promised "
            "for missing units has passed.",
        ),
        ALL_TAB,
    )
}
