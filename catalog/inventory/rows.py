"""Lock stock rows in one order, and change them together with their movements. Used by the rest of the package."""

from collections.abc import Collection, Iterable, Mapping

from django.db import connection

from catalog.errors import StockRefused
from catalog.inventory.availability import available_of, mark_class_changes
from catalog.models import Location, Stock, StockMovement, Variant

MAX_ON_HAND = 1_000_000_000

SAVE_LEVELS = """
UPDATE catalog_stock AS stock SET on_hand = now.on_hand, backorder_limit = now.backorder_limit, shortfall = now.shortfall
FROM unnest(%(ids)s::bigint[], %(on_hand)s::int[], %(limits)s::int[], %(shortfalls)s::int[])
  AS now (id, on_hand, backorder_limit, shortfall)
WHERE stock.id = now.id
"""


def default_location() -> Location:
    """The first active location. Creates one if there is none."""
    location = Location.objects.filter(is_active=True).first()
    return location or Location.objects.get_or_create(code="main", defaults={"name": "Main"})[0]


def lock_rows(stock_ids: Iterable[int]) -> None:
    """Lock the rows in the order of their ids, as all writers of stock do."""
    list(Stock.objects.filter(pk__in=list(stock_ids)).order_by("pk").select_for_update().values_list("pk"))


def locked_row(variant_id: int, location: Location) -> Stock:
    """The stock row, locked until the transaction ends. Creates it if it is missing."""
    Stock.objects.bulk_create([Stock(variant_id=variant_id, location=location)], ignore_conflicts=True)
    return Stock.objects.select_for_update(of=("self",)).get(variant_id=variant_id, location=location)


def locked_rows(variant_ids: Iterable[int], location: Location) -> dict[int, Stock]:
    """The stock rows of the variants, locked in the order of their ids. Creates missing rows."""
    wanted = sorted(set(variant_ids))
    Stock.objects.bulk_create(
        [Stock(variant_id=variant_id, location=location) for variant_id in wanted],
        ignore_conflicts=True,
        batch_size=1000,
    )
    rows = Stock.objects.select_for_update(of=("self",)).filter(variant_id__in=wanted, location=location)
    return {stock.variant_id: stock for stock in rows.order_by("pk")}


def write_on_hand(stock: Stock, movement: StockMovement) -> Stock:
    """Change on_hand of a locked row by the movement, and save both."""
    before = available_of(stock)
    move_counter(stock, movement.on_hand_change)
    stock.save(update_fields=["on_hand", "shortfall"])
    movement.variant_id, movement.location_id = stock.variant_id, stock.location_id
    movement.save()
    mark_class_changes([(stock.variant_id, before, available_of(stock))])
    return stock


def move_counter(stock: Stock, change: int) -> None:
    """Change on_hand and shortfall of a row in memory. Raises StockRefused for a result below zero or too high."""
    stock.on_hand += change
    if stock.on_hand > MAX_ON_HAND:
        raise StockRefused(f"The stock of a variant can be at most {MAX_ON_HAND:,} units.")
    if stock.on_hand < 0:
        raise StockRefused(f"Only {stock.on_hand - change} are on hand.")
    missing = stock.reserved - stock.on_hand - stock.backorder_limit
    # Only a negative correction may raise the shortfall; anything else can only lower it.
    stock.shortfall = max(0, missing) if change < 0 else max(0, min(stock.shortfall, missing))


def write_on_hand_of_many(rows: Collection[Stock], movements: Mapping[int, StockMovement]) -> None:
    """Change on_hand of each locked row by the movement of its id, and save all with a constant number of queries."""
    marks = []
    for stock in rows:
        movement, before = movements[stock.pk], available_of(stock)
        move_counter(stock, movement.on_hand_change)
        movement.variant_id, movement.location_id = stock.variant_id, stock.location_id
        marks.append((stock.variant_id, before, available_of(stock)))
    save_levels(rows)
    StockMovement.objects.bulk_create(movements.values(), batch_size=1000)
    mark_class_changes(marks)


def save_levels(rows: Collection[Stock]) -> None:
    """Write the counters of locked rows with one statement."""
    with connection.cursor() as cursor:
        cursor.execute(
            SAVE_LEVELS,
            {
                "ids": [stock.pk for stock in rows],
                "on_hand": [stock.on_hand for stock in rows],
                "limits": [stock.backorder_limit for stock in rows],
                "shortfalls": [stock.shortfall for stock in rows],
            },
        )


def refuse_uncounted(variants: Iterable[Variant]) -> None:
    """Raise StockRefused if the stock of one of the variants is not counted."""
    for variant in variants:
        if not variant.is_tracked:
            raise StockRefused(f"The stock of {variant} is not counted, so nothing can be added to it.")
