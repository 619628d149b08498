"""Limits on orders and payments, against hoarding stock and testing stolen cards."""

import pytest
from django.test import Client

from orders.checkout.page import PLACING
from orders.models import Cart, Order
from payments.models import Payment
from payments.views.orders import PAYING
from tests.factories import (
    make_cart,
    make_order,
    make_shipping,
    make_submission,
    make_tax,
    make_user,
    make_variant,
    place,
    seen_of,
)
from tests.reading import text_of

pytestmark = pytest.mark.django_db
FORGED = [{}, {"x-forwarded-for": "203.0.113.9"}]


@pytest.fixture(autouse=True)
def delivery():
    make_shipping()
    make_tax()


def post_checkout(cart, forged=None, ip="198.51.100.7", **changes):
    seen = seen_of(cart)
    names = ("email", "country", "name", "line1", "postcode", "city", "shipping_code")
    submission = make_submission(**changes)
    form = {name: getattr(submission, name) for name in names}
    form |= {"cart_mark": seen.cart_mark, "total": seen.total_minor, "due": seen.due_minor}
    client = Client(REMOTE_ADDR=ip)
    client.cookies["cart"] = str(cart.token)
    return client.post("/checkout/", form, headers=forged or {})


def limit_to(monkeypatch, limit, times) -> None:
    """The limit of production; other modes allow more."""
    monkeypatch.setitem(limit.__dict__, "times", times)


@pytest.mark.parametrize("forged", FORGED)
def test_ten_orders_an_hour_from_one_place(monkeypatch, forged):
    limit_to(monkeypatch, PLACING, 10)
    variant = make_variant(on_hand=99)
    for number in range(10):
        assert post_checkout(make_cart(variant), forged, email=f"a{number}@example.com").status_code == 302
    refused = post_checkout(make_cart(variant), forged, email="b@example.com")
    assert refused.status_code == 429
    assert 0 < int(refused.headers["Retry-After"]) <= 3600
    assert Order.objects.count() == 10
    assert post_checkout(make_cart(variant), ip="198.51.100.8", email="b@example.com").status_code == 302


@pytest.mark.fault("F035")
@pytest.mark.parametrize("again", ["ann@example.com", "Ann+1@example.com", "ANN+two@EXAMPLE.com"])
def test_five_orders_of_one_customer_wait_for_their_payment_and_no_more(again):
    variant = make_variant(on_hand=99)
    for _ in range(5):
        assert post_checkout(make_cart(variant), email="ann@example.com").status_code == 302
    refused = post_checkout(make_cart(variant), email=again)
    assert refused.status_code == 429
    assert 0 < int(refused.headers["Retry-After"]) <= 36 * 60
    assert (Order.objects.count(), variant.stock.get().reserved) == (5, 5)
    # Somebody else's orders are no reason to lock the owner of an address out.
    assert post_checkout(make_cart(variant), ip="198.51.100.8", email="ann@example.com").status_code == 302


@pytest.mark.fault("F035")
def test_a_logged_in_customer_cannot_hoard_from_many_places():
    user, variant = make_user(), make_variant(on_hand=99)
    for number in range(5):
        make_order(variant, user=user, email=f"other{number}@example.com")
    cart = make_cart(variant, user=user)
    client = Client(REMOTE_ADDR="198.51.100.99")
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    seen = seen_of(cart)
    names = ("email", "country", "name", "line1", "postcode", "city", "shipping_code")
    form = {name: getattr(make_submission(email="new@example.com"), name) for name in names}
    form |= {"cart_mark": seen.cart_mark, "total": seen.total_minor, "due": seen.due_minor}
    assert client.post("/checkout/", form).status_code == 429


@pytest.mark.fault("F049")
@pytest.mark.parametrize("forged", FORGED)
def test_ten_visits_to_the_payment_page_an_hour_from_one_place(monkeypatch, stripe_desk, forged):
    limit_to(monkeypatch, PAYING, 10)
    client, order = Client(), make_order(make_variant())
    for _ in range(10):
        assert client.get(f"/orders/{order.public_id}/pay/", headers=forged).status_code == 303
    refused = client.get(f"/orders/{order.public_id}/pay/", headers=forged)
    assert refused.status_code == 429
    assert 0 < int(refused.headers["Retry-After"]) <= 3600


@pytest.mark.fault("F049")
def test_five_tries_to_pay_one_order_are_enough(client, stripe_desk):
    order = make_order(make_variant())
    for _ in range(5):
        client.get(f"/orders/{order.public_id}/pay/")
        Payment.objects.update(status="failed")
    refused = client.get(f"/orders/{order.public_id}/pay/")
    assert refused.status_code == 409
    assert "too many attempts" in text_of(refused)
    assert Payment.objects.count() == 5


def test_one_place_can_reserve_a_limited_number_of_unpaid_units(settings):
    settings.MAX_UNPAID_UNITS = 10
    variant = make_variant(on_hand=99)
    assert post_checkout(make_cart(variant, quantity=6), email="a@example.com").status_code == 302
    refused = post_checkout(make_cart(variant, quantity=5), email="b@example.com")
    assert refused.status_code == 409
    assert "many items in orders that are not paid yet" in text_of(refused)
    assert variant.stock.get().reserved == 6
    assert post_checkout(make_cart(variant, quantity=4), email="c@example.com").status_code == 302
    assert post_checkout(make_cart(variant, quantity=5), ip="198.51.100.8", email="b@example.com").status_code == 302
    Order.objects.filter(email="a@example.com").update(status="confirmed")
    assert post_checkout(make_cart(variant, quantity=5), email="b@example.com").status_code == 302


def test_an_ipv6_network_shares_one_limit_of_unpaid_units(settings):
    settings.MAX_UNPAID_UNITS = 10
    variant = make_variant(on_hand=99)
    assert post_checkout(make_cart(variant, quantity=6), ip="2001:db8::1", email="a@example.com").status_code == 302
    assert post_checkout(make_cart(variant, quantity=5), ip="2001:db8::2", email="b@example.com").status_code == 409
    assert post_checkout(make_cart(variant, quantity=5), ip="2001:db8:0:1::2", email="b@example.com").status_code == 302


def test_an_order_from_an_unknown_place_holds_as_much_as_it_likes(settings):
    settings.MAX_UNPAID_UNITS = 10
    assert place(make_cart(make_variant(on_hand=99), quantity=11)).terms_accepted_ip is None


def test_without_a_limit_a_place_can_reserve_any_number_of_units(settings):
    settings.MAX_UNPAID_UNITS = 0
    variant = make_variant(on_hand=999)
    for number in range(2):
        assert post_checkout(make_cart(variant, quantity=90), email=f"{number}@example.com").status_code == 302


def test_replacing_an_order_counts_as_placing_one(monkeypatch, client, stripe_desk):
    limit_to(monkeypatch, PLACING, 1)
    order = make_order(make_variant())
    client.cookies["cart"] = str(Cart.objects.get(pk=order.cart_id).token)
    form = {
        "email": "a@example.com",
        "country": "DE",
        "name": "X",
        "line1": "Y 1",
        "postcode": "10115",
        "city": "Z",
        "shipping_code": "standard",
        "cart_mark": "x",
        "total": order.total_minor,
        "due": order.due_minor,
    }
    assert client.post(f"/orders/{order.public_id}/replace/", form).status_code == 302
    second = Order.objects.get(status="placed")
    assert client.post(f"/orders/{second.public_id}/replace/", {**form, "line1": "Z 2"}).status_code == 429
    second.refresh_from_db()
    assert second.status == "placed"
