"""The verbs of stock, one at a time."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from catalog.errors import InsufficientStock, Shortage, StockRefused
from catalog.inventory import Need, adjust, receive, release, reserve, restock, set_on_hand, ship
from catalog.inventory.availability import available_by_variant, stock_class, stock_class_sql
from catalog.models import DirtyListing, Reservation, Stock, StockMovement
from shop.operations.audit import run_audit
from tests.factories import make_location, make_variant, stock_of

pytestmark = pytest.mark.django_db


def test_second_shopper_cannot_take_the_last_unit():
    variant = make_variant(on_hand=1)
    reserve("A1", [Need(1, variant.pk, 1)])
    with pytest.raises(InsufficientStock) as caught:
        reserve("B2", [Need(2, variant.pk, 1)])
    assert caught.value.short == [Shortage(2, variant.pk, 1, 0)]
    assert stock_of(variant) == (1, 1)


def test_nothing_is_held_when_one_line_is_short():
    plenty, scarce = make_variant(on_hand=10), make_variant(on_hand=1)
    with pytest.raises(InsufficientStock):
        reserve("A1", [Need(1, plenty.pk, 2), Need(2, scarce.pk, 2)])
    assert stock_of(plenty) == (10, 0)
    assert Reservation.objects.count() == 0


def test_one_location_fills_a_line_alone_where_it_can():
    variant = make_variant(on_hand=2)
    second = make_location("second", 20)
    receive(variant.pk, second, 5)
    reserve("A1", [Need(1, variant.pk, 4)])
    assert list(Reservation.objects.values_list("location__code", "quantity")) == [("second", 4)]


def test_a_line_is_split_by_priority_where_no_location_is_enough():
    variant = make_variant(on_hand=2)
    receive(variant.pk, make_location("second", 20), 3)
    reserve("A1", [Need(1, variant.pk, 4)])
    held = Reservation.objects.order_by("location__priority").values_list("location__code", "quantity")
    assert list(held) == [("main", 2), ("second", 2)]


def test_an_inactive_location_sells_nothing():
    variant = make_variant(on_hand=0)
    closed = make_location("closed")
    closed.is_active = False
    closed.save()
    receive(variant.pk, closed, 5)
    assert available_by_variant([variant.pk]) == {}
    with pytest.raises(InsufficientStock):
        reserve("A1", [Need(1, variant.pk, 1)])


def test_a_backorder_limit_lets_that_many_more_be_sold():
    variant = make_variant(on_hand=1)
    set_on_hand(variant.pk, make_location(), 1, reason="count", backorder_limit=2)
    reserve("A1", [Need(1, variant.pk, 3)])
    with pytest.raises(InsufficientStock):
        reserve("A2", [Need(2, variant.pk, 1)])
    assert stock_of(variant) == (1, 3)
    assert run_audit() == [] or all("S3" in finding.invariant for finding in run_audit())


def test_releasing_twice_gives_back_once():
    variant = make_variant(on_hand=5)
    reserve("A1", [Need(1, variant.pk, 3)])
    assert release("A1") == 3
    assert release("A1") == 0
    assert stock_of(variant) == (5, 0)
    assert list(StockMovement.objects.order_by("id").values_list("kind", "reserved_change")) == [
        ("received", 0),
        ("reserved", 3),
        ("released", -3),
    ]


def test_shipping_takes_out_of_both_counters_and_leaves_the_rest_reserved():
    variant = make_variant(on_hand=5)
    reserve("A1", [Need(1, variant.pk, 3)])
    ship("A1", {1: 2})
    assert stock_of(variant) == (3, 1)
    assert Reservation.objects.get().quantity == 1
    ship("A1", {1: 1})
    assert stock_of(variant) == (2, 0)
    assert Reservation.objects.count() == 0


def test_more_than_reserved_is_not_shipped():
    variant = make_variant(on_hand=5)
    reserve("A1", [Need(1, variant.pk, 1)])
    with pytest.raises(StockRefused, match="Only 1 of 2 units are reserved for this line."):
        ship("A1", {1: 2})
    assert stock_of(variant) == (5, 1)


def test_shipping_a_split_line_takes_units_from_both_locations():
    variant = make_variant(on_hand=2)
    receive(variant.pk, make_location("second", 20), 3)
    reserve("A1", [Need(1, variant.pk, 4)])
    ship("A1", {1: 3})
    assert stock_of(variant) == (2, 1)


@pytest.mark.fault("F005")
def test_breakage_below_the_promises_stands_as_shortfall_and_heals():
    variant = make_variant(on_hand=5)
    reserve("A1", [Need(1, variant.pk, 5)])
    stock = adjust(variant.pk, make_location(), -2, reason="broken")
    assert (stock.on_hand, stock.shortfall) == (3, 2)
    with pytest.raises(InsufficientStock):
        reserve("A2", [Need(2, variant.pk, 1)])
    assert receive(variant.pk, make_location(), 1).shortfall == 1
    release("A1")
    assert Stock.objects.get(variant=variant).shortfall == 0


def test_broken_units_cannot_be_shipped_although_they_were_promised():
    variant = make_variant(on_hand=2)
    reserve("A1", [Need(1, variant.pk, 2)])
    adjust(variant.pk, make_location(), -1, reason="broken")
    with pytest.raises(StockRefused, match="Count the stock"):
        ship("A1", {1: 2})
    assert stock_of(variant) == (1, 2)


@pytest.mark.parametrize("quantity", [0, -1])
def test_only_a_positive_number_is_received(quantity):
    with pytest.raises(StockRefused):
        receive(make_variant().pk, make_location(), quantity)


def test_a_correction_needs_a_reason_and_stays_above_zero():
    variant = make_variant(on_hand=2)
    with pytest.raises(StockRefused, match="Enter the reason"):
        adjust(variant.pk, make_location(), -1, reason=" ")
    with pytest.raises(StockRefused, match="Only 2 are on hand"):
        adjust(variant.pk, make_location(), -3, reason="lost")
    assert stock_of(variant) == (2, 0)


@pytest.mark.fault("F012")
def test_no_more_units_are_returned_than_were_shipped():
    variant = make_variant(on_hand=5)
    reserve("A1", [Need(1, variant.pk, 2)])
    ship("A1", {1: 2})
    restock("A1", Need(1, variant.pk, 2), make_location())
    assert stock_of(variant) == (5, 0)
    with pytest.raises(StockRefused, match="0 units of this line are out"):
        restock("A1", Need(1, variant.pk, 1), make_location())


def test_setting_the_stock_to_what_it_is_changes_nothing():
    variant = make_variant(on_hand=5)
    assert set_on_hand(variant.pk, make_location(), 5, reason="count") is False
    assert set_on_hand(variant.pk, make_location(), 7, reason="count") is True
    assert StockMovement.objects.filter(kind="adjusted").values_list("on_hand_change", flat=True).get() == 2


@pytest.mark.parametrize(("available", "expected"), [(-1, "out"), (0, "out"), (1, "low"), (5, "low"), (6, "in")])
def test_stock_classes_are_the_same_in_python_and_in_sql(available, expected):
    assert stock_class(available) == expected
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {stock_class_sql('%s')}", [available, available])
        assert cursor.fetchone() == (expected,)


def test_a_changed_stock_class_leaves_a_mark_and_a_small_change_does_not():
    variant = make_variant(on_hand=20)
    DirtyListing.objects.all().delete()
    reserve("A1", [Need(1, variant.pk, 5)])
    assert DirtyListing.objects.count() == 0
    reserve("A2", [Need(2, variant.pk, 12)])
    assert list(DirtyListing.objects.values_list("product_id", flat=True)) == [variant.product_id]


def test_giving_back_costs_the_same_for_one_line_and_for_twenty_four():
    def cost(count: int) -> int:
        reserve(f"C{count}", [Need(n, make_variant(on_hand=50).pk, 1) for n in range(count)])
        with CaptureQueriesContext(connection) as captured:
            assert release(f"C{count}") == count
        return len(captured)

    assert cost(24) == cost(1)


def test_units_in_stock_are_preferred_to_backorders_at_a_nearer_location():
    variant = make_variant(on_hand=0)
    near, far = make_location("near", 1), make_location("far", 2)
    set_on_hand(variant.pk, near, 0, reason="count", backorder_limit=9)
    receive(variant.pk, far, 2)
    reserve("A1", [Need(1, variant.pk, 2)])
    reserve("B2", [Need(2, variant.pk, 1)])
    assert list(Stock.objects.order_by("location__priority").values_list("reserved", flat=True)) == [1, 2]
