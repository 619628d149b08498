"""Canceled and expired orders: the payment is closed first, and the cart is restored."""

from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from orders import lifecycle
from orders.cart import find_cart
from orders.customers import Buyer
from orders.editing import Edit, add_note, version_of
from orders.errors import OrderChanged
from orders.models import Cart, Order
from payments import cancellation, gateway
from payments.cancellation import cancel_order, expire_unpaid, reopen
from payments.errors import CancelRefused, GatewayDown, StillProcessing
from payments.models import Payment
from payments.reconciliation import reconcile_open
from payments.refunds import carry_out_waiting, request_refund
from payments.sessions import start_payment
from payments.settlement import settle
from shop.models import Mail
from shop.operations.audit import run_audit
from tests.factories import (
    contents_of,
    make_cart,
    make_order,
    make_shipping,
    make_tax,
    make_user,
    make_variant,
    place,
    stock_of,
)
from tests.reading import find, find_all, markup_of, text_of

pytestmark = pytest.mark.django_db


def overdue(order: Order) -> None:
    Order.objects.filter(pk=order.pk).update(payment_due_at=timezone.now() - timedelta(seconds=1))


def test_an_order_that_ran_out_of_time_frees_its_stock_and_its_cart_comes_back(stripe_desk):
    variant = make_variant(on_hand=3)
    order = make_order(variant, quantity=2)
    token = Cart.objects.get().token
    payment = start_payment(order.pk)
    overdue(order)
    assert expire_unpaid() == 1
    order.refresh_from_db()
    assert (order.status, order.cancel_reason, stock_of(variant)) == ("canceled", "expired", (3, 0))
    assert stripe_desk.call(f"checkout/sessions/{payment.session_id}")["status"] == "expired"
    cart = find_cart(token=token, user_id=None)
    assert cart.is_open
    assert list(cart.lines.values_list("variant_id", "quantity")) == [(variant.pk, 2)]
    assert cart.pk != order.cart_id
    assert expire_unpaid() == 0
    assert run_audit() == []


@pytest.mark.fault("F007")
def test_a_paid_order_is_settled_instead_of_expired(stripe_desk):
    order = make_order()
    payment = start_payment(order.pk)
    stripe_desk.pay(payment.session_url)
    overdue(order)
    assert expire_unpaid() == 1
    order.refresh_from_db()
    assert order.status == "confirmed"
    assert run_audit() == []


@pytest.mark.fault("F043")
def test_nothing_expires_while_the_outcome_is_unknown(stripe_desk):
    variant = make_variant(on_hand=3)
    order = make_order(variant)
    start_payment(order.pk)
    overdue(order)
    stripe_desk.switch(**{"500": "3"})
    assert expire_unpaid() == 0
    assert stock_of(variant) == (3, 1)
    assert expire_unpaid() == 1


def test_a_payment_whose_answer_was_lost_is_found_and_closed(stripe_desk):
    order = make_order()
    stripe_desk.switch(lose="3")
    with pytest.raises(GatewayDown):
        start_payment(order.pk)
    overdue(order)
    assert expire_unpaid() == 1
    sessions = stripe_desk.call("checkout/sessions", limit="5")["data"]
    assert [s["status"] for s in sessions if s["client_reference_id"] == order.number] == ["expired"]


@pytest.mark.parametrize("failure", ["fail", "fail_late"])
def test_an_order_is_changed_although_stripe_repeats_a_failure(client, stripe_desk, failure):
    order = make_order()
    stripe_desk.switch(lose="3", **{failure: "1"})
    with pytest.raises(GatewayDown):
        start_payment(order.pk)
    assert client.post(f"/orders/{order.public_id}/change/").status_code == 302
    order.refresh_from_db()
    assert (order.status, order.cancel_reason) == ("canceled", "shopper")
    sessions = stripe_desk.call("checkout/sessions", limit="5")["data"]
    expected = ["expired"] if failure == "fail_late" else []
    assert [s["status"] for s in sessions if s["client_reference_id"] == order.number] == expected


def test_an_order_expires_although_stripe_answers_nothing_about_its_payment(stripe_desk):
    variant = make_variant(on_hand=3)
    order = make_order(variant)
    stripe_desk.switch(**{"500": "3"})
    with pytest.raises(GatewayDown):
        start_payment(order.pk)
    overdue(order)
    stripe_desk.switch(**{"500": "100"})
    assert (expire_unpaid(), stock_of(variant)) == (0, (3, 1))
    Payment.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert (expire_unpaid(), stock_of(variant)) == (1, (3, 0))
    assert Payment.objects.get().status == "failed"
    assert run_audit() == []


def test_orders_that_stripe_never_answers_about_do_not_stop_the_others(stripe_desk, monkeypatch):
    """Three silent ones in a row end a sweep, so the sweeps begin elsewhere each time."""
    orders = [make_order() for _ in range(4)]
    for order in orders:
        start_payment(order.pk)
        overdue(order)
    silent = {order.payments.get().session_id for order in orders[:3]}
    expire = gateway.expire_session

    def answer(session_id):
        if session_id in silent:
            raise GatewayDown("expire session")
        return expire(session_id)

    monkeypatch.setattr(gateway, "expire_session", answer)
    assert sum(expire_unpaid() for _ in range(40)) == 1
    assert set(Order.objects.filter(status="placed")) == set(orders[:3])


