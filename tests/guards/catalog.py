"""The guards of stock and of staff who change products."""

from collections.abc import Iterable

from catalog.edits.concurrent import ConcurrentEditForm, DetectsConcurrentEdits
from catalog.inventory import adjusting, receiving, reserving, rows, stocktakes, transfers
from catalog.models import Location, PurchaseOrder, Stock, Stocktake, Transfer, TransferLine
from tests.guards.registry import ALWAYS, Monkey, execute, guard, replace


@guard("stock-condition", "tests/races/test_stock_races.py::test_forty_buyers_for_ten_units_buy_exactly_ten")
@guard(
    "stock-condition-two-locations",
    "tests/races/test_stock_races.py::test_ten_units_over_two_locations_sell_exactly_ten",
)
def no_stock_condition(monkeypatch: Monkey) -> None:
    """Stock is taken without checking that there is enough, and no constraint prevents it."""
    execute("ALTER TABLE catalog_stock DROP CONSTRAINT IF EXISTS stock_not_oversold")
    monkeypatch.setattr(reserving, "HAS_ENOUGH", ALWAYS)


@guard("stocktake-lock", "tests/races/test_staff_races.py::test_a_count_posted_by_eight_at_once_corrects_once")
def no_stocktake_lock(monkeypatch: Monkey) -> None:
    """Two requests read the stocktake at once, and both find it open."""
    monkeypatch.setattr(stocktakes, "lock_stocktake", lambda stocktake_id: Stocktake.objects.get(pk=stocktake_id))


@guard("transfer-lock", "tests/races/test_staff_races.py::test_a_transfer_received_by_eight_at_once_arrives_once")
def no_transfer_lock(monkeypatch: Monkey) -> None:
    """Two requests read the transfer at once, and both find all units in transit."""

    def read_transfer(transfer_id: int) -> tuple[Transfer, list[TransferLine]]:
        transfer = Transfer.objects.get(pk=transfer_id)
        return transfer, list(transfer.lines.order_by("pk"))

    monkeypatch.setattr(transfers, "lock_transfer", read_transfer)


@guard(
    "return-lock", "tests/races/test_staff_races.py::test_shipped_units_are_returned_once_even_to_different_locations"
)
def no_return_lock(monkeypatch: Monkey) -> None:
    """Two returns of one line read at once how many of its units are with the customer."""
    monkeypatch.setattr(adjusting, "lock_shipped", lambda moved: None)


@guard("delivery-key", "tests/races/test_staff_races.py::test_a_delivery_submitted_by_eight_at_once_is_received_once")
def no_delivery_key(monkeypatch: Monkey) -> None:
    """Two requests with the same form find no delivery of it, and nothing makes its key unique."""
    execute("ALTER TABLE catalog_receipt DROP CONSTRAINT IF EXISTS catalog_receipt_key_key")


@guard(
    "purchase-lock",
    "tests/races/test_staff_races.py::test_eight_deliveries_of_one_purchase_order_at_once_receive_it_once",
)
def no_purchase_lock(monkeypatch: Monkey) -> None:
    """Two deliveries read the purchase order at once, and both find all units missing."""
    monkeypatch.setattr(receiving, "lock_purchase", lambda purchase_id: PurchaseOrder.objects.get(pk=purchase_id))


@guard("row-order", "tests/races/test_stock_races.py::test_carts_in_any_order_never_wait_in_a_circle")
@guard(
    "row-order-of-transfers",
    "tests/races/test_staff_races.py::test_transfers_both_ways_and_buyers_never_wait_in_a_circle",
)
def no_row_order(monkeypatch: Monkey) -> None:
    """Stock rows are locked in the order of the request."""

    def lock_rows(stock_ids: Iterable[int]) -> None:
        for pk in stock_ids:
            Stock.objects.select_for_update().get(pk=pk)

    def locked_rows(variant_ids: Iterable[int], location: Location) -> dict[int, Stock]:
        return {variant_id: rows.locked_row(variant_id, location) for variant_id in variant_ids}

    monkeypatch.setattr(reserving, "LOCK_ORDER", "array_position(%(ids)s::bigint[], stock.id::bigint)")
    monkeypatch.setattr(reserving, "lock_rows", lock_rows)
    replace(monkeypatch, "locked_rows", locked_rows, transfers, stocktakes, adjusting, receiving)


@guard(
    "older-page",
    "tests/catalog/test_older_pages.py::test_a_description_saved_meanwhile_survives_a_maker_saved_from_an_older_page",
)
def no_comparing(monkeypatch: Monkey) -> None:
    """An outdated product form overwrites newer values."""
    monkeypatch.setattr(ConcurrentEditForm, "compare_with_stored", lambda form: None)


@guard(
    "product-lock",
    "tests/catalog/test_older_pages.py::test_the_second_of_two_simultaneous_saves_of_one_field_is_refused",
)
def no_product_lock(monkeypatch: Monkey) -> None:
    """Two requests that save one product compare with the same row, before either has written it."""
    monkeypatch.setattr(DetectsConcurrentEdits, "_lock_own_row", lambda self, object_id: None)
