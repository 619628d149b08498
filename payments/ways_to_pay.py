"""The ways to pay that payments offers to the checkout."""

from collections.abc import Iterator

from orders.cart.contents import CartContents
from orders.checkout.ways_to_pay import WayToPay


def online(_contents: CartContents) -> Iterator[WayToPay]:
    """Offer to pay on the page of Stripe."""
    yield WayToPay(
        code="stripe",
        label="Card",
        description="You pay by card on our provider’s secure page. We never see your card details.",
    )
