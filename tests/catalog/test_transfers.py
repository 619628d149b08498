"""Stock is sent from one location to another."""

import pytest

from catalog.errors import StockRefused
from catalog.inventory import (
    Need,
    receive_transfer,
    reserve,
    return_missing,
    send,
    set_on_hand,
    ship,
)
from catalog.inventory.availability import available_by_variant
from catalog.models import (
    Stock,
    Transfer,
)
from shop.operations.audit import run_audit
from tests.catalog.stock_rows import movements_of, on_hand
from tests.factories import make_variant, stock_of

pytestmark = pytest.mark.django_db


def line_of(transfer, variant):
    return transfer.lines.get(variant=variant)


def test_sent_units_are_in_transit_and_at_neither_location(main, second):
    variant = make_variant(on_hand=10)
    transfer = send({variant.pk: 4}, source=main, destination=second)
    assert stock_of(variant) == (6, 0)
    assert available_by_variant([variant.pk]) == {variant.pk: 6}
    assert line_of(transfer, variant).in_transit == 4
    assert (transfer.status, transfer.received_at) == ("sent", None)


def test_a_part_that_arrives_leaves_the_rest_in_transit(main, second):
    variant = make_variant(on_hand=10)
    transfer = send({variant.pk: 4}, source=main, destination=second)
    answer = receive_transfer(transfer, {line_of(transfer, variant).pk: 3})
    assert (answer.status, answer.received_at) == ("partly", None)
    assert (on_hand(variant, main), on_hand(variant, second)) == (6, 3)
    assert line_of(transfer, variant).in_transit == 1

    answer = receive_transfer(transfer, {line_of(transfer, variant).pk: 1})
    assert answer.status == "received"
    assert on_hand(variant, second) == 4
    assert movements_of(f"transfer:{transfer.pk}") == [
        ("sent", "main", -4),
        ("arrived", "second", 3),
        ("arrived", "second", 1),
    ]


def test_units_missing_from_a_completed_transfer_are_written_off(main, second):
    whole, broken = make_variant(on_hand=5), make_variant(on_hand=5)
    transfer = send({whole.pk: 2, broken.pk: 3}, source=main, destination=second)
    received = {line_of(transfer, whole).pk: 2, line_of(transfer, broken).pk: 1}
    assert receive_transfer(transfer, received, is_complete=True).status == "received"
    lines = transfer.lines.order_by("pk").values_list("quantity", "received", "lost")
    assert list(lines) == [(2, 2, 0), (3, 1, 2)]
    assert stock_of(whole) == (5, 0)
    assert stock_of(broken) == (3, 0)


@pytest.mark.parametrize("arrived", [5, -1])
def test_only_units_that_are_in_transit_can_arrive(main, second, arrived):
    variant, other = make_variant(on_hand=10), make_variant(on_hand=10)
    transfer = send({other.pk: 1, variant.pk: 4}, source=main, destination=second)
    received = {line_of(transfer, other).pk: 1, line_of(transfer, variant).pk: arrived}
    with pytest.raises(StockRefused, match=f"4 of {variant} are in transit, so {arrived} cannot arrive"):
        receive_transfer(transfer, received)
    assert Stock.objects.filter(location=second).count() == 0
    assert [line.in_transit for line in transfer.lines.order_by("pk")] == [1, 4]


def test_reserved_units_cannot_be_transferred(main, second):
    variant, other = make_variant(on_hand=5), make_variant(on_hand=5)
    reserve("A1", [Need(1, variant.pk, 3)])
    with pytest.raises(StockRefused, match=f"Only 2 of {variant} are available at main"):
        send({other.pk: 1, variant.pk: 3}, source=main, destination=second)
    assert (stock_of(variant), stock_of(other)) == ((5, 3), (5, 0))
    assert Transfer.objects.count() == 0
    send({variant.pk: 2}, source=main, destination=second)
    ship("A1", {1: 3})
    assert stock_of(variant) == (0, 0)


def test_backorders_cannot_be_transferred(main, second):
    variant = make_variant(on_hand=2)
    set_on_hand(variant.pk, main, 2, reason="count", backorder_limit=5)
    reserve("A1", [Need(1, variant.pk, 4)])
    with pytest.raises(StockRefused, match="Only 0 of"):
        send({variant.pk: 1}, source=main, destination=second)


def test_a_transfer_needs_two_locations(main):
    variant = make_variant(on_hand=5)
    with pytest.raises(StockRefused, match="two different locations"):
        send({variant.pk: 1}, source=main, destination=main)
    assert stock_of(variant) == (5, 0)


@pytest.mark.parametrize("units", [None, 0, -1])
def test_a_transfer_needs_a_positive_quantity(main, second, units):
    variant = make_variant(on_hand=5)
    with pytest.raises(StockRefused, match="must be positive"):
        send({} if units is None else {variant.pk: units}, source=main, destination=second)
    assert stock_of(variant) == (5, 0)


def test_a_received_transfer_cannot_be_received_again(main, second):
    variant = make_variant(on_hand=5)
    transfer = send({variant.pk: 2}, source=main, destination=second)
    received = {line_of(transfer, variant).pk: 2}
    receive_transfer(transfer, received)
    with pytest.raises(StockRefused, match="already been received"):
        receive_transfer(transfer, received)
    assert on_hand(variant, second) == 2


def test_missing_units_stay_visible_until_they_are_put_back_at_the_source(main, second):
    variant, whole = make_variant(on_hand=10), make_variant(on_hand=10)
    transfer = send({variant.pk: 4, whole.pk: 1}, source=main, destination=second)
    receive_transfer(transfer, {line_of(transfer, variant).pk: 3, line_of(transfer, whole).pk: 1})
    assert return_missing(transfer).status == "received"
    line = line_of(transfer, variant)
    assert (line.received, line.lost, line.returned, line.in_transit) == (3, 0, 1, 0)
    assert (on_hand(variant, main), on_hand(variant, second), on_hand(whole, main)) == (7, 3, 9)
    assert run_audit() == []
    with pytest.raises(StockRefused, match="already been received"):
        return_missing(transfer)
