"""Errors of carts and orders. Each carries the values that a page needs to explain it."""

from typing import TYPE_CHECKING

from django.db import OperationalError

if TYPE_CHECKING:
    from orders.models import Order, OrderEvent


class OrderError(Exception):
    """Base class of all errors of carts and orders."""


class RulesKeepChanging(OrderError, OperationalError):
    """The rules that prices depend on changed every time they were read, so there is no price that is sure to be right.

    It is also an error of the database, so pages answer 503 and ask to try again in a few seconds.
    """


class CartRefused(OrderError):
    """The cart cannot be changed like this. The message is a sentence for the shopper."""


class SoldOut(CartRefused):
    """No unit of the variant is available. Carries the variant's id."""

    def __init__(self, variant_id: int) -> None:
        super().__init__("This is sold out.")
        self.variant_id = variant_id


class OrderRefused(OrderError):
    """The order does not allow this. The message is a sentence for the user."""


class EditRefused(OrderRefused):
    """The order cannot be corrected like this. Carries the field of the form that the sentence is about, if any."""

    def __init__(self, sentence: str, field: str = "") -> None:
        super().__init__(sentence)
        self.field = field


class ReversalRefused(OrderRefused):
    """This part of the order cannot be taken back. Carries the id of the order line that the sentence is about, or 0."""

    def __init__(self, sentence: str, line_id: int = 0) -> None:
        super().__init__(sentence)
        self.line_id = line_id


class OrderChanged(OrderRefused):
    """The order has changed since the page was opened. Carries what happened meanwhile, oldest first."""

    def __init__(self, events: "list[OrderEvent]") -> None:
        super().__init__("This order has changed since you opened the page.")
        self.events = events


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


class GiftCardRefused(OrderError):
    """The gift card cannot be used, issued or voided. The message is a sentence for the user."""


class CouponRefused(OrderError):
    """The coupon code or limit is not allowed. The message is a sentence for staff."""


class CheckoutRefused(OrderError):
    """The order cannot be placed. Pages and APIs show `code`, `field` and `sentence`, and nothing else.

    `field` is the form field that the sentence is about, or empty if it is about the whole order. `is_outdated` means
    that the page shown to the shopper is no longer correct.
    """

    code = "refused"
    field = ""
    sentence = ""
    is_outdated = False


class EmptyCart(CheckoutRefused):
    """The cart has no lines to order."""

    code = "empty_cart"
    sentence = "Your cart is empty."


class CartChanged(CheckoutRefused):
    """The cart has changed since the shopper opened the checkout page."""

    code = "cart_changed"
    sentence = "Your cart has changed meanwhile."
    is_outdated = True


class TotalChanged(CheckoutRefused):
    """The total differs from the one shown to the shopper. Carries both, in minor units."""

    code = "total_changed"
    sentence = "The total has changed meanwhile."
    is_outdated = True

    def __init__(self, expected: int, actual: int) -> None:
        super().__init__(f"expected {expected}, is {actual}")
        self.expected = expected
        self.actual = actual


class NotSold(CheckoutRefused):
    """Lines of the cart are no longer sold. Carries their ids."""

    code = "not_sold"
    sentence = "Some items in your cart are no longer sold."

    def __init__(self, line_ids: list[int]) -> None:
        super().__init__(f"{len(line_ids)} lines are not sold")
        self.line_ids = line_ids


class TotalTooSmall(CheckoutRefused):
    """The amount due is less than the payment provider can charge. Carries the minimum in minor units."""

    code = "total_too_small"
    sentence = "This order is too small to be paid online. Please add something to your cart."

    def __init__(self, smallest: int) -> None:
        super().__init__(f"below {smallest}")
        self.smallest = smallest


class NoDelivery(CheckoutRefused):
    """The chosen shipping method does not deliver to the chosen country."""

    code = "no_delivery"
    field = "shipping_code"
    sentence = "Choose a delivery method for this country"


class NoAddress(CheckoutRefused):
    """The order needs a delivery address and has none."""

    code = "no_address"
    field = "line1"
    sentence = "Enter a street and number, like Kraanlei 12"


class WayNotOffered(CheckoutRefused):
    """The chosen way to pay is not offered for this order, such as cash without pick-up."""

    code = "way_not_offered"
    field = "payment_method"
    sentence = "Choose another payment method: this one is not available for this order"


class SentTooQuickly(CheckoutRefused):
    """A script seems to have sent the form: a field that people do not see was filled in, or it was sent at once."""

    code = "sent_too_quickly"
    sentence = "Please check your order and press the button again. You have not been charged."


class TooManyPromises(CheckoutRefused):
    """The customer, or the customer's network, has orders that hold stock until a transfer or cash arrives."""

    code = "too_many_promises"
    field = "payment_method"
    sentence = "You have orders that are still waiting for your payment. Choose another payment method or contact us"


class MostlyPromised(CheckoutRefused):
    """Unpaid transfers and cash orders hold as much of this product as they may. Carries its title."""

    code = "mostly_promised"
    field = "payment_method"

    def __init__(self, title: str) -> None:
        super().__init__(title)
        self.title = title
        self.sentence = f"The last units of “{title}” have to be paid right away. Choose another payment method"


class PromotionUsedUp(CheckoutRefused):
    """Other orders have reached a limit of the promotion meanwhile. Carries the promotion's name."""

    code = "promotion_used_up"

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name
        self.sentence = f"“{name}” has been used up."


class GiftCardSpent(CheckoutRefused):
    """The balance of a gift card is smaller than the amount that the order needs from it."""

    code = "gift_card_spent"
    sentence = "The balance of a gift card has changed meanwhile."
    is_outdated = True


class TooManyUnpaid(CheckoutRefused):
    """The customer already has the maximum number of unpaid orders."""

    code = "too_many_unpaid"
    sentence = "You have too many orders that are not paid yet. Please pay or change one of them first."


class TooMuchUnpaid(CheckoutRefused):
    """One IP network would reserve more units in unpaid orders than allowed. Carries the reserved units and the limit."""

    code = "too_much_unpaid"
    sentence = (
        "You have many items in orders that are not paid yet. Please pay or change one of them first, "
        "or contact us for a large order."
    )

    def __init__(self, held: int, limit: int) -> None:
        super().__init__(f"{held} units are held, {limit} is the limit")
        self.held = held
        self.limit = limit
