"""Shoppers and staff read what was paid with, as Stripe names it, and nothing calls it a card before Stripe does."""

import pytest
import stripe

from payments.gateway.cards import method_label
from payments.sessions import start_payment
from payments.settlement import settle
from tests.factories import make_cart, make_order, make_shipping, make_variant
from tests.orders.checkout_pages import client_of
from tests.reading import text_of

pytestmark = pytest.mark.django_db
VISA = {"brand": "visa", "last4": "4242"}


def charge(details) -> stripe.Charge:
    return stripe.Charge.construct_from(
        {"id": "ch_1", "object": "charge", "payment_method_details": details}, "sk_test"
    )


@pytest.mark.parametrize(
    ("details", "label"),
    [
        ({"type": "card", "card": {**VISA, "wallet": None}}, "Visa ending in 4242"),
        ({"type": "card", "card": VISA}, "Visa ending in 4242"),
        ({"type": "card", "card": {**VISA, "wallet": {"type": "apple_pay"}}}, "Apple Pay (Visa 4242)"),
        (
            {"type": "card", "card": {"brand": "amex", "last4": "0005", "wallet": {"type": "google_pay"}}},
            "Google Pay (American Express 0005)",
        ),
        ({"type": "sepa_debit", "sepa_debit": {"last4": "3201"}}, "SEPA Direct Debit"),
        ({"type": "ideal", "ideal": {"bank": "ing"}}, "iDEAL"),
        ({"type": "klarna", "klarna": {}}, "Klarna"),
        ({"type": "some_new_method"}, "Some New Method"),
        ({}, ""),
        (None, ""),
    ],
)
def test_the_label_names_the_method_and_the_wallet(details, label):
    assert method_label(charge(details)) == label
    assert len(label) <= 60


def test_the_order_page_names_the_method_that_was_used(client, stripe_desk):
    order = make_order()
    payment = start_payment(order.pk)
    stripe_desk.pay(payment.session_url, "AT611904300234573201")
    assert settle(payment.pk).status == "processing"
    stripe_desk.advance("6d")
    settle(payment.pk)
    assert "SEPA Direct Debit: €28.90" in text_of(client.get(order.get_absolute_url()))


def test_the_checkout_does_not_promise_a_card():
    make_shipping()
    page = text_of(client_of(make_cart(make_variant())).get("/checkout/"))
    assert "You pay securely through our payment provider" in page
    assert "by card" not in page
