"""No page tells a stranger whether an e-mail address belongs to a customer."""

import re

import pytest
from django.test import Client

from accounts.limits.throttle import Limit
from accounts.models import ThrottleCounter
from orders.lifecycle import confirm
from orders.models import Order
from orders.views import checkout
from tests.factories import (
    make_cart,
    make_order,
    make_promotion,
    make_shipping,
    make_tax,
    make_user,
    make_variant,
    with_codes,
)
from tests.orders.checkout_pages import GERMAN, client_of, place, placing
from tests.reading import markup_of

pytestmark = pytest.mark.django_db
KNOWN, UNKNOWN = "known@example.com", "nobody@example.com"
LIMITS = [{"is_first_order_only": True}, {"most_uses_each": 1}]


@pytest.fixture(autouse=True)
def _delivery():
    make_shipping()
    make_tax()


def customer_of(promotion) -> None:
    """A customer has used the code in an order that was paid."""
    cart = with_codes(make_cart(make_variant()), "WELCOME")
    place(client_of(cart), **{**GERMAN, "email": KNOWN})
    confirm(Order.objects.get())


def neutral(response, *addresses: str) -> str:
    """The page without the parts that differ in every request."""
    text = markup_of(response)
    for address in addresses:
        text = text.replace(address, "…")
    return re.sub(
        r'((?:csrfmiddlewaretoken|opened)" value=")[^"]+|[0-9a-f-]{36}:\d+|"lines&quot;[^}]*}|lines&quot;:{&quot;\d+',
        "",
        text,
    )


@pytest.mark.parametrize("limit", LIMITS, ids=["first order", "once each"])
def test_updating_the_address_of_a_guest_shows_the_same_page_for_known_and_unknown_ones(limit):
    customer_of(make_promotion(codes=("WELCOME",), percent=10, **limit))
    client = client_of(with_codes(make_cart(make_variant()), "WELCOME"))
    pages = [client.post("/checkout/", {**GERMAN, "email": email, "update": "1"}) for email in (KNOWN, UNKNOWN)]
    assert {page.context["contents"].totals.discount_minor for page in pages} == {240}
    assert neutral(pages[0], KNOWN, UNKNOWN) == neutral(pages[1], KNOWN, UNKNOWN)


@pytest.mark.parametrize("limit", LIMITS, ids=["first order", "once each"])
def test_the_limit_is_decided_when_the_order_is_placed_and_then_shown(limit):
    customer_of(make_promotion(codes=("WELCOME",), percent=10, **limit))
    client = client_of(with_codes(make_cart(make_variant()), "WELCOME"))
    known = {**GERMAN, "email": KNOWN}
    refused = place(client, **known)
    assert (refused.status_code, refused.context["contents"].totals.discount_minor) == (409, 0)
    assert client.post("/checkout/", {**known, "update": "1"}).context["contents"].totals.discount_minor == 0
    assert client.post("/checkout/", placing(refused, **known)).status_code == 302
    assert Order.objects.latest("pk").discount_minor == 0


def test_what_was_told_of_one_address_tells_nothing_of_another():
    customer_of(make_promotion(codes=("WELCOME",), percent=10, is_first_order_only=True))
    client = client_of(with_codes(make_cart(make_variant()), "WELCOME"))
    place(client, **{**GERMAN, "email": "known+tag@example.com"})
    page = client.post("/checkout/", {**GERMAN, "email": UNKNOWN, "update": "1"})
    assert page.context["contents"].totals.discount_minor == 240


def test_asking_by_placing_is_counted(monkeypatch):
    customer_of(make_promotion(codes=("WELCOME",), percent=10, is_first_order_only=True))
    monkeypatch.setattr(checkout, "PLACING", Limit("asking", 1, 3600))
    client = client_of(with_codes(make_cart(make_variant()), "WELCOME"))
    assert place(client, **{**GERMAN, "email": KNOWN}).status_code == 409
    assert place(client, **{**GERMAN, "email": UNKNOWN}).status_code == 429


def test_an_account_sees_its_own_limit_at_once_and_no_other():
    customer_of(make_promotion(codes=("WELCOME",), percent=10, is_first_order_only=True))
    for own, typed, discount in ((KNOWN, UNKNOWN, 0), (UNKNOWN, KNOWN, 240)):
        user = make_user(own)
        client = client_of(with_codes(make_cart(make_variant(), user=user), "WELCOME"))
        client.force_login(user)
        page = client.post("/checkout/", {**GERMAN, "email": typed, "update": "1"})
        assert page.context["contents"].totals.discount_minor == discount


def entering_a_code(email: str):
    client = client_of(make_cart(make_variant()))
    client.post("/checkout/", {**GERMAN, "email": email, "update": "1"})
    return client.post("/checkout/", {**GERMAN, "email": email, "code": "WELCOME", "entered": "1"})


def the_cart_page(email: str):
    client = client_of(with_codes(make_cart(make_variant()), "WELCOME"))
    client.post("/checkout/", {**GERMAN, "email": email, "update": "1"})
    return client.get("/cart/")


def the_stock_alert(email: str):
    variant = make_variant(on_hand=0, title="Sold out mug")
    return Client().post("/back-in-stock/", {"variant": variant.pk, "email": email})


def finding_an_order(email: str):
    return Client().post("/orders/find/", {"number": "HS-00000000", "email": email})


def opening_an_account(email: str):
    order = make_order(email=email)
    confirm(order)
    return Client().post(f"/orders/{order.public_id}/account/", {"password1": "correct horse battery staple"})


def placing_an_order(email: str):
    return place(client_of(make_cart(make_variant())), **{**GERMAN, "email": email})


@pytest.mark.parametrize(
    "path",
    [entering_a_code, the_cart_page, the_stock_alert, finding_an_order, opening_an_account, placing_an_order],
    ids=lambda path: path.__name__,
)
def test_every_path_that_takes_an_address_answers_known_and_unknown_ones_alike(path):
    customer_of(make_promotion(codes=("WELCOME",), percent=10, is_first_order_only=True))
    make_user(KNOWN)
    ThrottleCounter.objects.all().delete()
    known, unknown = path(KNOWN), path(UNKNOWN)
    assert known.status_code == unknown.status_code
    if known.status_code == 302:
        assert re.sub(r"[0-9a-f-]{36}", "", known.url) == re.sub(r"[0-9a-f-]{36}", "", unknown.url)
        return
    bodies = [
        re.sub(r"[0-9a-f-]{36}|(?<![€\d.,])\d+|HS-\w+", "", neutral(page, KNOWN, UNKNOWN)) for page in (known, unknown)
    ]
    assert bodies[0] == bodies[1]
