"""Shoppers who come back from Stripe, change an unpaid order, or hold only its link."""

from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from orders.customers import Buyer
from orders.models import Cart, Order
from payments.cancellation import reopen
from payments.models import Payment
from payments.sessions import start_payment
from tests.factories import (
    contents_of,
    make_cart,
    make_order,
    make_shipping,
    make_tax,
    make_user,
    make_variant,
    place,
)
from tests.reading import find, find_all, markup_of, text_of

pytestmark = pytest.mark.django_db


def test_change_my_order_brings_the_cart_back(stripe_desk):
    order = make_order(make_variant(title="Alma mug"))
    cart = Cart.objects.get()
    client = Client()
    client.cookies["cart"] = str(cart.token)
    start_payment(order.pk)
    response = client.post(f"/orders/{order.public_id}/change/", follow=True)
    assert response.redirect_chain == [("/cart/?back=1", 302)]
    assert "nothing was charged" in text_of(response)
    assert "Alma mug" in text_of(response)
    assert Order.objects.get().cancel_reason == "shopper"


def test_stripes_cancel_link_changes_nothing_and_offers_to_pay_or_to_change(client, stripe_desk):
    order = make_order()
    payment = start_payment(order.pk)
    link = stripe_desk.call(f"checkout/sessions/{payment.session_id}")["cancel_url"]
    page = client.get(link)
    assert (page.status_code, page.cookies.keys() & {"cart"}) == (200, set())
    assert "Continue to payment" in text_of(page)
    assert find(page, "form", method="post", action=f"/orders/{order.public_id}/change/")
    assert Order.objects.get().status == "placed"
    assert stripe_desk.call(f"checkout/sessions/{payment.session_id}")["status"] == "open"


def test_whoever_has_only_the_link_gets_a_cart_of_their_own(stripe_desk):
    """The gift message, note, code and cookie stay with their owner, and no cart is lost."""
    make_shipping()
    make_tax()
    cart = make_cart(make_variant(title="Alma mug"))
    Cart.objects.update(note="ring twice", gift_message="For Ada")
    order = place(Cart.objects.get())
    owner, stranger = Client(), Client()
    owner.cookies["cart"] = str(cart.token)
    page = stranger.post(f"/orders/{order.public_id}/change/", follow=True)
    assert "Alma mug" in text_of(page)
    assert "ring twice" not in markup_of(page)
    assert stranger.cookies["cart"].value != str(cart.token)
    copied = Cart.objects.get(token=stranger.cookies["cart"].value)
    assert (copied.note, copied.gift_message) == ("", "")
    back = Cart.objects.get(token=cart.token)
    assert (back.is_open, back.gift_message) == (True, "For Ada")
    assert "Alma mug" in text_of(owner.get("/cart/"))
    assert stranger.get(f"/orders/{order.public_id}/back/").headers["Location"] == f"/orders/{order.public_id}/"


def test_a_logged_in_stranger_with_the_link_does_not_take_the_cart_over(client):
    order = make_order()
    token = Cart.objects.get().token
    user = make_user()
    client.force_login(user)
    client.post(f"/orders/{order.public_id}/change/")
    assert Cart.objects.get(token=token).user_id is None
    assert Cart.objects.get(user=user).lines.count() == 1


def test_going_back_after_paying_shows_the_paid_order(client, stripe_desk):
    order = make_order()
    payment = start_payment(order.pk)
    stripe_desk.pay(payment.session_url)
    response = client.get(f"/orders/{order.public_id}/back/", follow=True)
    assert "Thank you" in text_of(response)


def test_what_a_user_has_begun_meanwhile_is_joined_by_what_comes_back():
    user = make_user()
    mug, vase = make_variant(), make_variant()
    order = make_order(mug, user=user)
    newer = make_cart(vase, user=user)
    reopened, cart = reopen(order)
    assert (reopened.status, cart) == ("canceled", newer)
    assert set(newer.lines.values_list("variant_id", flat=True)) == {mug.pk, vase.pk}


def test_a_guest_who_began_another_cart_keeps_both(client):
    mug, vase = make_variant(), make_variant()
    order = make_order(mug)
    client.cookies["cart"] = str(make_cart(vase).token)
    client.post(f"/orders/{order.public_id}/change/")
    cart = Cart.objects.get(token=client.cookies["cart"].value)
    assert set(cart.lines.values_list("variant_id", flat=True)) == {mug.pk, vase.pk}


def test_a_guest_who_logged_in_meanwhile_finds_the_cart_in_the_account(client):
    order = make_order(make_variant(title="Alma mug"))
    client.force_login(make_user())
    page = client.post(f"/orders/{order.public_id}/change/", follow=True)
    assert find_all(page, name="line") != []


def test_a_stranger_with_the_link_cannot_replace_an_order(client):
    order = make_order(user=make_user())
    form = {"email": "a@example.com", "country": "DE", "name": "X", "line1": "Y 1", "postcode": "10115", "city": "Z"}
    form |= {"shipping_code": "standard", "cart_mark": "x", "total": order.total_minor, "due": order.due_minor}
    answer = client.post(f"/orders/{order.public_id}/replace/", form)
    assert answer.headers["Location"] == f"/orders/{order.public_id}/"
    assert list(Order.objects.values_list("status", flat=True)) == ["placed"]


def test_a_form_of_one_market_places_no_cart_of_another(client, us_market):
    make_shipping(countries=["DE"])
    order = make_order()
    Order.objects.update(market="us", status="canceled", cancel_reason="shopper")
    cart = make_cart(make_variant(needs_shipping=False))
    client.cookies["cart"] = str(cart.token)
    form = {"email": "a@example.com", "country": "US", "name": "X", "line1": "Y 1", "postcode": "10001", "city": "Z"}
    shown = contents_of(cart, Buyer("US"), "none")
    form |= {"state": "NY", "shipping_code": "none", "total": shown.totals.total_minor, "due": shown.due_minor}
    answer = client.post(f"/orders/{order.public_id}/replace/", form)
    assert answer.headers["Location"] == f"/orders/{order.public_id}/"
    assert Order.objects.count() == 1


def test_the_return_page_asks_stripe_once_in_three_seconds(client, stripe_desk, monkeypatch):
    order = make_order()
    start_payment(order.pk)
    asked = []
    monkeypatch.setattr("payments.views.orders.settle", asked.append)
    for page in ("return", "back", "return"):
        client.get(f"/orders/{order.public_id}/{page}/")
    assert len(asked) == 1
    Payment.objects.update(checked_at=timezone.now() - timedelta(seconds=4))
    client.get(f"/orders/{order.public_id}/return/")
    assert len(asked) == 2


def test_stripe_is_asked_thirty_times_in_ten_minutes_about_one_order(client, stripe_desk, monkeypatch):
    order, other = make_order(), make_order()
    start_payment(order.pk)
    start_payment(other.pk)
    asked = []
    monkeypatch.setattr("payments.views.orders.settle", asked.append)
    monkeypatch.setattr("payments.views.orders.FRESH_ANSWER", timedelta(seconds=-1))
    with time_machine.travel(1_800_000_000, tick=False):
        answers = [client.get(f"/orders/{order.public_id}/return/").status_code for _ in range(31)]
        assert (answers, len(asked)) == ([302] * 30 + [200], 30)
        client.get(f"/orders/{other.public_id}/return/")
        assert len(asked) == 31
        assert client.post(f"/orders/{order.public_id}/change/").status_code == 429
