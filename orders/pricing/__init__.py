"""Price a cart by arithmetic alone, without database or clock. `price` is the function that calculates a total."""

from orders.pricing.basket import Basket, Delivery, Line, Rate, Rule, Scope, Tier, Treatment
from orders.pricing.receipt import can_be_derived, derive, explain, make_receipt, rounding_steps, totals_of
from orders.pricing.taxing import TaxLine
from orders.pricing.totals import Discount, LineTotal, Pricing, Reason, Totals, price, share_of_units

__all__ = [
    "Basket",
    "Delivery",
    "Discount",
    "Line",
    "LineTotal",
    "Pricing",
    "Rate",
    "Reason",
    "Rule",
    "Scope",
    "TaxLine",
    "Tier",
    "Totals",
    "Treatment",
    "can_be_derived",
    "derive",
    "explain",
    "make_receipt",
    "price",
    "rounding_steps",
    "share_of_units",
    "totals_of",
]
