"""Saved cards: the customer at Stripe of an account, made when it first pays, and deleted with the account.

Shoppers agree to saving on Stripe's page, and Stripe keeps the cards. An account is only ever shown its own customer.
"""

import logging
import uuid

from accounts.models import User
from orders.models import Order
from payments import gateway
from payments.errors import GatewayDown, GatewayRefused, KeySpent
from payments.gateway import SavedMethod
from payments.models import StripeCustomer
from payments.sweep import for_each

log = logging.getLogger(__name__)


def customer_for(order: Order, user_id: int | None) -> str:
    """Return Stripe's id of the customer whose cards may be shown on the payment page; empty for none.

    That is the account that placed the order, while it is logged in. If Stripe does not answer, the order is paid
    without saved cards.
    """
    if user_id is None or user_id != order.user_id:
        return ""
    try:
        return ensure_customer(User.objects.get(pk=user_id))
    except (GatewayDown, GatewayRefused) as error:
        log.warning("Order %s is paid without saved cards: %r", order.number, error)
        return ""


def ensure_customer(user: User) -> str:
    """Return the id of the account's customer at Stripe, which is made if there is none.

    Raise GatewayDown or GatewayRefused.
    """
    customer, _is_new = StripeCustomer.objects.get_or_create(
        user=user, defaults={"email": user.email, "livemode": gateway.is_live()}
    )
    if customer.livemode is not gateway.is_live():
        customer = _of_this_mode(customer, user)
    if customer.stripe_id:
        return customer.stripe_id
    try:
        stripe_id = gateway.create_customer(customer.email, str(customer.key))
    except KeySpent:
        _forget("", key=customer.key)
        raise
    StripeCustomer.objects.filter(pk=customer.pk, key=customer.key, stripe_id="").update(stripe_id=stripe_id)
    return stripe_id


def _of_this_mode(customer: StripeCustomer, user: User) -> StripeCustomer:
    """Start over for the mode of the key. The customer of the other mode stays at Stripe, where only its key finds it."""
    StripeCustomer.objects.filter(pk=customer.pk, livemode=customer.livemode).update(
        stripe_id="", key=uuid.uuid4(), email=user.email, livemode=gateway.is_live()
    )
    customer.refresh_from_db()
    return customer


def forget_customer(stripe_id: str) -> None:
    """Make a new customer next time, because Stripe no longer knows this one."""
    _forget(stripe_id)


def _forget(stripe_id: str, **which: object) -> None:
    StripeCustomer.objects.filter(stripe_id=stripe_id, **which).update(stripe_id="", key=uuid.uuid4())


def saved_methods(user_id: int) -> list[SavedMethod]:
    """Return what the account saved at Stripe. Raise GatewayDown if Stripe does not answer."""
    customer_id = _known_customer(user_id)
    try:
        return gateway.list_saved_methods(customer_id) if customer_id else []
    except GatewayRefused:
        forget_customer(customer_id)
        return []


def saved_method(user_id: int, method_id: str) -> SavedMethod | None:
    """Return this saved card if it is the account's own, or None."""
    customer_id = _known_customer(user_id)
    try:
        return gateway.retrieve_saved_method(customer_id, method_id) if customer_id else None
    except GatewayRefused:
        return None


def remove_method(user_id: int, method_id: str) -> SavedMethod | None:
    """Remove a saved card of the account's own, and return it; None if the account has no such card."""
    own = saved_method(user_id, method_id)
    try:
        return gateway.detach_method(own.method_id) if own else None
    except GatewayRefused:
        return None  # it was removed in another tab meanwhile


def _known_customer(user_id: int) -> str:
    rows = StripeCustomer.objects.filter(user=user_id, livemode=gateway.is_live())
    return rows.values_list("stripe_id", flat=True).first() or ""


def delete_left_customers() -> int:
    """Delete the customers of erased accounts at Stripe, with their saved cards, and then here; return how many."""
    left = StripeCustomer.objects.filter(user=None, livemode=gateway.is_live())
    return for_each(list(left.values_list("pk", flat=True)), _delete)


def _delete(pk: int) -> bool:
    customer = StripeCustomer.objects.get(pk=pk)
    # Its answer may have been lost. The same key gives the same customer again.
    stripe_id = customer.stripe_id or gateway.create_customer(customer.email, str(customer.key))
    gateway.delete_customer(stripe_id)
    customer.delete()
    return True
