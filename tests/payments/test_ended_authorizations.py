"""What ends an authorization: release, cancellation, expiry, the dashboard, and payments that do not pay the order."""

import json
from datetime import timedelta

import pytest
from django.utils import timezone

from catalog.models import Capture, Store
from orders.errors import ShipmentRefused
from orders.fulfillment import ship
from orders.models import Disposition, Order
from orders.reversal import UnitsBack
from payments import gateway, ledger
from payments.authorizations import hold_of
from payments.cancellation import cancel_order
from payments.capture_choice import change_capture
from payments.capturing import (
    carry_out,
    carry_out_waiting,
    handle_expiring,
    plan_capture,
    release,
    request_capture,
)
from payments.errors import CaptureRefused, GatewayDown
from payments.event_handlers import HANDLERS, handle
from payments.models import AuthorizationRequest, Payment, Refund, RefundRequest, StripeEvent
from payments.offline import mark_sent, pay_online_instead
from payments.reconciliation import authorized_to_ask
from payments.refund_plans import RefundChoice
from payments.refund_requests import ask_refund
from payments.refunds import carry_out_waiting as carry_out_refunds
from payments.refunds import request_refund, take_over_refund
from payments.sessions import start_payment
from payments.settlement import settle
from shop.models import Mail
from shop.operations.audit import run_audit
from tests.factories import (
    make_user,
)
from tests.payments.authorized import (
    DELIVERY,
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
from tests.payments.offline_steps import make_transfer_order, receive

pytestmark = pytest.mark.django_db


@pytest.fixture
def store() -> Store:
    return charge_on_shipping()


@pytest.fixture
def order(store, stripe_desk) -> Order:
    return authorized(mugs_and_lamp(), stripe_desk)


def intent_status(stripe_desk, order: Order) -> str:
    return stripe_desk.intent(payment_of(order).payment_intent_id)["status"]


def test_canceling_an_authorized_order_releases_the_money_and_refunds_nothing(order, stripe_desk):
    cancel_order(order, user_id=None, seen=order.events.last().pk)
    order.refresh_from_db()
    payment = payment_of(order)
    assert (order.status, payment.status, payment.flag) == ("canceled", "canceled", "")
    assert intent_status(stripe_desk, order) == "canceled"
    assert (ledger.owed_by_shopper(order), Refund.objects.count()) == (0, 0)
    assert "release its hold of €74.90" in Mail.objects.latest("pk").body
    assert run_audit() == []


def test_what_was_charged_at_stripe_meanwhile_is_refunded_with_the_cancellation(order, stripe_desk):
    stripe_desk.by_hand(f"payments/{payment_of(order).payment_intent_id}/capture")
    cancel_order(order, user_id=None)
    carry_out_refunds()
    order.refresh_from_db()
    payment = payment_of(order)
    assert (order.status, payment.captured_minor, payment.refunded_minor) == ("canceled", TOTAL, TOTAL)
    assert run_audit() == []


def test_a_canceled_order_is_not_canceled_while_stripe_is_away(order, stripe_desk):
    stripe_desk.switch(**{"500": "all"})
    with pytest.raises(GatewayDown):
        cancel_order(order, user_id=None)
    order.refresh_from_db()
    assert order.status == "confirmed"
    stripe_desk.all_is_well()
    cancel_order(order, user_id=None)
    assert run_audit() == []


def test_a_released_order_waits_for_a_decision(order):
    release(order, user_id=None, reason="by staff")
    payment = payment_of(order)
    assert (payment.status, payment.flag) == ("canceled", "lapsed")
    assert "was never charged, and the bank no longer holds it" in hold_of(order)
    with pytest.raises(ShipmentRefused, match="never charged"):
        ship(order, parcel_of(order))
    assert run_audit() == []
    cancel_order(order, user_id=None)
    assert payment_of(order).flag == ""
    assert run_audit() == []


def test_an_authorization_that_expires_at_stripe_holds_the_order_and_is_mailed_to_staff(order, stripe_desk):
    stripe_desk.advance("7d")
    Payment.objects.update(checked_at=timezone.now() - timedelta(hours=2))
    assert authorized_to_ask() == [payment_of(order).pk]
    settle(payment_of(order).pk)
    payment = payment_of(order)
    order.refresh_from_db()
    assert (payment.status, payment.flag, order.status) == ("canceled", "lapsed", "confirmed")
    assert order.events.last().text == "The authorization of €74.90 expired"
    with pytest.raises(ShipmentRefused, match="never charged"):
        ship(order, parcel_of(order))
    with pytest.raises(CaptureRefused):
        request_capture(order, parcel_of(order))
    mail = Mail.objects.get(recipients=["shop@example.com"])
    assert mail.subject == f"Order {order.number} is no longer paid"
    assert run_audit() == []


def test_the_events_of_an_authorization_are_handled():
    kinds = ("payment_intent.canceled", "payment_intent.amount_capturable_updated", "charge.captured", "charge.expired")
    assert [kind for kind in kinds if not any(kind.startswith(start) for start in HANDLERS)] == []


@pytest.mark.parametrize(("rule", "status", "flag"), [("capture", "captured", ""), ("release", "canceled", "lapsed")])
def test_what_expires_first_is_handled_by_the_rule_of_the_shop(order, store, rule, status, flag):
    Store.objects.update(expiring=rule)
    Payment.objects.update(capture_before=timezone.now() + timedelta(hours=30))
    assert handle_expiring() == 0
    assert Mail.objects.get(recipients=["shop@example.com"]).subject == "1 payment about to expire"
    Payment.objects.update(capture_before=timezone.now() + timedelta(hours=11))
    assert handle_expiring() == 1
    assert (payment_of(order).status, payment_of(order).flag) == (status, flag)
    assert Mail.objects.filter(recipients=["shop@example.com"]).count() == 1
    assert handle_expiring() == 0
    assert run_audit() == []


def test_an_authorization_of_another_amount_is_flagged_and_not_accepted(store, stripe_desk):
    order = mugs_and_lamp()
    payment = start_payment(order.pk)
    stripe_desk.pay(payment.session_url)
    intent = stripe_desk.call("payment_intents", limit="1")["data"][0]
    stripe_desk.edit(intent["id"], amount=TOTAL - 1, amount_capturable=TOTAL - 1)
    settled = settle(payment.pk)
    order.refresh_from_db()
    assert (order.status, settled.status, settled.flag) == ("placed", "failed", "mismatch")


def test_an_authorization_for_a_canceled_order_is_released(store, stripe_desk):
    order = mugs_and_lamp()
    payment = start_payment(order.pk)
    Order.objects.update(status="canceled", cancel_reason="staff")
    stripe_desk.pay(payment.session_url)
    settled = settle(payment.pk)
    assert (settled.status, settled.flag) == ("authorized", "late")
    assert "release its hold of €74.90" in Mail.objects.latest("pk").body
    assert carry_out_waiting() == 1
    assert (payment_of(order).status, intent_status(stripe_desk, order)) == ("canceled", "canceled")


def test_the_audit_names_a_hold_whose_release_was_refused(store, stripe_desk):
    order = mugs_and_lamp()
    payment = start_payment(order.pk)
    Order.objects.update(status="canceled", cancel_reason="staff")
    stripe_desk.pay(payment.session_url)
    settle(payment.pk)
    AuthorizationRequest.objects.update(status="refused")
    assert [finding.key for finding in run_audit() if finding.invariant.startswith("M30")] == [f"payment {payment.pk}"]


def test_a_part_captured_in_stripes_dashboard_waits_for_a_decision(order, stripe_desk):
    intent_id = payment_of(order).payment_intent_id
    stripe_desk.by_hand(f"payments/{intent_id}/capture", amount_to_capture=MUG * 2 + DELIVERY)
    settle(payment_of(order).pk)
    payment = payment_of(order)
    assert (payment.status, payment.captured_minor, payment.flag) == ("captured", MUG * 2 + DELIVERY, "lapsed")
    assert "€50.00 of" in hold_of(order)
    assert run_audit() == []
    lamp = order.lines.get(title="Lamp")
    units = (UnitsBack(lamp.pk, 1, Disposition.NOT_SENT),)
    ask_refund(order, RefundChoice(units=units), make_user(is_superuser=True))
    assert (payment_of(order).flag, hold_of(order)) == ("", "")
    assert run_audit() == []


@pytest.mark.parametrize("refunded", [1000, TOTAL])
def test_what_the_dashboard_charges_beyond_a_refund_is_paid_back(order, stripe_desk, refunded):
    ask_refund(order, RefundChoice(goodwill_minor=refunded), make_user(is_superuser=True))
    stripe_desk.by_hand(f"payments/{payment_of(order).payment_intent_id}/capture", amount_to_capture=TOTAL)
    settle(payment_of(order).pk)
    assert ledger.owed_by_shopper(order) == -refunded
    carry_out_refunds()
    settle(payment_of(order).pk)
    payment = payment_of(order)
    assert (payment.captured_minor, payment.refunded_minor, payment.flag) == (TOTAL, refunded, "")
    assert ledger.owed_by_shopper(order) == 0
    assert run_audit() == []


def test_what_the_dashboard_charges_beyond_our_own_request_is_paid_back(order, stripe_desk):
    ask_refund(order, RefundChoice(goodwill_minor=1000), make_user(is_superuser=True))
    request = request_capture(order, parcel_of(order))
    stripe_desk.by_hand(f"payments/{payment_of(order).payment_intent_id}/capture", amount_to_capture=TOTAL)
    assert carry_out(request.pk).status == "done"
    assert [refund.amount_minor for refund in Refund.objects.all()] == [1000]
    carry_out_refunds()
    assert (order.fulfillments.count(), ledger.owed_by_shopper(order)) == (1, 0)
    assert run_audit() == []


def test_a_transfer_that_came_too_late_pays_no_part_of_what_is_charged(stripe_desk):
    order = make_transfer_order()
    pay_online_instead(order)
    change_capture(order, Capture.ON_SHIPPING, user_id=None)
    authorized(order, stripe_desk)
    receive(order, order.total_minor)
    assert order.payments.get(method="transfer").flag == "duplicate"
    assert hold_of(order)
    assert plan_capture(order).amount_minor == order.total_minor
    ship_charged(order, parcel_of(order))
    assert payment_of(order).captured_minor == order.total_minor
    mark_sent(Refund.objects.get(), sent_on=timezone.localdate(), account="bank")
    assert ledger.owed_by_shopper(order) == 0
    assert run_audit() == []


def test_the_refund_of_a_second_payment_gives_away_nothing_of_what_is_held(order, stripe_desk):
    second = order.payments.create(
        status="captured",
        flag="duplicate",
        currency="EUR",
        amount_minor=TOTAL,
        captured_minor=TOTAL,
        payment_intent_id="pi_2",
        charge_id="ch_2",
    )
    ledger.book_capture(second, TOTAL, "ch_2")
    assert hold_of(order)
    refund = request_refund(second, TOTAL, reason="paid twice")
    take_over_refund(refund, gateway.RefundState("re_2", "succeeded", TOTAL, ""))
    assert not RefundRequest.objects.exists()
    assert (ledger.owed_by_shopper(order), plan_capture(order).amount_minor) == (TOTAL, TOTAL)
    assert run_audit() == []


@pytest.mark.parametrize("fields", [{"reason": "expired_uncaptured_charge"}, {"balance_transaction": None}])
def test_the_refund_that_stripe_makes_of_what_was_not_captured_is_none_of_ours(order, stripe_desk, fields):
    ship_charged(order, parcel_of(order, Mug=2), drops_rest=True)
    payment = payment_of(order)
    made = stripe_desk.refund(payment.payment_intent_id, amount=1000)
    stripe_desk.edit(made["id"], **fields)
    subject = {"object": "refund", "id": made["id"], "payment_intent": payment.payment_intent_id}
    event = StripeEvent(type="refund.created", body=json.dumps({"data": {"object": subject}}))
    assert handle(event) == StripeEvent.Status.IGNORED
    assert (Refund.objects.count(), payment_of(order).refunded_minor, postings(order, "refund")) == (0, 0, {})
    stripe_desk.edit(made["id"], reason=None, balance_transaction="txn_1")
    assert handle(event) == StripeEvent.Status.DONE
    assert payment_of(order).refunded_minor == 1000


def test_a_part_captured_before_we_heard_of_it_confirms_the_order_and_waits_for_a_decision(store, stripe_desk):
    order = mugs_and_lamp()
    payment = start_payment(order.pk)
    stripe_desk.pay(payment.session_url)
    intent = stripe_desk.call("payment_intents", limit="1")["data"][0]
    stripe_desk.by_hand(f"payments/{intent['id']}/capture", amount_to_capture=MUG)
    settled = settle(payment.pk)
    order.refresh_from_db()
    assert (order.status, settled.captured_minor, settled.authorized_minor) == ("confirmed", MUG, TOTAL)
    assert "€64.90 of" in hold_of(order)
    assert run_audit() == []
