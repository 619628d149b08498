"""The checkout in a browser without JavaScript."""

import pytest
from django.test import Client

from catalog.inventory import Need, reserve
from catalog.markets import default_market
from catalog.prices import set_price
from orders.cart import set_quantity
from orders.cart.differences import displayed_sums
from orders.cart.merging import join_carts
from orders.models import Cart, Order
from tests.factories import (
    contents_of,
    make_cart,
    make_order,
    make_promotion,
    make_shipping,
    make_tax,
    make_user,
    make_variant,
    seen_of,
    with_codes,
)
from tests.orders.checkout_pages import OURS, add, client_of
from tests.reading import find, form_of, links_of, text_of, title_of

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _delivery():
    make_shipping()
    make_tax()


def checkout_form(cart, **changes):
    seen = seen_of(cart)
    fields = {"email": "Anna@Example.com", "country": "DE", "name": " Anna  Peeters ", "line1": "Kraanlei 12"}
    fields |= {"postcode": "10115", "city": "Berlin", "shipping_code": "standard"}
    return {**fields, "cart_mark": seen.cart_mark, "total": seen.total_minor, "due": seen.due_minor, **changes}


def test_the_checkout_stores_cleaned_values():
    cart = make_cart(make_variant())
    response = client_of(cart).post("/checkout/", checkout_form(cart))
    order = Order.objects.get()
    assert response.headers["Location"] == f"/orders/{order.public_id}/pay/"
    assert (order.email, order.name, order.terms_version) == ("anna@example.com", "Anna Peeters", "2026-06")
    assert order.terms_accepted_ip == "127.0.0.1"


def test_an_order_stores_its_address_as_a_label_prints_it():
    """Characters that cannot be seen are left out, the postcode and the phone number have one form."""
    cart = make_cart(make_variant())
    typed = {
        "email": "anna@exam\u00adple.com\u200b",
        "name": "\u200eAnna\u200b Peeters\ufeff",
        "line1": "Kraan\u00adlei 12",
        "line2": "\u202aHof\u202c 2",
        "postcode": "D-10115\u200b",
        "city": "Ber\u200blin",
        "phone": "\u202a(030) 901\u2011820\u202c ext. 12",
        "company": "Loom\u2060 GmbH",
    }
    response = client_of(cart).post("/checkout/", checkout_form(cart, **typed))
    assert response.status_code == 302, text_of(response)
    order = Order.objects.get()
    assert (order.name, order.line1, order.line2) == ("Anna Peeters", "Kraanlei 12", "Hof 2")
    assert (order.postcode, order.city, order.company) == ("10115", "Berlin", "Loom GmbH")
    assert (order.email, order.phone) == ("anna@example.com", "+4930901820 ext. 12")


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("email", "", "Enter your e-mail address"),
        ("email", "anna", "Enter an e-mail address in the form name@example.com"),
        ("email", "a@x.example\r\nBcc: b@x.example", "Enter an e-mail address in the form name@example.com"),
        ("email", "a@" + "ü" * 60 + ".de", "Enter an e-mail address in the form name@example.com"),
        ("postcode", "90", "Enter a postcode like 10115"),
        ("name", "", "Enter your full name"),
        ("name", "\u202e\u200b", "Enter your full name"),
        ("country", "XX", "Choose a country from the list"),
        ("phone", "call me", "Enter a phone number like +49 30 123456, or leave it empty"),
        ("shipping_code", "", "Choose a delivery method"),
        ("shipping_code", "rocket", "Choose a delivery method for this country"),
        ("line1", "x" * 201, "at most 200 characters"),
    ],
)
def test_errors_are_summarized_and_everything_typed_is_kept(field, value, words):
    cart = make_cart(make_variant())
    response = client_of(cart).post("/checkout/", checkout_form(cart, **{field: value}))
    assert response.status_code == 422
    assert words in links_of(response)[f"#{field}"]
    assert title_of(response).startswith("Error: ")
    kept = {"line1": "Kraanlei 12", "city": "Berlin"}
    assert all(form_of(response)[name] == typed for name, typed in kept.items() if name != field)
    assert Order.objects.count() == 0


