"""Limit the unpaid orders of one customer, and the units that one IP network can reserve in unpaid orders."""

from django.conf import settings
from django.db import connection

from accounts.limits.throttle import network_of
from orders.customers import Buyer, customer_key
from orders.errors import TooManyUnpaid, TooMuchUnpaid

MAX_UNPAID_ORDERS = 5  # of one account, or of one e-mail address at one IP address
# Orders from one network wait for each other from here to COMMIT, so that simultaneous orders are counted one by one.
LOCK = "SELECT pg_advisory_xact_lock(hashtext('place'), hashtext(%s))"
UNPAID = """
SELECT
  (SELECT count(*) FROM orders_order WHERE status = 'placed' AND (user_id = %(user)s
     OR customer_key = %(customer)s AND customer_key <> '' AND terms_accepted_ip IS NOT DISTINCT FROM %(ip)s::inet)),
  (SELECT coalesce(sum(line.quantity), 0)::int FROM orders_order placed
     JOIN orders_orderline line ON line.order_id = placed.id AND line.is_stocked
     WHERE placed.status = 'placed' AND placed.terms_accepted_ip <<= %(network)s::inet)
"""


def check_unpaid_orders(buyer: Buyer, units: int) -> None:
    """Raise TooManyUnpaid if the buyer has five unpaid orders, or TooMuchUnpaid if the network would reserve too much.

    The network is an IPv4 address or an IPv6 /64. With these units it may reserve SHOP_MAX_UNPAID_UNITS in unpaid orders.
    Call it in the order's transaction.
    """
    network = network_of(buyer.ip) if buyer.ip and units and settings.MAX_UNPAID_UNITS else None
    parameters = {
        "user": buyer.user_id,
        "customer": customer_key(buyer.email),
        "ip": buyer.ip or None,
        "network": network,
    }
    with connection.cursor() as cursor:
        if network:
            cursor.execute(LOCK, [network])
        cursor.execute(UNPAID, parameters)
        unpaid_orders, held = cursor.fetchone()
    if unpaid_orders >= MAX_UNPAID_ORDERS:
        raise TooManyUnpaid
    if network and held + units > settings.MAX_UNPAID_UNITS:
        raise TooMuchUnpaid(held=held, limit=settings.MAX_UNPAID_UNITS)