def test_an_order_without_any_payment_expires_too():
    order = make_order()
    overdue(order)
    assert expire_unpaid() == 1
    assert Order.objects.get().cancel_reason == "expired"


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


def test_one_bad_order_does_not_stop_the_others(monkeypatch):
    bad, good = make_order(), make_order()
    overdue(bad)
    overdue(good)
    original = lifecycle.cancel
    monkeypatch.setattr(
        lifecycle, "cancel", lambda order, *a, **k: 1 / 0 if order.pk == bad.pk else original(order, *a, **k)
    )
    assert expire_unpaid() == 1
    assert list(Order.objects.filter(status="canceled")) == [good]


@pytest.mark.fault("F047")
def test_a_session_that_stripe_does_not_know_holds_nothing_for_ever(stripe_desk):
    variant = make_variant(on_hand=1)
    order = make_order(variant)
    payment = start_payment(order.pk)
    Payment.objects.filter(pk=payment.pk).update(session_id="cs_gone")
    overdue(order)
    assert expire_unpaid() == 1
    assert (Payment.objects.get().status, stock_of(variant)) == ("failed", (1, 0))


def test_a_payment_begun_while_staff_cancel_is_not_left_open(stripe_desk, monkeypatch):
    order = make_order()
    monkeypatch.setattr(cancellation, "close_payments", lambda order: start_payment(order.pk))
    with pytest.raises(StillProcessing):
        cancel_order(order, user_id=None)
    assert Order.objects.get().status == "placed"


def test_a_refund_in_flight_does_not_stand_in_the_way_of_a_cancel(stripe_desk):
    order = make_order()
    payment = start_payment(order.pk)
    stripe_desk.pay(payment.session_url)
    request_refund(settle(payment.pk), 100, reason="part")
    cancel_order(Order.objects.get(), user_id=None)
    assert carry_out_waiting() == 2
    assert Payment.objects.get().refunded_minor == order.total_minor
    assert run_audit() == []


def test_stripe_away_keeps_the_order_as_it_is(client, stripe_desk):
    order = make_order()
    start_payment(order.pk)
    stripe_desk.switch(**{"500": "3"})
    response = client.post(f"/orders/{order.public_id}/change/")
    assert response.status_code == 503
    assert Order.objects.get().status == "placed"


def test_an_order_whose_payment_the_bank_is_processing_cannot_be_canceled(client, stripe_desk, monkeypatch):
    order = make_order()
    payment = start_payment(order.pk)
    Payment.objects.filter(pk=payment.pk).update(status="processing")
    monkeypatch.setattr("payments.gateway.expire_session", lambda session_id: None)
    with pytest.raises(StillProcessing):
        reopen(order)
    assert client.post(f"/orders/{order.public_id}/change/").headers["Location"] == f"/orders/{order.public_id}/"
    overdue(order)
    assert expire_unpaid() == 0


def test_staff_cancel_an_unpaid_order(stripe_desk):
    order = make_order()
    start_payment(order.pk)
    assert cancel_order(order, user_id=None).status == "canceled"
    assert Mail.objects.get().subject == f"Order {order.number} is canceled"
    with pytest.raises(CancelRefused):
        cancel_order(Order.objects.get(), user_id=None)


def test_staff_cancel_a_paid_order_and_the_books_end_at_nothing(stripe_desk):
    variant = make_variant(on_hand=3)
    order = make_order(variant)
    payment = start_payment(order.pk)
    stripe_desk.pay(payment.session_url)
    settle(payment.pk)
    cancel_order(Order.objects.get(), user_id=None)
    assert carry_out_waiting() == 1
    assert stock_of(variant) == (3, 0)
    assert run_audit() == []


@pytest.mark.fault("F053")
def test_a_dropped_webhook_is_found_by_asking(stripe_desk):
    order = make_order()
    payment = start_payment(order.pk)
    stripe_desk.pay(payment.session_url)
    assert reconcile_open() == 0  # too fresh: the shopper is still typing
    Payment.objects.update(created_at=timezone.now() - timedelta(seconds=20))
    assert reconcile_open() == 1
    order.refresh_from_db()
    assert order.status == "confirmed"
    assert reconcile_open() == 0


def test_reconciling_waits_for_stripe_to_come_back(stripe_desk):
    payment = start_payment(make_order().pk)
    Payment.objects.update(created_at=timezone.now() - timedelta(seconds=20))
    stripe_desk.switch(**{"500": "3"})
    assert reconcile_open() == 0
    Payment.objects.update(checked_at=timezone.now() - timedelta(seconds=20), session_id="cs_gone")
    assert reconcile_open() == 0
    assert Payment.objects.get(pk=payment.pk).status == "open"


def test_the_payment_stays_open_if_the_order_changed_since_staff_decided_to_cancel_it(stripe_desk):
    order = make_order()
    payment, seen = start_payment(order.pk), version_of(order)
    add_note(order, "She will pay today.", Edit(None))
    with pytest.raises(OrderChanged):
        cancel_order(order, user_id=None, seen=seen)
    assert stripe_desk.call(f"checkout/sessions/{payment.session_id}")["status"] == "open"
    assert Order.objects.get().status == "placed"
