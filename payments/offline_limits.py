"""Limits of orders that hold stock for days before they are paid, so that nobody can lock the stock with promises."""

from collections import Counter
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models import BooleanField, F, Func, GenericIPAddressField, Q, QuerySet, Sum, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Cast

from accounts.limits.throttle import network_of
from catalog.models import Stock
from orders.cart.contents import CartContents
from orders.customers import Buyer, customer_key
from orders.errors import MostlyPromised, TooManyPromises
from orders.models import Order, OrderLine
from payments.models import Payment
from payments.models.payment import IS_AWAITED

MAX_OPEN_PROMISES = 2  # orders by transfer or cash of one account, or of one e-mail address at one IP address
MAX_OPEN_INVOICES = 10  # of one customer
# Orders of this kind wait for each other from here to COMMIT, so that simultaneous ones are counted one by one.
LOCK = "SELECT pg_advisory_xact_lock(hashtext('pay later'))"


def check_stock_held(contents: CartContents) -> None:
    """Raise TooManyPromises or MostlyPromised if unpaid transfers and cash orders would hold too much.

    A customer may have two of them, one IP network may hold SHOP_MAX_PROMISED_UNITS with them, and all of them together
    SHOP_MAX_PROMISED_PERCENT of the stock of a variant. Call it in the order's transaction.
    """
    lock_promises()
    unsent = Order.FulfillmentStatus.UNFULFILLED  # what was sent is no longer held
    open_orders = _awaited_orders(Payment.Method.TRANSFER, Payment.Method.PICKUP).filter(fulfillment_status=unsent)
    buyer = contents.buyer
    if open_orders.filter(_is_of(buyer)).count() >= MAX_OPEN_PROMISES:
        raise TooManyPromises
    wanted = _wanted(contents)
    if not wanted:
        return
    units = wanted.total()
    held = OrderLine.objects.filter(order__in=open_orders, is_stocked=True)
    if buyer.ip and settings.MAX_PROMISED_UNITS:
        nearby = _units(held.filter(_is_within(network_of(buyer.ip))))
        if nearby + units > settings.MAX_PROMISED_UNITS:
            raise TooManyPromises
    capacities = _sums(Stock.objects.filter(variant__in=wanted), F("on_hand") + F("backorder_limit"))
    promised = _sums(held.filter(variant__in=wanted), F("quantity"))
    for variant_id, quantity in wanted.items():
        most = capacities.get(variant_id, 0) * settings.MAX_PROMISED_PERCENT // 100
        if promised.get(variant_id, 0) + quantity > most:
            raise MostlyPromised(_title_of(variant_id, contents))


def _wanted(contents: CartContents) -> Counter[int]:
    """Return how many units of each variant the order would hold. Gift cards have a line for each set of details."""
    wanted: Counter[int] = Counter()
    for line in contents.lines:
        if line.variant.is_tracked:
            wanted[line.variant.pk] += line.quantity
    return wanted


def _title_of(variant_id: int, contents: CartContents) -> str:
    return next(line.variant.product.title for line in contents.lines if line.variant.pk == variant_id)


def check_open_invoices(contents: CartContents) -> None:
    """Raise TooManyPromises if the customer has ten invoices to pay, for orders that were sent or not.

    Call it in the order's transaction.
    """
    lock_promises()
    if _awaited_orders(Payment.Method.INVOICE).filter(_is_of(contents.buyer)).count() >= MAX_OPEN_INVOICES:
        raise TooManyPromises


def lock_promises() -> None:
    """Wait for other orders that are paid later, until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute(LOCK)


def _awaited_orders(*methods: str) -> QuerySet[Order]:
    """Orders for which staff wait for the money."""
    payments = Payment.objects.filter(IS_AWAITED, method__in=methods)
    return Order.objects.filter(pk__in=payments.values("order"))


def _is_of(buyer: Buyer) -> Q:
    """The account's orders, and those of the e-mail address from the same place: anybody can type an address."""
    key = customer_key(buyer.email)
    of_account = Q(user_id=buyer.user_id) if buyer.user_id else Q(pk=None)
    return of_account | (Q(customer_key=key, terms_accepted_ip=buyer.ip or None) if key else Q(pk=None))


def _is_within(network: str) -> Func:
    """A condition for order lines whose order was placed from this network."""
    address = F("order__terms_accepted_ip")
    return Func(
        address,
        Cast(Value(network), GenericIPAddressField()),
        template="%(expressions)s",
        arg_joiner=" <<= ",
        output_field=BooleanField(),
    )


def _sums(rows: QuerySet[Any], amount: Combinable) -> dict[int, int]:
    """Return the sum of the amounts by variant."""
    return dict(rows.order_by().values_list("variant").annotate(sum=Sum(amount)))


def _units(lines: QuerySet[OrderLine]) -> int:
    return lines.aggregate(sum=Sum("quantity"))["sum"] or 0
