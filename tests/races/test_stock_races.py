"""Simultaneous orders on threads never sell more units than there are."""

import pytest
from django.db import transaction

from catalog.errors import InsufficientStock
from catalog.inventory import Need, receive, release, reserve, set_on_hand
from catalog.listings import refresh_stock_classes
from catalog.models import Listing, Stock, Variant
from shop.operations.audit import run_audit
from tests.factories import make_location, make_order, make_variant, stock_of

pytestmark = pytest.mark.django_db(transaction=True)


def buyer(number: int, variant_id: int):
    return lambda: reserve(f"R-{number}", [Need(number, variant_id, 1)])


@pytest.mark.fault("F001")
def test_forty_buyers_for_ten_units_buy_exactly_ten(at_once):
    variant = make_variant(on_hand=10)
    results = at_once(*(buyer(n, variant.pk) for n in range(40)))
    assert results.count(None) == 10
    assert sum(isinstance(result, InsufficientStock) for result in results) == 30
    assert stock_of(variant) == (10, 10)


@pytest.mark.fault("F001")
def test_ten_units_over_two_locations_sell_exactly_ten(at_once):
    variant = make_variant(on_hand=4)
    receive(variant.pk, make_location("second", 20), 6)
    results = at_once(*(buyer(n, variant.pk) for n in range(40)))
    assert results.count(None) == 10
    assert sum(isinstance(result, InsufficientStock) for result in results) == 30
    assert stock_of(variant) == (10, 10)
    rows = Stock.objects.filter(variant=variant).order_by("location__priority")
    assert [(row.on_hand, row.reserved) for row in rows] == [(4, 4), (6, 6)]


@pytest.mark.fault("F001")
def test_forty_real_orders_for_ten_units_are_ten_orders(at_once):
    variant = make_variant(on_hand=10)
    make_order(make_variant())  # shipping and tax exist
    results = at_once(*(lambda: make_order(variant) for _ in range(40)))
    placed = [result for result in results if not isinstance(result, Exception)]
    assert len(placed) == 10
    assert {type(result) for result in results if isinstance(result, Exception)} == {InsufficientStock}
    assert stock_of(variant) == (10, 10)
    assert run_audit() == []


@pytest.mark.fault("F002")
def test_carts_in_any_order_never_wait_in_a_circle(at_once):
    variants = [make_variant(on_hand=1000) for _ in range(5)]

    def buy(number: int):
        order = variants[number % 5 :] + variants[: number % 5]
        if number % 2:
            order.reverse()
        needs = [Need(number * 10 + i, variant.pk, 1) for i, variant in enumerate(order)]
        return lambda: reserve(f"D-{number}", needs)

    results = at_once(*(buy(n) for n in range(40)))
    assert results == [None] * 40
    assert [stock_of(variant) for variant in variants] == [(1000, 40)] * 5


def test_the_same_reservation_is_given_back_once(at_once):
    variant = make_variant(on_hand=5)
    reserve("R-1", [Need(1, variant.pk, 3)])
    results = at_once(*(lambda: release("R-1") for _ in range(8)))
    assert sorted(results) == [0] * 7 + [3]
    assert stock_of(variant) == (5, 0)


def test_a_mark_left_while_listings_are_refreshed_is_not_lost(at_once):
    variant = make_variant(on_hand=6)
    for _round in range(5):
        at_once(lambda: reserve("R", [Need(1, variant.pk, 6)]), refresh_stock_classes, refresh_stock_classes)
        while refresh_stock_classes():
            pass
        assert Listing.objects.get().stock_class == "out"
        at_once(lambda: release("R"), refresh_stock_classes, refresh_stock_classes)
        while refresh_stock_classes():
            pass
        assert Listing.objects.get().stock_class == "in"


def test_an_import_and_buyers_of_its_products_do_not_deadlock(at_once):
    variants = [make_variant(on_hand=6) for _ in range(2)]
    Variant.objects.filter(pk=variants[1].pk).update(product=variants[0].product, option1="B")

    def stocktake():
        with transaction.atomic():
            for variant in variants:
                set_on_hand(variant.pk, make_location(), 6, reason="count")
                set_on_hand(variant.pk, make_location(), 5, reason="count")

    def buy(number):
        needs = [Need(number * 10 + i, variant.pk, 1) for i, variant in enumerate(reversed(variants))]
        return lambda: reserve(f"R-{number}", needs)

    results = at_once(stocktake, *(buy(n) for n in range(4)))
    assert results == [None] * 5
