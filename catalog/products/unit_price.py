"""Unit prices, such as per kilogram, litre or 100 g (Directive 98/6/EC, article 3)."""

from dataclasses import dataclass
from decimal import Decimal

from catalog.models import Variant
from catalog.money import round_half_up

# Unit → its dimension, and its size in the smallest unit of that dimension.
UNITS: dict[str, tuple[str, Decimal]] = {
    "g": ("mass", Decimal(1)),
    "kg": ("mass", Decimal(1000)),
    "ml": ("volume", Decimal(1)),
    "l": ("volume", Decimal(1000)),
    "cm": ("length", Decimal(1)),
    "m": ("length", Decimal(100)),
    "m2": ("area", Decimal(1)),
    "pc": ("pieces", Decimal(1)),
}
UNIT_LABELS = {"m2": "m²", "pc": "piece"}


@dataclass(frozen=True)
class UnitPrice:
    """A price in minor units for the quantity `per`: 190 for `100 g`."""

    amount_minor: int
    per: str


def unit_price(amount_minor: int, variant: Variant) -> UnitPrice | None:
    """The price of the variant's base quantity; None if its content is unknown or has another dimension."""
    if not variant.content or not variant.base:
        return None
    kind, content_factor = UNITS.get(variant.content_unit, ("", Decimal(1)))
    base_kind, base_factor = UNITS.get(variant.base_unit, (None, Decimal(1)))
    if kind != base_kind:
        return None
    amount = amount_minor * variant.base * base_factor / (variant.content * content_factor)
    unit = UNIT_LABELS.get(variant.base_unit, variant.base_unit)
    return UnitPrice(round_half_up(amount), unit if variant.base == 1 else f"{variant.base.normalize():f} {unit}")
