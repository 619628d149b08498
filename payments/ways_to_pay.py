"""The ways to pay that payments offers to the checkout."""

from collections.abc import Iterator

from orders.cart.contents import CartContents
from orders.checkout.ways_to_pay import WayToPay


def online(_contents: CartContents) -> Iterator[WayToPay]:
    """Offer to pay on the page of Stripe."""
    yield WayToPay(
        code="stripe",
        label="Pay online",
        description="You pay on our provider’s secure page, in a way of your choice. We never see your card or bank details.",
    )
