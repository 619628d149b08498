"""What can be wrong with an order so that somebody has to look at it. Each app adds what it knows about."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import reduce

from django.db.models import CharField, F, QuerySet, Value
from django.utils import timezone

from orders.models import Order, OrderLine


@dataclass(frozen=True)
class Problem:
    """A kind of problem. `rows` are the records that have it, and `order` is the path from them to the order's id."""

    label: str
    rows: Callable[[], QuerySet]
    order: str

    def order_ids(self) -> QuerySet:
        """The ids of the orders that have the problem."""
        return self.rows().order_by().values_list(F(self.order), flat=True)


class Problems:
    """All kinds of problems."""

    def __init__(self) -> None:
        self.kinds: list[Problem] = []

    def add(self, *kinds: Problem) -> None:
        """Add kinds of problems. Apps other than orders do this in AppConfig.ready()."""
        self.kinds += kinds

    def orders(self) -> QuerySet[Order]:
        """The orders that have a problem."""
        return Order.objects.filter(pk__in=reduce(QuerySet.union, (kind.order_ids() for kind in self.kinds)))

    def of(self, order_ids: Iterable[int]) -> dict[int, list[str]]:
        """Return the labels of the problems of these orders, by order id, in one query."""
        ids = list(order_ids)
        found: dict[int, list[str]] = {}
        if not ids:
            return found
        parts = [
            kind.rows()
            .order_by()
            .filter(**{f"{kind.order}__in": ids})
            .values_list(F(kind.order), Value(kind.label, output_field=CharField()))
            for kind in self.kinds
        ]
        for order_id, label in reduce(QuerySet.union, parts):
            found.setdefault(order_id, []).append(label)
        return found


def _overdue_lines() -> QuerySet[OrderLine]:
    """Backordered lines of paid orders whose missing units were promised for a day that has passed."""
    return OrderLine.objects.filter(
        is_backordered=True,
        expected_on__lt=timezone.localdate(),
        shipped_quantity__lt=F("quantity") - F("canceled_quantity"),
        order__status=Order.Status.CONFIRMED,
    )


problems = Problems()
problems.add(Problem("Backorder overdue", _overdue_lines, "order_id"))
