"""Submitting the checkout several times places one order."""

import pytest
from django.test import Client

from catalog.models import StockMovement
from orders.cart import add_to_cart
from orders.models import CartLine, Order
from shop.operations.audit import run_audit
from tests.factories import make_cart, make_shipping, make_submission, make_tax, make_variant, seen_of, stock_of

pytestmark = pytest.mark.django_db(transaction=True)


def form_of(cart, **changes):
    seen = seen_of(cart)
    submission = make_submission(**changes)
    names = ("email", "country", "name", "line1", "postcode", "city", "shipping_code")
    fields = {name: getattr(submission, name) for name in names}
    return {**fields, "cart_mark": seen.cart_mark, "total": seen.total_minor, "due": seen.due_minor}


def client_of(cart) -> Client:
    client = Client()
    client.cookies["cart"] = str(cart.token)
    return client


def ready_cart(**fields):
    make_shipping()
    make_tax()
    variant = make_variant(on_hand=50, **fields)
    return make_cart(variant, quantity=2), variant


@pytest.mark.fault("F026")
def test_twenty_posts_of_one_checkout_make_one_order(at_once):
    cart, variant = ready_cart()
    form = form_of(cart)
    results = at_once(*(lambda: client_of(cart).post("/checkout/", form) for _ in range(20)))
    assert {result.status_code for result in results} == {302}
    order = Order.objects.get()
    assert {result.headers["Location"] for result in results} == {f"/orders/{order.public_id}/pay/"}
    assert stock_of(variant) == (50, 2)
    assert StockMovement.objects.filter(kind="reserved").count() == 1


@pytest.mark.fault("F029")
def test_a_changed_address_after_back_makes_one_live_order(stripe_desk):
    cart, variant = ready_cart()
    client = client_of(cart)
    form = form_of(cart)
    client.get(client.post("/checkout/", form).headers["Location"])  # at Stripe's page now
    first = Order.objects.get()
    session = first.payments.get()

    answer = client.post("/checkout/", {**form, "line1": "Other street 7"})
    assert answer.status_code == 307
    answer = client.post(answer.headers["Location"], {**form, "line1": "Other street 7"})
    assert answer.status_code == 302

    live = Order.objects.get(status="placed")
    assert live.line1 == "Other street 7"
    assert Order.objects.get(status="canceled").pk == first.pk
    assert stripe_desk.call(f"checkout/sessions/{session.session_id}")["status"] == "expired"
    assert stock_of(variant) == (50, 2)
    assert run_audit() == []


@pytest.mark.fault("F027")
def test_two_tabs_with_different_addresses_leave_one_live_order(at_once, stripe_desk):
    cart, variant = ready_cart()
    form = form_of(cart)
    client_of(cart).post("/checkout/", form)

    def tab(street: str):
        def post():
            client = client_of(cart)
            answer = client.post("/checkout/", {**form, "line1": street})
            while answer.status_code == 307:
                answer = client.post(answer.headers["Location"], {**form, "line1": street})
            return answer.status_code

        return post

    results = at_once(tab("North 1"), tab("South 2"))
    assert all(status in (302, 409) for status in results), results
    assert Order.objects.filter(status="placed").count() == 1
    assert stock_of(variant) == (50, 2)
    assert run_audit() == []


@pytest.mark.fault("F011")
def test_thirty_clicks_at_once_are_thirty_units_of_one_line(at_once):
    cart, variant = ready_cart()
    results = at_once(*(lambda: add_to_cart(cart, variant, 1) for _ in range(30)))
    assert results == [None] * 30
    assert CartLine.objects.get(cart=cart).quantity == 32


def test_eight_orders_at_once_from_one_place_hold_no_more_than_it_may(at_once, settings):
    settings.MAX_UNPAID_UNITS = 10
    make_shipping()
    make_tax()
    variant = make_variant(on_hand=99)
    carts = [make_cart(variant, quantity=4) for _ in range(8)]
    forms = [form_of(cart, email=f"{number}@example.com") for number, cart in enumerate(carts)]
    pairs = list(zip(carts, forms, strict=True))
    results = at_once(*(lambda pair=pair: client_of(pair[0]).post("/checkout/", pair[1]) for pair in pairs))
    assert sorted(result.status_code for result in results) == [302, 302, *[409] * 6]
    assert stock_of(variant) == (99, 8)
