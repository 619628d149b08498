"""Orders that are charged when they ship. Payments knows how, and adds itself in AppConfig.ready."""

from collections.abc import Callable
from dataclasses import dataclass

from orders.fulfillment import NewFulfillment
from orders.models import Order


@dataclass(frozen=True)
class ChargePlan:
    """What shipping a parcel charges, as sentences, and why it cannot be done (empty if it can)."""

    sentences: tuple[str, ...]
    refusal: str = ""


@dataclass(frozen=True)
class Charging:
    """How payments charges orders.

    `is_due` says whether shipping charges the order. `plan` says what shipping a parcel will charge, and `ship` charges it
    and ships it, then returns a sentence, or raises ShipmentRefused. The flag of both drops what is not in the parcel.
    """

    is_due: Callable[[Order], bool]
    plan: Callable[[Order, NewFulfillment, bool], ChargePlan]
    ship: Callable[[Order, NewFulfillment, bool, int, int | None], str]


CHARGINGS: list[Charging] = []


def charging_of(order: Order) -> Charging | None:
    """Return what charges the order when a parcel is shipped, or None if nothing is left to charge."""
    return next((charging for charging in CHARGINGS if charging.is_due(order)), None)
