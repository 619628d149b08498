"""Deliveries: many lines are received at once, with and without a purchase order."""

import uuid

import pytest
from django.db import IntegrityError, transaction

from catalog.errors import StockRefused
from catalog.inventory.availability import available_by_variant
from catalog.inventory.purchasing import (
    PurchaseChanged,
    PurchaseTerms,
    cancel_purchase,
    close_purchase,
    draft_purchase,
    edit_purchase,
    order_purchase,
)
from catalog.inventory.receiving import Delivery, MoreThanOrdered, receive_delivery
from catalog.models import PurchaseOrder, Receipt, StockMovement
from shop.operations.audit import run_audit
from tests.catalog.purchases import arrivals, make_purchase, receive_purchase
from tests.catalog.stock_rows import movements_of, on_hand
from tests.factories import make_user, make_variant, stock_of

pytestmark = pytest.mark.django_db


def lines_of(purchase) -> list[tuple[int, int]]:
    return list(purchase.lines.order_by("pk").values_list("quantity", "received"))


def test_all_lines_of_a_delivery_arrive_together_with_their_papers(main, second):
    mug, bowl = make_variant(on_hand=1), make_variant(on_hand=0)
    delivery = Delivery(second, "EUR", delivery_note="AG-88217", note="one box wet")
    receipt = receive_delivery(delivery, arrivals({mug.pk: 3, bowl.pk: 5}, 450), user_id=make_user().pk)
    assert (on_hand(mug, main), on_hand(mug, second), on_hand(bowl, second)) == (1, 3, 5)
    assert movements_of(f"receipt:{receipt.pk}") == [("received", "second", 3), ("received", "second", 5)]
    assert set(StockMovement.objects.filter(reference=f"receipt:{receipt.pk}").values_list("reason", flat=True)) == {
        "AG-88217"
    }
    assert list(receipt.lines.order_by("pk").values_list("quantity", "unit_cost_minor")) == [(3, 450), (5, 450)]
    assert run_audit() == []


def test_a_form_submitted_twice_receives_once(main):
    variant = make_variant(on_hand=0)
    delivery = Delivery(main, "EUR", key=uuid.uuid4())
    first = receive_delivery(delivery, arrivals({variant.pk: 3}))
    assert receive_delivery(delivery, arrivals({variant.pk: 3})) == first
    assert stock_of(variant) == (3, 0)


@pytest.mark.parametrize(
    ("quantity", "sentence"),
    [
        (0, "Only a positive number"),
        (-1, "Only a positive number"),
        (1_000_001, "At most 1,000,000 units of a variant can be received at once."),
    ],
)
def test_a_delivery_with_one_impossible_line_receives_nothing(main, quantity, sentence):
    good, bad = make_variant(on_hand=0), make_variant(on_hand=0)
    with pytest.raises(StockRefused, match=sentence):
        receive_delivery(Delivery(main, "EUR"), arrivals({good.pk: 2, bad.pk: quantity}))
    assert (stock_of(good), stock_of(bad), Receipt.objects.count()) == ((0, 0), (0, 0), 0)


def test_nothing_can_be_received_of_a_variant_whose_stock_is_not_counted(main):
    voucher = make_variant(is_tracked=False, title="Voucher")
    with pytest.raises(StockRefused, match=r"^The stock of Voucher is not counted, so nothing can be added to it\.$"):
        receive_delivery(Delivery(main, "EUR"), arrivals({voucher.pk: 2}))
    with pytest.raises(StockRefused, match=r"^Enter what arrived\.$"):
        receive_delivery(Delivery(main, "EUR"), {})
    assert Receipt.objects.count() == 0


def test_ordered_units_are_expected_and_not_available(main):
    variant = make_variant(on_hand=2)
    purchase = make_purchase({variant.pk: 20})
    assert (purchase.status, available_by_variant([variant.pk])) == ("ordered", {variant.pk: 2})
    receive_purchase(purchase, {variant.pk: 8})
    purchase.refresh_from_db()
    assert (purchase.status, purchase.closed_at, lines_of(purchase)) == ("partly", None, [(20, 8)])
    assert available_by_variant([variant.pk]) == {variant.pk: 10}
    receive_purchase(purchase, {variant.pk: 12})
    purchase.refresh_from_db()
    assert (purchase.status, purchase.closed_at is None, lines_of(purchase)) == ("received", False, [(20, 20)])
    assert run_audit() == []


