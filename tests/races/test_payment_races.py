"""A payment is settled once, however many processes settle it at the same time."""

import pytest
from django.test import Client

from orders.models import Order, OrderEvent
from payments.cancellation import reopen
from payments.errors import GatewayDown
from payments.inbox import process, process_waiting
from payments.models import Journal, StripeEvent
from payments.sessions import start_payment
from payments.settlement import settle
from shop.models import Mail
from shop.operations.audit import run_audit
from tests.factories import make_order
from tests.stripe_desk import signed

pytestmark = pytest.mark.django_db(transaction=True)


def paid_order(stripe_desk):
    order = make_order()
    payment = start_payment(order.pk)
    stripe_desk.pay(payment.session_url)
    return order, payment


def assert_settled_once(order: Order) -> None:
    order.refresh_from_db()
    assert order.status == Order.Status.CONFIRMED
    assert sorted(Journal.objects.filter(order=order).values_list("kind", flat=True)) == ["capture", "sale"]
    assert OrderEvent.objects.filter(order=order, kind="confirmed").count() == 1
    assert Mail.objects.filter(message_id__startswith=f"<order_confirmed.{order.public_id.hex}").count() == 1
    assert run_audit() == []


@pytest.mark.fault("F031")
def test_return_page_and_webhook_together_settle_once(at_once, stripe_desk):
    order, payment = paid_order(stripe_desk)
    event = next(e for e in stripe_desk.events_of(order.number) if e["type"] == "checkout.session.completed")
    body, signature = signed(event)

    def webhook():
        Client().post(
            "/payments/webhook/", body, content_type="application/json", headers={"Stripe-Signature": signature}
        )
        return process_waiting()

    def come_back():
        return Client().get(f"/orders/{order.public_id}/return/").status_code

    results = at_once(webhook, come_back, webhook, come_back, *(lambda: settle(payment.pk).status for _ in range(4)))
    assert [result for result in results if isinstance(result, Exception)] == []
    assert_settled_once(order)


@pytest.mark.fault("F051")
def test_one_event_twenty_times_has_one_effect(at_once, stripe_desk):
    order, _payment = paid_order(stripe_desk)
    event = next(e for e in stripe_desk.events_of(order.number) if e["type"] == "payment_intent.succeeded")
    body, signature = signed(event)

    def deliver():
        answer = Client().post(
            "/payments/webhook/", body, content_type="application/json", headers={"Stripe-Signature": signature}
        )
        stored = StripeEvent.objects.get(stripe_id=event["id"])
        process(stored.pk)
        return answer.status_code

    assert at_once(*(deliver for _ in range(20))) == [200] * 20
    assert StripeEvent.objects.get(stripe_id=event["id"]).status == "done"
    assert_settled_once(order)


@pytest.mark.fault("F052")
def test_events_in_any_order_end_the_same(stripe_desk):
    order, _payment = paid_order(stripe_desk)
    for event in reversed(stripe_desk.events_of(order.number)):
        body, signature = signed(event)
        Client().post(
            "/payments/webhook/", body, content_type="application/json", headers={"Stripe-Signature": signature}
        )
        process_waiting()
    assert_settled_once(order)


@pytest.mark.fault("F027")
def test_two_tabs_that_pay_share_one_session(at_once, stripe_desk):
    order = make_order()
    results = at_once(*(lambda: start_payment(order.pk).session_id for _ in range(6)))
    assert len(set(results)) == 1
    assert order.payments.count() == 1


@pytest.mark.parametrize("failure", ["fail", "fail_late"])
def test_six_tabs_that_pay_after_a_failure_are_all_sent_to_one_page(at_once, stripe_desk, failure):
    order = make_order()
    stripe_desk.switch(lose="3", **{failure: "1"})
    with pytest.raises(GatewayDown):
        start_payment(order.pk)
    urls = {str(result) for result in at_once(*(lambda: start_payment(order.pk).session_url for _ in range(6)))}
    sessions = stripe_desk.call("checkout/sessions", limit="20")["data"]
    assert [s["url"] for s in sessions if s["client_reference_id"] == order.number and s["url"]] == list(urls)


def test_paying_and_giving_up_at_once_after_a_failure_leave_no_open_page_behind(at_once, stripe_desk):
    order = make_order()
    stripe_desk.switch(lose="3", fail_late="1")
    with pytest.raises(GatewayDown):
        start_payment(order.pk)
    at_once(lambda: start_payment(order.pk), lambda: reopen(order), lambda: start_payment(order.pk))
    order.refresh_from_db()
    sessions = stripe_desk.call("checkout/sessions", limit="20")["data"]
    is_open = "open" in [s["status"] for s in sessions if s["client_reference_id"] == order.number]
    assert (order.status, is_open) in [("canceled", False), ("placed", True)]
    assert run_audit() == []
