"""Available has one formula: the annotation, the function, the SQL and the supply of a variant agree."""

import itertools

import pytest
from django.db import connection

from catalog.inventory.availability import (
    AVAILABLE,
    available_by_variant,
    available_of,
    available_sql,
    in_stock_of,
    supply_by_variant,
)
from catalog.models import Stock
from tests.factories import make_location, make_variant

pytestmark = pytest.mark.django_db


@pytest.fixture
def rows() -> list[Stock]:
    """A stock row for every combination of small numbers, some with more reserved than is there."""
    location = make_location()
    numbers = list(itertools.product((0, 2, 5), (0, 2, 5, 9), (0, 3)))
    variants = [make_variant(None, on_hand=0) for _ in numbers]
    return Stock.objects.bulk_create(
        Stock(
            variant=variant,
            location=location,
            on_hand=on_hand,
            reserved=reserved,
            backorder_limit=limit,
            shortfall=max(0, reserved - on_hand - limit),
        )
        for variant, (on_hand, reserved, limit) in zip(variants, numbers, strict=True)
    )


def test_all_forms_of_the_formula_give_the_same_number(rows):
    expected = {row.pk: max(0, row.on_hand - row.reserved + row.backorder_limit) for row in rows}
    assert {row.pk: available_of(row) for row in rows} == expected
    assert dict(Stock.objects.annotate(units=AVAILABLE).values_list("pk", "units")) == expected
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT id, {available_sql('s')} FROM catalog_stock s")
        assert dict(cursor.fetchall()) == expected
    by_variant = {row.variant_id: expected[row.pk] for row in rows}
    assert available_by_variant(by_variant) == by_variant
    assert {pk: supply.available for pk, supply in supply_by_variant(by_variant).items()} == by_variant


def test_in_stock_is_without_the_backorder(rows):
    in_stock = {row.variant_id: in_stock_of(row) for row in rows}
    assert in_stock == {row.variant_id: max(0, row.on_hand - row.reserved) for row in rows}
    assert {pk: supply.in_stock for pk, supply in supply_by_variant(in_stock).items()} == in_stock


def test_available_is_summed_over_active_locations():
    variant = make_variant(on_hand=4)
    for code, is_active in (("second", True), ("closed", False)):
        location = make_location(code)
        Stock.objects.create(variant=variant, location=location, on_hand=3, reserved=1, backorder_limit=2)
        type(location).objects.filter(pk=location.pk).update(is_active=is_active)
    assert available_by_variant([variant.pk]) == {variant.pk: 8}
    assert supply_by_variant([variant.pk])[variant.pk].available == 8
