"""Receivers of login and account signals. Each calls one function."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from orders.cart import parse_token
from orders.cart.merging import join_carts
from orders.erasing import erase_person
from orders.lifecycle import claim_orders, keep_address_of


def claim_orders_of_address(request: HttpRequest, email_address: Any, **_: Any) -> None:
    """Assign guest orders to the user who has confirmed their e-mail address."""
    claim_orders(email_address.user_id, email_address.email)


def keep_address_of_order(user: Any, reference: str = "", **_: Any) -> None:
    """Add the address of an order to the address book of the account created from it."""
    if reference:
        keep_address_of(user.pk, reference)


def join_cart_at_login(request: HttpRequest, user: Any, **_: Any) -> None:
    """Merge the browser's anonymous cart into the user's cart."""
    token = parse_token(request.COOKIES.get(settings.CART_COOKIE_NAME, "")) if request else None
    if token:
        join_carts(token, user.pk)


def erase_deleted_person(instance: Any, **_: Any) -> None:
    """Delete notes, tags, checkout drafts and stock alerts together with an account."""
    erase_person(instance.email)
