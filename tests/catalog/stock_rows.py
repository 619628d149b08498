"""Stock and movements in a form that tests can compare."""

from catalog.models import Location, Stock, StockMovement, Variant


def on_hand(variant: Variant, location: Location) -> int:
    return Stock.objects.get(variant=variant, location=location).on_hand


def movements_of(reference: str) -> list[tuple[str, str, int]]:
    """(kind, location, change) of every movement with this reference."""
    rows = StockMovement.objects.filter(reference=reference).order_by("pk")
    return list(rows.values_list("kind", "location__code", "on_hand_change"))
