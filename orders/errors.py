"""What can go wrong between cart and parcel, as nouns that carry facts."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from orders.models import Order


class OrderError(Exception):
    """Anything that orders refuse."""


class CartRefused(OrderError):
    """Something that cannot go into the cart; the message is one clear sentence for the shopper."""


class SoldOut(CartRefused):
    """None of it can be sold now; carries the variant's id."""

    def __init__(self, variant_id: int) -> None:
        super().__init__("This is sold out.")
        self.variant_id = variant_id


class OrderRefused(OrderError):
    """Something that this order does not allow; the message is one clear sentence."""


class EmptyCart(OrderError):
    """There is nothing to order."""


class CartChanged(OrderError):
    """The cart is not the one that the shopper looked at when pressing the button."""


class TotalChanged(OrderError):
    """The total is not the one that the shopper saw."""

    def __init__(self, expected: int, actual: int) -> None:
        super().__init__(f"expected {expected}, is {actual}")
        self.expected = expected
        self.actual = actual


class NotSold(OrderError):
    """Lines of the cart that cannot be bought any more; carries their ids."""

    def __init__(self, line_ids: list[int]) -> None:
        super().__init__(f"{len(line_ids)} lines are not sold")
        self.line_ids = line_ids


class TotalTooSmall(OrderError):
    """Below what the payment provider charges; carries the smallest total in minor units."""

    def __init__(self, smallest: int) -> None:
        super().__init__(f"below {smallest}")
        self.smallest = smallest


class NoDelivery(OrderError):
    """The chosen method does not deliver to the chosen country."""


class NoAddress(OrderError):
    """Something is to be sent, and nobody said where."""


class AlreadyPlaced(OrderError):
    """This cart is an unpaid order with other details; it must be closed at the payment provider before a new one."""

    def __init__(self, order: "Order") -> None:
        super().__init__(order.number)
        self.order = order


class StatusRefused(OrderError):
    """The order is not in a state from which this can be done."""


class ShipmentRefused(OrderError):
    """These quantities cannot be shipped; the message is one clear sentence for staff."""


class PromotionUsedUp(OrderError):
    """A limit of a promotion was reached by others in the meantime; carries its name."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class GiftCardSpent(OrderError):
    """There is less on a gift card than the order was to take from it."""


class GiftCardRefused(OrderError):
    """A gift card that cannot be used, issued or voided so; the message is one clear sentence."""


class TooManyUnpaid(OrderError):
    """This customer has as many unpaid orders as one may have."""


class TooMuchUnpaid(OrderError):
    """One place would hold more units unpaid than it may; carries how many it holds and the limit."""

    def __init__(self, held: int, limit: int) -> None:
        super().__init__(f"{held} units are held, {limit} is the limit")
        self.held = held
        self.limit = limit


class CouponRefused(OrderError):
    """A code or a limit that cannot be; the message is one clear sentence for staff."""
