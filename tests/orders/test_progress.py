"""The steps on the order page follow from its events and do not contradict each other."""

from datetime import date

import pytest

from orders.fulfillment import NewFulfillment, ship
from orders.lifecycle import cancel, confirm
from orders.models import Order
from orders.progress import Step, StepState, fulfillments_of, order_progress
from tests.factories import make_order, make_variant
from tests.reading import find_all, text_of

pytestmark = pytest.mark.django_db


def reread(order: Order) -> Order:
    return Order.objects.prefetch_related("lines", "events", "fulfillments").get(pk=order.pk)


def confirmed(*, quantity: int = 1, **changes: object) -> Order:
    order = make_order(make_variant(), make_variant(), quantity=quantity)
    confirm(order)
    Order.objects.filter(pk=order.pk).update(
        arrives_from=date(2026, 11, 30), arrives_until=date(2026, 12, 1), **changes
    )
    return reread(order)


def steps(order: Order) -> list[tuple[str, str]]:
    """Every step but the first, which is "Order received"."""
    return [(step.text, step.state.value) for step in order_progress(reread(order)).steps[1:]]


def test_a_paid_order_shows_packing_as_the_next_step_and_when_it_arrives():
    order = confirmed()
    progress = order_progress(order)
    assert (progress.heading, progress.title) == (f"Thank you, {order.first_name}", "What happens next")
    assert steps(order) == [
        ("Payment received", "done"),
        ("We are packing it", "now"),
        ("On its way", ""),
        ("Arrives", ""),
    ]
    assert progress.steps[-1] == Step("Arrives", "Mon 30 November – Tue 1 December", StepState.TO_COME)


def test_a_partly_shipped_order_names_its_parcel_and_packs_the_rest():
    order = confirmed(quantity=2)
    ship(order, NewFulfillment({order.lines.first().pk: 1}, carrier="DHL"))
    progress = order_progress(reread(order))
    assert (progress.heading, progress.title) == ("Part of your order is on its way", "What happens next")
    assert steps(order) == [
        ("Payment received", "done"),
        ("Parcel 1: handed to DHL", "done"),
        ("We are packing it", "now"),
        ("On its way", ""),
        ("Arrives", ""),
    ]
    assert progress.steps[3].detail == "3 items still to come"
    assert [parcel.title for parcel in fulfillments_of(reread(order))] == ["Parcel 1 of 2"]


def test_a_shipped_order_only_has_to_arrive():
    order = confirmed()
    ship(order, NewFulfillment({line.pk: 1 for line in order.lines.all()}, carrier="DHL"))
    progress = order_progress(reread(order))
    assert (progress.heading, progress.title) == ("Your order is on its way", "What happened")
    assert steps(order) == [("Payment received", "done"), ("Handed to DHL", "done"), ("Arrives", "now")]
    assert [parcel.title for parcel in fulfillments_of(reread(order))] == ["Your parcel"]


def test_a_pick_up_is_got_ready_and_never_on_its_way():
    order = confirmed(is_pickup=True)
    assert steps(order) == [("Payment received", "done"), ("We are getting it ready", "now"), ("Ready for you", "")]
    assert order_progress(order).steps[-1].detail == "From Tue 1 December"
    ship(order, NewFulfillment({order.lines.first().pk: 1}))
    assert order_progress(reread(order)).heading == "Part of your order was picked up"


def test_a_canceled_order_has_no_further_steps():
    order = confirmed()
    cancel(order, "staff")
    assert order_progress(reread(order)).heading == "This order is canceled"
    assert steps(order) == [("Payment received", "done"), ("Canceled: by the shop", "done")]


def test_an_order_of_gift_cards_has_nothing_to_pack():
    order = make_order(make_variant(is_gift_card=True, needs_shipping=False, is_tracked=False), shipping_code="none")
    confirm(order)
    assert steps(order) == [("Payment received", "done")]
    assert order_progress(reread(order)).title == "What happened"


def test_the_page_shows_each_step_and_parcel_once(client):
    order = confirmed(quantity=2)
    ship(order, NewFulfillment({order.lines.first().pk: 2}, carrier="DHL", tracking_url="https://dhl.example/1"))
    page = client.get(order.get_absolute_url())
    names = ["Payment received", "Parcel 1: handed to DHL", "We are packing it", "On its way", "Arrives"]
    assert [name.text for name in find_all(page, "strong") if name.text in names] == names
    assert text_of(page).count("Parcel 1 of 2") == 1
