"""The page after Stripe's: it shows the paid order, or that the payment is still being checked."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from orders.models import Order
from payments.models import Payment
from payments.sessions import start_payment
from payments.settlement import settle
from tests.factories import make_order
from tests.reading import find, find_all, links_of, text_of, title_of

pytestmark = pytest.mark.django_db
WAITING = "We are waiting for your payment to be confirmed."


def return_of(order: Order) -> str:
    return f"/orders/{order.public_id}/return/"


def test_a_shopper_who_went_back_and_pays_at_once_sees_the_paid_order(client, stripe_desk):
    order = make_order()
    with time_machine.travel(timezone.now(), tick=False):
        start_payment(order.pk)
        client.get(f"/orders/{order.public_id}/back/")
        session_url = client.get(f"/orders/{order.public_id}/pay/").headers["Location"]
        stripe_desk.pay(session_url)
        answer = client.get(return_of(order))
    assert answer.headers["Location"] == f"/orders/{order.public_id}/"
    order.refresh_from_db()
    assert order.status == "confirmed"


def test_being_sent_to_stripe_again_forgets_the_last_answer(stripe_desk):
    order = make_order()
    payment = settle(start_payment(order.pk).pk)
    assert payment.checked_at is not None
    assert start_payment(order.pk).checked_at is None
    payment.refresh_from_db()
    assert payment.checked_at is None


def test_a_payment_whose_outcome_is_unknown_is_shown_as_being_checked(client, stripe_desk):
    order = make_order(name="Anna Peeters", email="anna@example.com")
    payment = start_payment(order.pk)
    Payment.objects.update(checked_at=timezone.now())
    stripe_desk.pay(payment.session_url)
    page = client.get(return_of(order))
    assert (page.status_code, find(page, "h1").text) == (200, "Almost there, Anna")
    assert title_of(page).startswith("Checking your payment")
    assert WAITING in text_of(page)
    assert "We will e-mail anna@example.com as soon as it is confirmed. You can safely close this page." in text_of(
        page
    )
    assert "Pay €" not in text_of(page)
    assert links_of(page)[return_of(order)] == "Check again"
    Payment.objects.update(checked_at=timezone.now() - timedelta(seconds=4))
    assert client.get(return_of(order)).headers["Location"] == f"/orders/{order.public_id}/"


def test_only_the_script_looks_again_and_it_finds_the_order_in_the_same_element(client, stripe_desk):
    order = make_order()
    start_payment(order.pk)
    Payment.objects.update(checked_at=timezone.now())
    page = client.get(return_of(order))
    assert find(page, id="order").attributes["data-look-again"] == return_of(order)
    assert "Refresh" not in page.headers
    assert find_all(page, "meta", **{"http-equiv": True}) == []
    assert "data-look-again" not in find(client.get(f"/orders/{order.public_id}/"), id="order").attributes


def test_a_payment_that_a_bank_is_processing_is_shown_as_being_checked(client, stripe_desk, monkeypatch):
    order = make_order()
    start_payment(order.pk)
    Payment.objects.update(status="processing")
    monkeypatch.setattr("payments.views.orders.settle", lambda _payment_id: None)
    assert WAITING in text_of(client.get(return_of(order)))


def test_an_order_whose_payment_a_bank_is_processing_cannot_be_paid_again(client):
    order = make_order(email="anna@example.com")
    url = f"/orders/{order.public_id}/"
    assert f"{url}pay/" in links_of(client.get(url))
    Order.objects.update(payment_due_at=None)
    page = client.get(url)
    assert f"{url}pay/" not in links_of(page)
    assert find_all(page, "form", action=f"{url}change/") == []
    assert "We will e-mail anna@example.com as soon as it is confirmed. You do not need to pay again." in text_of(page)
    assert client.get(f"{url}back/").headers["Location"] == url


def test_a_shopper_who_returns_without_having_paid_can_pay(client, stripe_desk):
    order = make_order()
    start_payment(order.pk)
    assert client.get(return_of(order)).headers["Location"] == f"/orders/{order.public_id}/"
