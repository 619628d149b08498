"""The choice of a way to pay at the checkout."""

from datetime import timedelta

import pytest

from catalog.money import format_money
from orders.checkout.ways_to_pay import WAYS, WayToPay
from orders.errors import TotalTooSmall, WayNotOffered
from orders.models import Order
from tests.factories import make_cart, make_shipping, make_tax, make_variant, place, seen_of
from tests.orders.checkout_pages import GERMAN, client_of, placing
from tests.reading import text_of

pytestmark = pytest.mark.django_db

BARTER = WayToPay("barter", "Barter", "Bring eggs.", is_online=False, window=timedelta(days=3))
COUNTER = WayToPay("counter", "At the counter", is_online=False, needs_pickup=True)


@pytest.fixture(autouse=True)
def delivery():
    make_shipping(free_from_minor=None)
    make_shipping(0, "shop", kind="pickup", pickup_address="Kraanlei 12")
    make_tax()


@pytest.fixture
def more_ways(monkeypatch) -> None:
    monkeypatch.setattr("orders.checkout.ways_to_pay.WAYS", [*WAYS, lambda _contents: [BARTER, COUNTER]])


def radios(response) -> list[tuple[str, bool]]:
    """The ways to pay on the page, and whether each is chosen."""
    paying, chosen = response.context["paying"], response.context["way"]
    return [(way.code, way == chosen) for way in paying.ways]


def test_with_one_way_to_pay_there_is_no_choice():
    response = client_of(make_cart(make_variant())).get("/checkout/")
    assert "You pay securely through our payment provider" in text_of(response)
    assert 'name="payment_method"' not in response.text
    assert place(make_cart(make_variant())).payment_method == "stripe"


def test_the_first_of_several_ways_is_chosen_and_those_for_pick_up_wait_for_it(more_ways):
    client = client_of(make_cart(make_variant()))
    response = client.get("/checkout/")
    assert radios(response) == [("stripe", True), ("barter", False)]
    assert "Update payment methods" in text_of(response)
    response = client.post("/checkout/", {"shipping_code": "shop", "payment_method": "counter", "update": "1"})
    assert radios(response) == [("stripe", False), ("barter", False), ("counter", True)]
    assert "Update payment methods" not in text_of(response)


def test_the_chosen_way_stands_in_the_order_with_its_own_time_to_pay(more_ways):
    order = place(make_cart(make_variant()), payment_method="barter")
    assert order.payment_method == "barter"
    assert order.payment_due_at == order.placed_at + timedelta(days=3)


def test_a_way_that_is_not_offered_is_refused_with_everything_typed(more_ways):
    cart = make_cart(make_variant())
    client = client_of(cart)
    page = client.get("/checkout/")
    response = client.post("/checkout/", placing(page, **GERMAN, payment_method="counter"))
    assert response.status_code == 422
    assert response.context["bad"] == {"payment_method": WayNotOffered.sentence}
    assert '<a href="#payment_method">' in response.text
    assert response.context["form"]["name"].value() == GERMAN["name"]
    assert not Order.objects.exists()


def test_a_refusal_and_a_later_visit_keep_the_choice(more_ways):
    client = client_of(make_cart(make_variant()))
    page = client.get("/checkout/")
    response = client.post("/checkout/", placing(page, **{**GERMAN, "name": ""}, payment_method="barter"))
    assert response.status_code == 422
    assert radios(response) == [("stripe", False), ("barter", True)]
    assert radios(client.get("/checkout/")) == [("stripe", False), ("barter", True)]


def test_another_way_to_pay_is_another_order(more_ways):
    cart = make_cart(make_variant())
    client = client_of(cart)
    page = client.get("/checkout/")
    first = client.post("/checkout/", placing(page, **GERMAN, payment_method="barter"))
    again = client.post("/checkout/", placing(page, **GERMAN, payment_method="barter"))
    assert (first.status_code, again.status_code, first.url) == (302, 302, again.url)
    other = client.post("/checkout/", placing(page, **GERMAN, payment_method="stripe"))
    assert other.status_code == 307


def test_the_minimum_of_the_payment_provider_binds_only_what_it_charges(more_ways):
    cheap = make_variant(10)
    make_shipping(0, "free", free_from_minor=None)
    with pytest.raises(TotalTooSmall):
        place(make_cart(cheap), shipping_code="free")
    order = place(make_cart(cheap), shipping_code="free", payment_method="barter")
    assert format_money(order.due_minor, "EUR") == "€0.10"


def test_nothing_left_to_pay_needs_no_way(more_ways):
    make_shipping(0, "free", free_from_minor=None)
    cart = make_cart(make_variant(0))
    assert "There is nothing left to pay." in text_of(client_of(cart).get("/checkout/"))
    seen = seen_of(cart, shipping_code="free")
    assert seen.due_minor == 0
    assert place(cart, shipping_code="free", payment_method="barter").payment_method == "stripe"


def test_the_button_names_the_amount(more_ways):
    response = client_of(make_cart(make_variant(2400))).get("/checkout/")
    assert "Order and pay €28.90" in text_of(response)
