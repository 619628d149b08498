"""Limit how many units one IP network can reserve in unpaid orders."""

from django.conf import settings
from django.db import connection

from accounts.limits.throttle import network_of
from orders.errors import TooMuchUnpaid

# Orders from one network wait for each other from here to COMMIT, so that simultaneous orders are counted one by one.
LOCK = "SELECT pg_advisory_xact_lock(hashtext('place'), hashtext(%s))"
HELD = """
SELECT coalesce(sum(line.quantity), 0) FROM orders_order placed
JOIN orders_orderline line ON line.order_id = placed.id AND line.is_stocked
WHERE placed.status = 'placed' AND placed.terms_accepted_ip <<= %s::inet
"""


def check_unpaid_units(ip: str | None, units: int) -> None:
    """Raise TooMuchUnpaid if this network would reserve more than SHOP_MAX_UNPAID_UNITS units in unpaid orders.

    The network is an IPv4 address or an IPv6 /64. Call it in the order's transaction.
    """
    if not ip or not units or not settings.MAX_UNPAID_UNITS:
        return
    network = network_of(ip)
    with connection.cursor() as cursor:
        cursor.execute(LOCK, [network])
        cursor.execute(HELD, [network])
        held = int(cursor.fetchone()[0])
    if held + units > settings.MAX_UNPAID_UNITS:
        raise TooMuchUnpaid(held=held, limit=settings.MAX_UNPAID_UNITS)
