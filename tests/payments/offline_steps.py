"""Orders that are paid by transfer, by invoice or in cash, and what staff do with them."""

from typing import Any

from django.contrib.auth.models import Group
from django.utils import timezone

from accounts.models import User
from orders.models import Order
from payments.models import Journal, Payment, ReceivedMoney
from payments.offline import NewMoney, receive_money
from tests.factories import make_offline_method, make_order, make_shipping, make_user, make_variant


def make_transfer_order(price_minor: int = 10000, **fields: Any) -> Order:
    """An order of one thing of 100.00 with free delivery, which waits for a transfer."""
    make_offline_method("transfer")
    return make_order(make_variant(price_minor), payment_method="transfer", **fields)


def make_invoice_order(price_minor: int = 10000, quantity: int = 1) -> Order:
    """An order of a business customer, which is confirmed and paid by invoice."""
    group = Group.objects.get_or_create(name="Business")[0]
    make_offline_method("invoice", groups=[group], due_days=14)
    user = make_user()
    user.groups.add(group)
    return make_order(make_variant(price_minor), quantity=quantity, user=user, payment_method="invoice")


def make_pickup_order(price_minor: int = 10000) -> Order:
    """An order that is paid in cash when it is picked up."""
    make_offline_method("pickup")
    make_shipping(0, "shop", kind="pickup", pickup_address="Kraanlei 12")
    return make_order(make_variant(price_minor), payment_method="pickup", shipping_code="shop")


def payment_of(order: Order) -> Payment:
    return order.payments.exclude(method__in=["stripe", "giftcard"]).latest("pk")


def receive(order: Order, amount_minor: int, user: User | None = None, **fields: Any) -> ReceivedMoney:
    seen = fields.pop("seen", None)
    new = NewMoney(amount_minor, fields.pop("received_on", timezone.localdate()), **fields)
    return receive_money(payment_of(order), new, user_id=user.pk if user else None, seen=seen)


def journals_of(order: Order) -> list[tuple[str, dict[str, int]]]:
    """The order's journals, oldest first, without those of its sale's parts."""
    journals = Journal.objects.filter(order=order).prefetch_related("postings")
    return [(j.kind, {p.account: p.amount_minor for p in j.postings.all()}) for j in journals.order_by("pk")]
