"""Purchase orders and deliveries for tests, made by the shop's own functions."""

from collections.abc import Mapping
from typing import Any

from catalog.inventory.purchasing import PurchaseTerms, draft_purchase, order_purchase
from catalog.inventory.receiving import Arrival, Delivery, receive_delivery
from catalog.models import PurchaseOrder, Receipt
from tests.factories import make_location


def arrivals(quantities: Mapping[int, int], unit_cost_minor: int | None = None) -> dict[int, Arrival]:
    return {pk: Arrival(quantity, unit_cost_minor) for pk, quantity in quantities.items()}


def make_purchase(quantities: Mapping[int, int], *, is_ordered: bool = True, **terms: Any) -> PurchaseOrder:
    """A purchase order of these quantities by variant id, at the main location."""
    fields = {"supplier": "Atelier Grès", "location": make_location(), "currency": "EUR", **terms}
    purchase = draft_purchase(PurchaseTerms(**fields), arrivals(quantities, 450))
    return order_purchase(purchase) if is_ordered else purchase


def receive_purchase(purchase: PurchaseOrder, quantities: Mapping[int, int], **options: Any) -> Receipt:
    return receive_delivery(Delivery(purchase.location, "EUR", purchase), arrivals(quantities), **options)
