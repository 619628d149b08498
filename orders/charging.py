"""Orders that are charged when they ship. Payments knows how, and adds itself in AppConfig.ready."""

from collections.abc import Callable
from dataclasses import dataclass

from orders.fulfillment import NewFulfillment
from orders.models import Order


@dataclass(frozen=True)
class ChargePlan:
    """What shipping a parcel charges, in minor units and as sentences, or why it cannot be charged."""

    amount_minor: int = 0
    sentences: tuple[str, ...] = ()
    refusal: str = ""


@dataclass(frozen=True)
class Charge:
    """A parcel to charge and ship, by whom, from a page whose newest event was `seen`. `drops_rest` cancels the rest."""

    parcel: NewFulfillment
    drops_rest: bool
    user_id: int
    seen: int | None


@dataclass(frozen=True)
class Charging:
    """How payments charges orders when they ship.

    `is_due` says whether shipping charges the order, and `hold` is the reason not to ship that charging removes. `plan` says
    what shipping a parcel will charge; its flag drops what is not in the parcel. `ship` charges and ships, and returns a
    sentence, or raises ShipmentRefused.
    """

    is_due: Callable[[Order], bool]
    hold: Callable[[Order], str]
    plan: Callable[[Order, NewFulfillment, bool], ChargePlan]
    ship: Callable[[Order, Charge], str]


CHARGINGS: list[Charging] = []


def charging_of(order: Order) -> Charging | None:
    """Return what charges the order when a parcel is shipped, or None if nothing is left to charge."""
    return next((charging for charging in CHARGINGS if charging.is_due(order)), None)
