"""The checkout: its form and page, and placing the order."""

from orders.checkout.placing import Seen, Submission, place_order

__all__ = ["Seen", "Submission", "place_order"]
