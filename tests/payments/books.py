"""A shop with sales at chosen moments, in two markets, for tests of the figures."""

from datetime import datetime
from unittest import mock
from zoneinfo import ZoneInfo

from orders.models import Order
from payments import ledger
from tests.factories import make_order, make_variant

BERLIN = ZoneInfo("Europe/Berlin")


def local(year: int, month: int, day: int, hour: int = 12, minute: int = 0, fold: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=BERLIN, fold=fold)


def at(moment: datetime):
    """Everything inside the block happens at this moment."""
    return mock.patch("django.utils.timezone.now", return_value=moment)


def sell(moment: datetime, market: str = "main", currency: str = "EUR", **fields) -> Order:
    """An order that is placed, paid and booked at this moment."""
    with at(moment):
        order = make_order(fields.pop("variant", None) or make_variant(fields.pop("price_minor", 2400)))
        Order.objects.filter(pk=order.pk).update(market=market, currency=currency, **fields)
        order.refresh_from_db()
        ledger.book_sale(order)
    return order


def take_back(order: Order, moment: datetime) -> None:
    """Book the cancellation of a sold order at this moment."""
    with at(moment):
        ledger.book_cancel(order)
