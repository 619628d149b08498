"""Orders are reserved, shipped and returned over several locations, and backorders are limited."""

from datetime import UTC, date, datetime

import pytest
import time_machine

from catalog.errors import InsufficientStock, Shortage, StockRefused
from catalog.inventory import (
    Need,
    receive,
    receive_transfer,
    release,
    reserve,
    restock,
    send,
    set_backorders,
    set_levels,
    ship,
)
from catalog.inventory.adjusting import Target
from catalog.inventory.availability import Supply, supply_by_variant
from catalog.models import (
    Reservation,
    Stock,
    Transfer,
)
from tests.catalog.movements import moved_until
from tests.catalog.stock_rows import on_hand
from tests.factories import make_variant, stock_of

pytestmark = pytest.mark.django_db


def test_past_stock_is_calculated_from_the_movements(main, second):
    def at(hour: int) -> datetime:
        return datetime(2026, 3, 1, hour, tzinfo=UTC)

    with time_machine.travel(at(8), tick=False) as clock:
        variant, other = make_variant(on_hand=10), make_variant(on_hand=1)
        clock.move_to(at(9))
        reserve("A1", [Need(1, variant.pk, 4)])
        clock.move_to(at(10))
        ship("A1", {1: 3})
        clock.move_to(at(11))
        send({variant.pk: 2}, source=main, destination=second)
    here, away = (variant.pk, main.pk), (variant.pk, second.pk)
    assert moved_until(at(7)) == {}
    assert moved_until(at(8)) == {here: (10, 0), (other.pk, main.pk): (1, 0)}
    assert moved_until(at(9), [variant.pk]) == {here: (10, 4)}
    assert moved_until(at(10), [variant.pk]) == {here: (7, 1)}
    transfer = Transfer.objects.get()
    with time_machine.travel(at(12), tick=False):
        receive_transfer(transfer, {transfer.lines.get().pk: 2})
    assert moved_until(at(11), [variant.pk]) == {here: (5, 1)}
    assert moved_until(at(12), [variant.pk]) == {here: (5, 1), away: (2, 0)}


def test_an_order_is_sent_from_the_one_location_that_has_all_of_it(main, second):
    first, other = make_variant(on_hand=5), make_variant(on_hand=1)
    receive(first.pk, second, 5)
    receive(other.pk, second, 2)
    reserve("A1", [Need(1, first.pk, 2), Need(2, other.pk, 2)])
    held = Reservation.objects.order_by("line").values_list("line", "location__code", "quantity")
    assert list(held) == [(1, "second", 2), (2, "second", 2)]


def test_an_order_is_split_if_no_location_has_all_lines(main, second):
    first, other = make_variant(on_hand=5), make_variant(on_hand=0)
    receive(other.pk, second, 2)
    reserve("A1", [Need(1, first.pk, 2), Need(2, other.pk, 2)])
    held = Reservation.objects.order_by("line").values_list("line", "location__code", "quantity")
    assert list(held) == [(1, "main", 2), (2, "second", 2)]


def test_two_lines_of_one_variant_are_added_up(main, second):
    variant = make_variant(on_hand=3)
    receive(variant.pk, second, 4)
    reserve("A1", [Need(1, variant.pk, 2), Need(2, variant.pk, 2)])
    held = Reservation.objects.order_by("line").values_list("line", "location__code", "quantity")
    assert list(held) == [(1, "second", 2), (2, "second", 2)]
    with pytest.raises(InsufficientStock) as caught:
        reserve("A2", [Need(3, variant.pk, 2), Need(4, variant.pk, 2)])
    assert caught.value.short == [Shortage(4, variant.pk, 2, 1)]
    assert stock_of(variant) == (7, 4)


def test_lowering_a_backorder_limit_records_promised_units_as_shortfall(main):
    variant = make_variant(on_hand=1)
    stock = Stock.objects.get(variant=variant)
    set_backorders(stock, limit=3, date=date(2040, 5, 1))
    assert supply_by_variant([variant.pk]) == {variant.pk: Supply(1, ((date(2040, 5, 1), 3),))}
    reserve("A1", [Need(1, variant.pk, 4)])
    assert supply_by_variant([variant.pk]) == {variant.pk: Supply(0)}
    with pytest.raises(InsufficientStock) as caught:
        reserve("A2", [Need(2, variant.pk, 1)])
    assert caught.value.short == [Shortage(2, variant.pk, 1, 0)]

    set_backorders(stock, limit=1, date=None)
    stock.refresh_from_db()
    assert (stock.on_hand, stock.reserved, stock.backorder_limit, stock.shortfall) == (1, 4, 1, 2)
    assert supply_by_variant([variant.pk]) == {variant.pk: Supply(0)}
    release("A1")
    stock.refresh_from_db()
    assert (stock.reserved, stock.shortfall) == (0, 0)


def test_backordered_units_ship_only_after_stock_has_arrived(main):
    variant = make_variant(on_hand=1)
    set_levels({variant.pk: Target(1, 2)}, main, reason="import")
    reserve("A1", [Need(1, variant.pk, 3)])
    with pytest.raises(StockRefused, match="Less stock is on hand"):
        ship("A1", {1: 3})
    receive(variant.pk, main, 2)
    ship("A1", {1: 3})
    assert stock_of(variant) == (0, 0)


def test_a_level_below_zero_refuses_the_whole_change(main):
    fine, wrong = make_variant(on_hand=5), make_variant(on_hand=5)
    with pytest.raises(StockRefused, match="Only 5 are on hand"):
        set_levels({fine.pk: Target(9, 1), wrong.pk: Target(-1, 0)}, main, reason="import")
    assert (stock_of(fine), stock_of(wrong)) == ((5, 0), (5, 0))
    assert set_levels({fine.pk: Target(9, 1), wrong.pk: Target(5, 0)}, main, reason="import") == {fine.pk}


def test_units_returned_to_another_location_count_as_returned(main, second):
    variant = make_variant(on_hand=5)
    reserve("A1", [Need(1, variant.pk, 3)])
    ship("A1", {1: 3})
    restock("A1", Need(1, variant.pk, 2), second)
    with pytest.raises(StockRefused, match="1 units of this line are out"):
        restock("A1", Need(1, variant.pk, 2), main)
    assert (on_hand(variant, main), on_hand(variant, second)) == (2, 2)
