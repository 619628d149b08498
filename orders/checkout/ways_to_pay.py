"""The ways to pay that a checkout offers. Apps that know how to take money register theirs in `WAYS`."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from django.conf import settings

from orders.cart.contents import CartContents
from orders.errors import WayNotOffered
from orders.models import Order


def _allowed(_contents: CartContents) -> None:
    """Refuse nothing."""


def _later(_order: Order) -> None:
    """Do nothing when the order is placed: its payment is started by the next request."""


@dataclass(frozen=True)
class WayToPay:
    """A way to pay for one order, as the checkout shows it.

    An order that is not paid online is not sent to a payment page. One that `needs_pickup` is paid where it is picked up.
    An unpaid order holds its stock for the `window`. `check` raises CheckoutRefused if the order would exceed a limit of
    this way. `begin` is called in the transaction that places the order, before its stock is reserved.
    """

    code: str
    label: str
    description: str = ""
    is_online: bool = True
    needs_pickup: bool = False
    window: timedelta = field(default_factory=lambda: settings.PAYMENT_WINDOW)
    check: Callable[[CartContents], None] = _allowed
    begin: Callable[[Order], None] = _later


# Each function returns the ways that it offers for these contents with any delivery, the usual one first.
WAYS: list[Callable[[CartContents], Iterable[WayToPay]]] = []


@dataclass(frozen=True)
class WaysOfCart:
    """The ways to pay that a cart can choose from with its delivery. `has_more`: another delivery offers more."""

    ways: list[WayToPay]
    has_more: bool


def ways_of(contents: CartContents) -> WaysOfCart:
    """Return the ways to pay of this cart; none if nothing is left to pay."""
    if not contents.needs_payment:
        return WaysOfCart([], has_more=False)
    is_pickup = bool(contents.chosen and contents.chosen.is_pickup)
    known = [way for offer in WAYS for way in offer(contents)]
    ways = [way for way in known if is_pickup or not way.needs_pickup]
    can_be_picked_up = any(option.is_pickup for option in contents.options)
    return WaysOfCart(ways, has_more=can_be_picked_up and len(known) > len(ways))


def chosen_way(ways: Sequence[WayToPay], code: str) -> WayToPay | None:
    """Return the way with this code, or the first one; None if nothing is left to pay."""
    return next((way for way in ways if way.code == code), None) or next(iter(ways), None)


def find_way(contents: CartContents, code: str) -> WayToPay | None:
    """Return the way to pay that was chosen, or None if nothing is left to pay; raise WayNotOffered if it is not offered.

    An order that chose nothing is paid the first way.
    """
    ways = ways_of(contents).ways
    way = chosen_way(ways, code)
    if way and code and way.code != code:
        raise WayNotOffered
    return way
