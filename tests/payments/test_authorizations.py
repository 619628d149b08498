"""Authorize now, capture later: what is held confirms the order, and a parcel leaves only once its money is captured."""

from datetime import timedelta

import pytest
from django.utils import timezone

from catalog.models import Store
from orders import fulfillment
from orders.errors import ShipmentRefused
from orders.fulfillment import ship
from orders.models import Disposition, Fulfillment, Order
from orders.reversal import UnitsBack
from payments import gateway, ledger
from payments.authorizations import hold_of
from payments.cancellation import cancel_order
from payments.capturing import (
    capture_now,
    carry_out,
    carry_out_waiting,
    plan_capture,
    release,
    request_capture,
)
from payments.errors import CancelRefused, CaptureRefused, GatewayDown, GatewayRefused, RefundRefused
from payments.models import AuthorizationRequest, Journal, Refund, RefundRequest
from payments.refund_plans import RefundChoice, plan_refund
from payments.refund_requests import ask_refund
from payments.settlement import settle, take_over
from shop.models import Mail
from shop.operations.audit import run_audit
from tests.factories import (
    make_cart,
    make_gift_card,
    make_shipping,
    make_user,
    make_variant,
    place,
    stock_of,
    with_codes,
)
from tests.payments.authorized import (
    DELIVERY,
    LAMP,
    MUG,
    TOTAL,
    authorized,
    charge_on_shipping,
    mugs_and_lamp,
    parcel_of,
    payment_of,
    postings,
    ship_charged,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def store() -> Store:
    return charge_on_shipping()


@pytest.fixture
def order(store, stripe_desk) -> Order:
    return authorized(mugs_and_lamp(), stripe_desk)


def test_an_authorized_session_confirms_the_order_and_books_its_sale_and_no_money(order):
    payment = payment_of(order)
    assert (order.status, order.capture, order.payment_due_at) == ("confirmed", "shipping", None)
    assert (payment.status, payment.authorized_minor, payment.captured_minor) == ("authorized", TOTAL, 0)
    assert (payment.card, payment.flag) == ("Visa ending in 4242", "")
    assert timedelta(days=6) < payment.capture_before - timezone.now() < timedelta(days=8)
    assert (ledger.owed_by_shopper(order), postings(order, "capture")) == (TOTAL, {})
    assert [event.text for event in order.events.all()] == ["Order received", "Payment authorized"]
    assert run_audit() == []


def test_settling_an_authorized_payment_again_changes_nothing(order):
    settle(payment_of(order).pk)
    assert (Journal.objects.count(), Mail.objects.count()) == (1, 1)


def test_a_shop_that_charges_at_once_still_does(stripe_desk):
    order = authorized(mugs_and_lamp(), stripe_desk)
    assert (order.capture, payment_of(order).status, payment_of(order).authorized_minor) == ("at_once", "captured", 0)


@pytest.mark.parametrize("fields", [{"is_gift_card": True, "needs_shipping": False}, {"needs_shipping": False}])
def test_an_order_delivered_with_its_confirmation_is_charged_at_once(store, fields):
    make_shipping()
    cart = make_cart(make_variant(MUG), make_variant(2500, is_tracked=False, **fields))
    assert place(cart).capture == "at_once"


def test_an_older_answer_does_not_hold_what_was_captured_or_released(order, stripe_desk):
    payment = payment_of(order)
    held = gateway.retrieve_session(payment.session_id)
    capture_now(order, user_id=None)
    assert take_over(payment, held).status == "captured"
    other = authorized(placed_again(), stripe_desk)
    held = gateway.retrieve_session(payment_of(other).session_id)
    release(other, user_id=None, reason="test")
    assert take_over(payment_of(other), held).status == "canceled"


def placed_again() -> Order:
    return place(make_cart(make_variant(MUG, title="Mug"), quantity=2))


def test_an_uncaptured_order_is_not_shipped(order):
    assert hold_of(order) == f"€74.90 of {order.number} is authorized and not charged yet, so it is not shipped."
    with pytest.raises(ShipmentRefused, match="not charged yet"):
        ship(order, parcel_of(order))
    assert not Fulfillment.objects.exists()


def test_shipping_everything_charges_all_of_it_and_records_the_parcel(order, stripe_desk):
    parcel = parcel_of(order)
    request = ship_charged(order, parcel)
    order.refresh_from_db()
    payment = payment_of(order)
    assert (request.status, request.last_error) == ("done", "")
    assert (payment.status, payment.captured_minor) == ("captured", TOTAL)
    assert (order.status, order.fulfillment_status, order.fulfillments.get().key) == (
        "completed",
        "shipped",
        parcel.key,
    )
    assert postings(order, "capture") == {"stripe": TOTAL, "receivable": -TOTAL}
    assert stripe_desk.intent(payment.payment_intent_id)["amount_received"] == TOTAL
    assert "€74.90 charged to Visa ending in 4242" in [event.text for event in order.events.filter(is_public=True)]
    assert run_audit() == []


def test_shipping_a_part_charges_everything_and_the_rest_follows_without_another_charge(order):
    ship_charged(order, parcel_of(order, Mug=2))
    order.refresh_from_db()
    assert (order.fulfillment_status, payment_of(order).captured_minor, hold_of(order)) == ("partial", TOTAL, "")
    ship(order, parcel_of(order, Lamp=1))
    assert Order.objects.get().status == "completed"
    assert run_audit() == []


def test_shipping_a_part_and_dropping_the_rest_charges_the_part_with_delivery(order, stripe_desk):
    request = ship_charged(order, parcel_of(order, Mug=1), drops_rest=True)
    order.refresh_from_db()
    payment = payment_of(order)
    assert (request.status, request.last_error) == ("done", "")
    assert (payment.status, payment.captured_minor, payment.flag) == ("captured", MUG + DELIVERY, "")
    assert (order.status, ledger.owed_by_shopper(order)) == ("completed", 0)
    dropped = RefundRequest.objects.get()
    assert (dropped.total_minor, dropped.released_minor, dropped.reason) == (MUG + LAMP, MUG + LAMP, "unavailable")
    assert not Refund.objects.exists()
    lamp = order.lines.get(title="Lamp")
    assert (lamp.canceled_quantity, stock_of(lamp.variant)) == (1, (10, 0))
    assert Mail.objects.filter(subject__contains="your refund").count() == 1
    assert run_audit() == []


def test_a_parcel_that_cannot_be_shipped_charges_nothing(order):
    with pytest.raises(ShipmentRefused, match="Only 1 of Lamp"):
        request_capture(order, parcel_of(order, Lamp=2))
    assert not AuthorizationRequest.objects.exists()


def test_the_same_parcel_twice_is_charged_and_shipped_once(order):
    parcel = parcel_of(order)
    first, second = ship_charged(order, parcel), ship_charged(order, parcel)
    assert first.pk == second.pk
    assert (Fulfillment.objects.count(), payment_of(order).captured_minor) == (1, TOTAL)


@pytest.mark.parametrize("switch", ["lose", "500", "html", "fail_late"])
def test_a_capture_without_an_answer_ships_once_it_is_known_and_charges_once(order, stripe_desk, switch):
    parcel = parcel_of(order)
    request = request_capture(order, parcel)
    stripe_desk.switch(**{switch: "all POST payment_intents"})
    with pytest.raises(GatewayDown):
        carry_out(request.pk)
    assert not Fulfillment.objects.exists()
    stripe_desk.all_is_well()
    AuthorizationRequest.objects.update(next_try_at=timezone.now())
    assert carry_out_waiting() == 1
    order.refresh_from_db()
    assert (order.status, order.fulfillments.get().key, payment_of(order).captured_minor) == (
        "completed",
        parcel.key,
        TOTAL,
    )
    assert run_audit() == []


def test_a_crash_before_the_call_is_made_up_for(order):
    request_capture(order, parcel_of(order))
    assert carry_out_waiting() == 0  # whoever asked has 30 seconds
    AuthorizationRequest.objects.update(next_try_at=timezone.now())
    assert carry_out_waiting() == 1
    order.refresh_from_db()
    assert order.status == "completed"


def test_a_refused_capture_ships_nothing_and_can_be_tried_again(order, stripe_desk, monkeypatch):
    parcel = parcel_of(order)

    def refuse(*_args):
        raise GatewayRefused("card_declined", "The bank declined it.")

    with monkeypatch.context() as patched:
        patched.setattr(gateway, "capture_intent", refuse)
        request = ship_charged(order, parcel)
    assert (request.status, request.last_error) == ("refused", "The bank declined it.")
    assert (order.fulfillments.count(), payment_of(order).status) == (0, "authorized")
    assert order.events.last().text == "Charging €74.90 was refused: The bank declined it."
    assert run_audit() == []
    assert ship_charged(order, parcel).status == "done"
    assert order.fulfillments.get().key == parcel.key


def test_an_order_that_changed_meanwhile_is_charged_and_told_about(order, monkeypatch):
    """Something else holds the order back by the time its money is there."""
    request = request_capture(order, parcel_of(order))
    monkeypatch.setattr(fulfillment, "HOLDS", [lambda _order: "A payment is disputed."])
    request = carry_out(request.pk)
    order.refresh_from_db()
    assert (request.status, request.last_error) == ("done", "A payment is disputed.")
    assert (order.fulfillment_status, payment_of(order).status) == ("unfulfilled", "captured")
    assert order.events.last().text == "Charged, but the parcel was not recorded: A payment is disputed."


def test_an_order_is_charged_before_it_ships(order):
    capture_now(order, user_id=None)
    assert (payment_of(order).captured_minor, hold_of(order)) == (TOTAL, "")
    ship(order, parcel_of(order))
    assert run_audit() == []
    with pytest.raises(CaptureRefused, match="No payment of"):
        capture_now(order, user_id=None)


def test_while_a_capture_is_under_way_nothing_else_moves_its_money(order):
    request_capture(order, parcel_of(order))
    user = make_user(is_superuser=True)
    with pytest.raises(CaptureRefused, match="being charged or released"):
        request_capture(order, parcel_of(order))
    with pytest.raises(RefundRefused, match="being charged or released"):
        ask_refund(order, RefundChoice(goodwill_minor=100), user)
    with pytest.raises(CancelRefused, match="being charged or released"):
        cancel_order(order, user_id=None)


def test_a_refund_of_an_authorized_order_is_never_charged(order, stripe_desk):
    mug = order.lines.get(title="Mug")
    choice = RefundChoice(units=(UnitsBack(mug.pk, 1, Disposition.NOT_SENT),), goodwill_minor=200)
    plan = plan_refund(order, choice)
    assert (plan.total_minor, plan.released_minor, plan.shares) == (1200, 1200, ())
    request = ask_refund(order, choice, make_user(is_superuser=True))
    request.refresh_from_db()
    assert (request.status, request.released_minor, Refund.objects.count()) == ("approved", 1200, 0)
    assert plan_capture(order).amount_minor == TOTAL - 1200
    assert "will not be charged" in Mail.objects.latest("pk").body
    order.refresh_from_db()
    ship_charged(order, parcel_of(order))
    assert payment_of(order).captured_minor == TOTAL - 1200
    assert run_audit() == []


def test_a_refund_of_more_than_is_owed_takes_the_rest_from_the_gift_card(store, stripe_desk):
    make_shipping(free_from_minor=None)
    cart = with_codes(make_cart(make_variant(MUG, title="Mug"), quantity=2), make_gift_card(1500)[1])
    order = authorized(place(cart), stripe_desk)
    assert ledger.owed_by_shopper(order) == 2 * MUG + DELIVERY - 1500
    owed = ledger.owed_by_shopper(order)
    request = ask_refund(order, RefundChoice(goodwill_minor=owed + 100), make_user(is_superuser=True))
    request.refresh_from_db()
    assert (request.released_minor, Refund.objects.get().amount_minor) == (owed, 100)
    assert carry_out_waiting() == 1
    assert (payment_of(order).status, payment_of(order).flag, hold_of(order)) == ("canceled", "", "")
    order.refresh_from_db()
    ship(order, parcel_of(order))
    assert run_audit() == []


def test_dropping_what_a_gift_card_has_paid_is_refused(store, stripe_desk):
    make_shipping(free_from_minor=None)
    cart = with_codes(make_cart(make_variant(MUG, title="Mug"), quantity=2), make_gift_card(1500)[1])
    order = authorized(place(cart), stripe_desk)
    with pytest.raises(CaptureRefused, match="Nothing would be left to charge"):
        request_capture(order, parcel_of(order, Mug=1), drops_rest=True)


def test_more_than_was_paid_and_is_owed_is_not_refunded(order):
    with pytest.raises(RefundRefused, match="€74.90"):
        plan_refund(order, RefundChoice(goodwill_minor=TOTAL + 1))


def test_units_of_a_waiting_capture_are_not_dropped_twice(order):
    capture = request_capture(order, parcel_of(order, Mug=1), drops_rest=True)
    with pytest.raises(RefundRefused):
        ask_refund(order, RefundChoice(goodwill_minor=100), make_user(is_superuser=True))
    assert carry_out(capture.pk).status == "done"