@pytest.mark.fault("F016")
def test_a_changed_price_is_shown_before_anything_is_placed():
    variant = make_variant(2400)
    cart = make_cart(variant)
    form = checkout_form(cart)
    set_price(variant.pk, default_market(), regular_minor=2600)
    client = client_of(cart)
    response = client.post("/checkout/", form)
    assert response.status_code == 409
    assert "Something has changed" in text_of(response)
    assert "Order and pay €30.90" in text_of(response)
    assert form_of(response)["line1"] == "Kraanlei 12"
    assert client.post("/checkout/", checkout_form(cart)).status_code == 302


def test_units_sold_meanwhile_are_reported_as_in_the_cart():
    variant = make_variant(on_hand=3, title="Alma mug")
    cart = make_cart(variant, quantity=3)
    form = checkout_form(cart)
    reserve("x", [Need(1, variant.pk, 1)])
    response = client_of(cart).post("/checkout/", form)
    assert response.status_code == 409
    words = "Only 2 left. Please lower the quantity to continue."
    assert f"Alma mug: {words}" in text_of(response)
    assert words in text_of(client_of(cart).get("/cart/"))


def test_a_cart_merged_above_the_stock_shows_the_same_notice_in_cart_and_checkout():
    user, vase = make_user(), make_variant(on_hand=6, title="Terra vase")
    make_cart(vase, quantity=4, user=user)
    join_carts(make_cart(vase, quantity=5).token, user.pk)
    cart = Cart.objects.get()
    assert list(cart.lines.values_list("quantity", "asked_quantity")) == [(6, 9)]
    client = Client(headers=OURS)
    client.force_login(user)
    words = "Only 6 left: your cart holds 6 instead of 9."
    assert words in text_of(client.get("/cart/"))
    assert client.post("/checkout/", checkout_form(cart)).status_code == 302


def test_a_code_that_no_longer_applies_says_why_and_how_to_use_it_again():
    make_promotion(percent=10, codes=("TEN",), name="Ten off", minimum_minor=4000)
    cart = with_codes(make_cart(make_variant(2400), quantity=2), "TEN")
    form = checkout_form(cart, seen_sums=displayed_sums(contents_of(cart)))
    set_quantity(cart, cart.lines.get().pk, 1)
    why = "Ten off: Add €16.00 of eligible items to use it."
    page = text_of(client_of(cart).get("/cart/"))
    assert "TEN does not apply right now" in page
    assert why in page
    refused = client_of(cart).post("/checkout/", form)
    assert f"TEN no longer applies. {why}" in text_of(refused)
    assert "The discount was" not in text_of(refused)
    assert find(refused, name="drop")


def test_changing_the_country_shows_its_methods_and_keeps_what_was_typed():
    cart = make_cart(make_variant())
    response = client_of(cart).post("/checkout/", checkout_form(cart, country="CH", update="1", email=""))
    assert response.status_code == 200
    assert "We cannot deliver to Switzerland yet" in text_of(response)
    assert "There is a problem" not in text_of(response)
    assert form_of(response)["line1"] == "Kraanlei 12"


@pytest.mark.fault("F029")
def test_submitting_the_form_twice_leads_to_the_same_order():
    cart = make_cart(make_variant())
    form = checkout_form(cart)
    client = client_of(cart)
    client.post("/checkout/", form)
    order = Order.objects.get()
    assert client.get("/checkout/").headers["Location"] == f"/orders/{order.public_id}/"
    assert client.post("/checkout/", form).headers["Location"] == f"/orders/{order.public_id}/pay/"
    assert Order.objects.count() == 1


def test_an_unpaid_order_is_named_in_the_cart_and_adding_a_product_starts_a_new_cart():
    cart = make_cart(make_variant())
    client = client_of(cart)
    client.post("/checkout/", checkout_form(cart))
    order = Order.objects.get()
    assert order.number in text_of(client.get("/cart/"))
    response = add(client, make_variant())
    assert response.cookies["cart"].value != str(cart.token)
    assert Cart.objects.count() == 2


@pytest.mark.fault("F035")
def test_a_sixth_unpaid_order_for_one_address_is_refused():
    for _ in range(5):
        make_order(email="anna@example.com")
    Order.objects.update(terms_accepted_ip="127.0.0.1")
    cart = make_cart(make_variant())
    response = client_of(cart).post("/checkout/", checkout_form(cart))
    assert response.status_code == 429
    assert int(response.headers["Retry-After"]) > 0
    Order.objects.update(terms_accepted_ip="192.0.2.1")  # somebody else typed that address
    assert client_of(cart).post("/checkout/", checkout_form(cart)).status_code == 302
