"""Limit the unpaid orders of one customer, and the units that one IP network can reserve in unpaid orders."""

from django.conf import settings
from django.db import connection
from django.db.models import BooleanField, Count, F, Func, GenericIPAddressField, Q, Sum, Value
from django.db.models.functions import Cast

from accounts.limits.throttle import network_of
from orders.customers import Buyer, same_buyer
from orders.errors import TooManyUnpaid, TooMuchUnpaid
from orders.models import Order

MAX_UNPAID_ORDERS = 5  # of one customer
# Orders from one network wait for each other from here to COMMIT, so that simultaneous orders are counted one by one.
LOCK = "SELECT pg_advisory_xact_lock(hashtext('place'), hashtext(%s))"


def check_unpaid_orders(buyer: Buyer, units: int) -> None:
    """Raise TooManyUnpaid if the buyer has five unpaid orders, or TooMuchUnpaid if the network would reserve too much.

    The network is an IPv4 address or an IPv6 /64. With these units it may reserve SHOP_MAX_UNPAID_UNITS in unpaid orders.
    Call it in the order's transaction.
    """
    network = network_of(buyer.ip) if buyer.ip and units and settings.MAX_UNPAID_UNITS else ""
    in_network = Q(pk=None)
    if network:
        with connection.cursor() as cursor:
            cursor.execute(LOCK, [network])
        in_network = Q(_is_from(network))
    unpaid = Order.objects.filter(in_network | same_buyer(buyer), status=Order.Status.PLACED).aggregate(
        orders=Count("pk", distinct=True, filter=same_buyer(buyer)),
        units=Sum("lines__quantity", default=0, filter=in_network & Q(lines__is_stocked=True)),
    )
    if unpaid["orders"] >= MAX_UNPAID_ORDERS:
        raise TooManyUnpaid
    if network and unpaid["units"] + units > settings.MAX_UNPAID_UNITS:
        raise TooMuchUnpaid(held=unpaid["units"], limit=settings.MAX_UNPAID_UNITS)


def _is_from(network: str) -> Func:
    """A condition for orders whose IP address is in the network."""
    address = Cast(Value(network), GenericIPAddressField())
    return Func(
        F("terms_accepted_ip"),
        address,
        arg_joiner=" <<= ",
        template="(%(expressions)s)",
        output_field=BooleanField(),
    )
