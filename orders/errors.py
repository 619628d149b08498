"""Errors of carts and orders. Each carries the values that a page needs to explain it."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from orders.models import Order


class OrderError(Exception):
    """Base class of all errors of carts and orders."""


class CartRefused(OrderError):
    """The cart cannot be changed like this. The message is a sentence for the shopper."""


class SoldOut(CartRefused):
    """No unit of the variant is available. Carries the variant's id."""

    def __init__(self, variant_id: int) -> None:
        super().__init__("This is sold out.")
        self.variant_id = variant_id


class OrderRefused(OrderError):
    """The order does not allow this. The message is a sentence for the user."""


class EmptyCart(OrderError):
    """The cart has no lines to order."""


class CartChanged(OrderError):
    """The cart has changed since the shopper opened the checkout page."""


class TotalChanged(OrderError):
    """The total differs from the one shown to the shopper. Carries both, in minor units."""

    def __init__(self, expected: int, actual: int) -> None:
        super().__init__(f"expected {expected}, is {actual}")
        self.expected = expected
        self.actual = actual


class NotSold(OrderError):
    """Lines of the cart are no longer sold. Carries their ids."""

    def __init__(self, line_ids: list[int]) -> None:
        super().__init__(f"{len(line_ids)} lines are not sold")
        self.line_ids = line_ids


class TotalTooSmall(OrderError):
    """The amount due is less than the payment provider can charge. Carries the minimum in minor units."""

    def __init__(self, smallest: int) -> None:
        super().__init__(f"below {smallest}")
        self.smallest = smallest


class NoDelivery(OrderError):
    """The chosen shipping method does not deliver to the chosen country."""


class NoAddress(OrderError):
    """The order needs a delivery address and has none."""


class AlreadyPlaced(OrderError):
    """The cart is already an unpaid order with other details. Carries that order.

    Its payment must be closed at the payment provider before the cart can be ordered again.
    """

    def __init__(self, order: "Order") -> None:
        super().__init__(order.number)
        self.order = order


class StatusRefused(OrderError):
    """The order's status does not allow this change."""


class ShipmentRefused(OrderError):
    """These quantities cannot be shipped. The message is a sentence for staff."""


class PromotionUsedUp(OrderError):
    """Other orders have reached a limit of the promotion meanwhile. Carries the promotion's name."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class GiftCardSpent(OrderError):
    """The balance of a gift card is smaller than the amount that the order needs from it."""


class GiftCardRefused(OrderError):
    """The gift card cannot be used, issued or voided. The message is a sentence for the user."""


class TooManyUnpaid(OrderError):
    """The customer already has the maximum number of unpaid orders."""


class TooMuchUnpaid(OrderError):
    """One IP network would reserve more units in unpaid orders than allowed. Carries the reserved units and the limit."""

    def __init__(self, held: int, limit: int) -> None:
        super().__init__(f"{held} units are held, {limit} is the limit")
        self.held = held
        self.limit = limit


class CouponRefused(OrderError):
    """The coupon code or limit is not allowed. The message is a sentence for staff."""
