"""Identify a customer for limits per customer, by one key for all spellings of a mailbox, and find their orders."""

import hashlib
from dataclasses import dataclass, replace

from django.db.models import Q, QuerySet

from accounts.mailboxes import normalize_mailbox
from orders.models import Order


@dataclass(frozen=True)
class Buyer:
    """What is known about the shopper: destination, e-mail address, account, VAT number and IP address."""

    country: str
    postcode: str = ""
    email: str = ""
    user_id: int | None = None
    vat_id: str = ""
    ip: str | None = None

    def for_request(self, user_id: int | None, ip: str | None) -> "Buyer":
        """Return this buyer with another user id and IP address."""
        return replace(self, user_id=user_id, ip=ip)

    def with_email(self, email: str) -> "Buyer":
        """Return this buyer with another e-mail address, whose limits decide the price; empty means no limits."""
        return replace(self, email=email)


def customer_key(email: str) -> str:
    """Return a digest that is equal for every spelling of a mailbox: capitals, hidden characters and +tags are ignored."""
    local, _, domain = normalize_mailbox(email).rpartition("@")
    plain = f"{local.partition('+')[0]}@{domain}"
    return hashlib.sha256(plain.encode()).hexdigest() if local else ""


def unpaid_elsewhere(buyer: Buyer) -> QuerySet[Order]:
    """Unpaid orders with the buyer's e-mail address from another account and another IP address.

    They do not count towards the buyer's limits, because anybody can enter that address (see promotions/uses.py).
    """
    if not (key := customer_key(buyer.email)):
        return Order.objects.none()
    orders = Order.objects.filter(status=Order.Status.PLACED, customer_key=key)
    if buyer.user_id:
        orders = orders.exclude(user_id=buyer.user_id)
    return orders.exclude(terms_accepted_ip=buyer.ip)


def _orders_of(buyer: Buyer) -> Q:
    """A condition for orders with the buyer's account or e-mail address; None of them for an unknown buyer."""
    key = customer_key(buyer.email)
    return (Q(user_id=buyer.user_id) if buyer.user_id else Q(pk=None)) | (Q(customer_key=key) if key else Q(pk=None))


def has_ordered(buyer: Buyer) -> bool:
    """Return whether the buyer has an order that is not canceled. Takes no query for an unknown buyer."""
    orders = Order.objects.filter(_orders_of(buyer)).exclude(status=Order.Status.CANCELED)
    return orders.exclude(pk__in=unpaid_elsewhere(buyer)).exists()
