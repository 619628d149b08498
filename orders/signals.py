"""Signals of logins and new accounts are doors: each calls one verb."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from orders.cart import token_from
from orders.joining import join_carts
from orders.lifecycle import claim_orders, keep_address_of


def claim_orders_of_address(request: HttpRequest, email_address: Any, **_: Any) -> None:
    """Whoever has proved that an address is theirs has the orders that were placed with it."""
    claim_orders(email_address.user_id, email_address.email)


def keep_address_of_order(user: Any, reference: str = "", **_: Any) -> None:
    """An account that begins with an order has its address in the address book."""
    if reference:
        keep_address_of(user.pk, reference)


def join_cart_at_login(request: HttpRequest, user: Any, **_: Any) -> None:
    token = token_from(request.COOKIES.get(settings.CART_COOKIE_NAME, "")) if request else None
    if token:
        join_carts(token, user.pk)
