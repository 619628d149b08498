"""How many units one place may hold in orders that are not paid yet."""

from django.conf import settings
from django.db import connection

from accounts.throttle import place_of
from orders.errors import TooMuchUnpaid

# Orders from one place wait for each other from here to COMMIT, so that ten at once are counted one after the other.
LOCK = "SELECT pg_advisory_xact_lock(hashtext('place'), hashtext(%s))"
HELD = """
SELECT coalesce(sum(line.quantity), 0) FROM orders_order placed
JOIN orders_orderline line ON line.order_id = placed.id AND line.is_stocked
WHERE placed.status = 'placed' AND placed.terms_accepted_ip <<= %s::inet
"""


def check_place(ip: str | None, units: int) -> None:
    """Raise TooMuchUnpaid if this place would hold more units of stock unpaid than SHOP_MAX_UNPAID_UNITS.

    A place is an IPv4 address or an IPv6 /64 network. Part of the order's transaction.
    """
    if not ip or not units or not settings.MAX_UNPAID_UNITS:
        return
    place = place_of(ip)
    with connection.cursor() as cursor:
        cursor.execute(LOCK, [place])
        cursor.execute(HELD, [place])
        held = int(cursor.fetchone()[0])
    if held + units > settings.MAX_UNPAID_UNITS:
        raise TooMuchUnpaid(held=held, limit=settings.MAX_UNPAID_UNITS)
