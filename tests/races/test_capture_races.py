"""Two people, or a person and Stripe, who decide about an authorized payment at the same moment."""

import pytest

from orders.errors import OrderError
from orders.models import Order
from payments import gateway
from payments.cancellation import cancel_order
from payments.capturing import carry_out, carry_out_waiting, request_capture
from payments.errors import PaymentError
from payments.models import AuthorizationRequest, Journal
from payments.refunds import carry_out_waiting as carry_out_refunds
from payments.settlement import settle
from shop.operations.audit import run_audit
from tests.payments.authorized import TOTAL, authorized, charge_on_shipping, mugs_and_lamp, parcel_of, payment_of

pytestmark = pytest.mark.django_db(transaction=True)

REFUSALS = (OrderError, PaymentError)


@pytest.fixture
def order(stripe_desk) -> Order:
    charge_on_shipping()
    return authorized(mugs_and_lamp(), stripe_desk)


def refusals_in(results: list) -> int:
    """How many were refused. Nobody may see another error."""
    errors = [result for result in results if isinstance(result, Exception)]
    assert [error for error in errors if not isinstance(error, REFUSALS)] == []
    return len(errors)


def ship_charged(order: Order, **quantities: int) -> AuthorizationRequest:
    return carry_out(request_capture(order, parcel_of(order, **quantities)).pk)


@pytest.mark.fault("F068")
def test_two_staff_who_ship_an_authorized_order_charge_it_once(at_once, order):
    """Each has another part in the parcel, so that only the request of the payment stops the second."""
    results = at_once(lambda: ship_charged(order, Mug=2), lambda: ship_charged(order, Lamp=1))
    assert refusals_in(results) == 1
    assert AuthorizationRequest.objects.count() == 1
    assert (order.fulfillments.count(), payment_of(order).captured_minor) == (1, TOTAL)
    assert run_audit() == []


@pytest.mark.fault("F068")
def test_one_parcel_sent_ten_times_is_charged_and_recorded_once(at_once, order):
    parcel = parcel_of(order)
    results = at_once(*(lambda: carry_out(request_capture(order, parcel).pk).pk for _ in range(10)))
    assert len({result for result in results if not isinstance(result, Exception)}) == 1
    carry_out_waiting()
    assert (order.fulfillments.get().key, payment_of(order).captured_minor) == (parcel.key, TOTAL)
    assert Journal.objects.filter(kind="capture").count() == 1
    assert run_audit() == []


@pytest.mark.fault("F072")
def test_an_order_is_charged_and_shipped_or_canceled_and_never_both(at_once, order):
    results = at_once(lambda: ship_charged(order), lambda: cancel_order(order, user_id=None))
    assert refusals_in(results) <= 1
    carry_out_waiting()
    carry_out_refunds()
    order.refresh_from_db()
    payment = payment_of(order)
    kept = payment.captured_minor - payment.refunded_minor
    assert (order.status, order.fulfillments.count(), kept) in (("completed", 1, TOTAL), ("canceled", 0, 0))
    assert run_audit() == []


@pytest.mark.fault("F072")
def test_an_authorization_is_charged_or_expires_and_the_parcel_follows_the_money(at_once, order, stripe_desk):
    payment_id = payment_of(order).pk

    def expire() -> None:
        stripe_desk.advance("7d")
        settle(payment_id)

    results = at_once(lambda: ship_charged(order), expire)
    assert refusals_in(results) <= 1
    payment = settle(payment_id)
    order.refresh_from_db()
    outcome = (payment.status, order.status, order.fulfillments.count(), payment.flag)
    assert outcome in (("captured", "completed", 1, ""), ("canceled", "confirmed", 0, "lapsed"))
    assert run_audit() == []


def test_the_parcel_of_a_capture_that_two_finish_is_recorded_once(at_once, order):
    """The one who asked and the sweep both hear that the money is there."""
    request = request_capture(order, parcel_of(order))
    gateway.capture_intent(payment_of(order).payment_intent_id, TOTAL, request.idempotency_key)
    at_once(*(lambda: carry_out(request.pk) for _ in range(4)))
    assert (order.fulfillments.count(), payment_of(order).captured_minor) == (1, TOTAL)
    assert run_audit() == []