def test_more_than_was_ordered_is_received_only_when_somebody_accepts_it():
    ordered, stranger = make_variant(on_hand=0, title="Mug"), make_variant(on_hand=0, title="Bowl")
    purchase = make_purchase({ordered.pk: 2})
    quantities = {ordered.pk: 3, stranger.pk: 1}
    with pytest.raises(MoreThanOrdered, match=r"3 × Mug \(2 expected\), 1 × Bowl \(none expected\)\."):
        receive_purchase(purchase, quantities)
    assert (stock_of(ordered), lines_of(purchase), Receipt.objects.count()) == ((0, 0), [(2, 0)], 0)
    receipt = receive_purchase(purchase, quantities, is_surplus_accepted=True)
    purchase.refresh_from_db()
    assert (stock_of(ordered), stock_of(stranger), lines_of(purchase)) == ((3, 0), (1, 0), [(2, 3)])
    assert list(receipt.lines.order_by("pk").values_list("is_ordered", flat=True)) == [True, False]
    assert (purchase.status, run_audit()) == ("received", [])


def test_the_rest_of_a_partly_received_order_can_be_given_up():
    variant = make_variant(on_hand=0)
    purchase = make_purchase({variant.pk: 5})
    with pytest.raises(StockRefused, match="is ordered, so it cannot be closed"):
        close_purchase(purchase)
    receive_purchase(purchase, {variant.pk: 3})
    with pytest.raises(StockRefused, match="is partly received, so it cannot be canceled"):
        cancel_purchase(purchase)
    assert close_purchase(purchase).status == "received"
    with pytest.raises(StockRefused, match="is received, so nothing can be received for it"):
        receive_purchase(purchase, {variant.pk: 2})
    assert stock_of(variant) == (3, 0)


def test_drafts_and_canceled_orders_receive_nothing():
    variant = make_variant(on_hand=0)
    purchase = make_purchase({variant.pk: 5}, is_ordered=False)
    with pytest.raises(StockRefused, match="is draft, so nothing can be received"):
        receive_purchase(purchase, {variant.pk: 1})
    cancel_purchase(purchase)
    with pytest.raises(StockRefused, match="is canceled, so it cannot be ordered"):
        order_purchase(purchase)
    assert stock_of(variant) == (0, 0)


def test_the_second_of_two_people_who_edit_an_order_is_told_and_overwrites_nothing(main):
    variant, other = make_variant(on_hand=0), make_variant(on_hand=0)
    purchase = make_purchase({variant.pk: 5}, is_ordered=False)
    first = make_user("ines@example.com")
    terms = PurchaseTerms("Atelier Grès", main, "EUR")
    edit_purchase(purchase, terms, arrivals({variant.pk: 7}), seen_version=1, user_id=first.pk)
    with pytest.raises(PurchaseChanged, match="ines@example.com changed this order while the page was open"):
        edit_purchase(purchase, terms, arrivals({other.pk: 1}), seen_version=1)
    assert list(purchase.lines.values_list("variant", "quantity")) == [(variant.pk, 7)]


@pytest.mark.parametrize("quantity", [0, -3, 1_000_001])
def test_an_order_of_an_impossible_quantity_is_refused(quantity):
    variant = make_variant()
    with pytest.raises(StockRefused, match="Order between 1 and 1,000,000 units of each variant."):
        make_purchase({variant.pk: quantity})
    assert PurchaseOrder.objects.count() == 0


@pytest.mark.parametrize(
    "change", [{"supplier": ""}, {"status": "draft"}, {"status": "received"}, {"status": "canceled"}]
)
def test_the_database_refuses_orders_without_supplier_or_with_a_status_that_its_times_contradict(change):
    purchase = make_purchase({make_variant().pk: 5})
    with pytest.raises(IntegrityError), transaction.atomic():
        PurchaseOrder.objects.filter(pk=purchase.pk).update(**change)


@pytest.mark.parametrize(
    ("cost", "sentence"),
    [(9_000_000_001, "A unit can cost at most €90,000,000.00."), (-1, "A unit cost cannot be negative.")],
)
def test_a_unit_cost_is_bounded_for_orders_and_deliveries(main, cost, sentence):
    variant = make_variant(on_hand=0)
    with pytest.raises(StockRefused, match=sentence):
        receive_delivery(Delivery(main, "EUR"), arrivals({variant.pk: 1}, cost))
    with pytest.raises(StockRefused, match=sentence):
        draft_purchase(PurchaseTerms("Atelier", main, "EUR"), arrivals({variant.pk: 1}, cost))
    assert (Receipt.objects.count(), PurchaseOrder.objects.count()) == (0, 0)


def test_the_database_refuses_a_unit_cost_whose_stock_value_would_not_fit(main):
    variant = make_variant(on_hand=0)
    receipt = receive_delivery(Delivery(main, "EUR"), arrivals({variant.pk: 1}, 9_000_000_000))
    with pytest.raises(IntegrityError, match="receipt_cost_bounded"), transaction.atomic():
        receipt.lines.update(unit_cost_minor=9_000_000_001)
    purchase = make_purchase({variant.pk: 1})
    with pytest.raises(IntegrityError, match="purchase_cost_bounded"), transaction.atomic():
        purchase.lines.update(unit_cost_minor=9_000_000_001)
