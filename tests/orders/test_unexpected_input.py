"""Unexpected input by shoppers: odd values in every field, other people's carts, another market, double clicks."""

import pytest
from django.test import Client

from accounts.addresses import keep_address
from accounts.models import Address, ThrottleCounter
from catalog.models import Product
from catalog.prices import set_price
from orders.cart.merging import join_carts
from orders.lifecycle import confirm
from orders.models import Cart, CartLine, Order
from shop.models import Mail
from tests.factories import (
    contents_of,
    make_cart,
    make_gift_card,
    make_order,
    make_promotion,
    make_shipping,
    make_tax,
    make_user,
    make_variant,
    place,
    with_codes,
)
from tests.orders.checkout_pages import OURS, checkout_form, client_of, page_of
from tests.reading import find_all, form_of, markup_of, text_of, title_of

pytestmark = pytest.mark.django_db
ODD = [
    "",
    "0",
    "-1",
    "1.5",
    "1e3",
    "٣",
    "9" * 19,
    "9" * 5000,
    "NaN",
    "a\x00b",
    "\u202eabc",
    "x" * 20_001,
    "<b>",
    "card-",
    f"card-{'9' * 30}",
    "card-٣",
    "[]",
    "[" * 9000,
    '{"total":1e999}',
    '{"lines":{"1":[true,1]}}',
    "ﷺ" * 50,
    "none",
]
ADDRESS = {"name": "Ann", "line1": "Street 1", "postcode": "10115", "city": "Berlin", "country": "DE"}


@pytest.fixture(autouse=True)
def delivery():
    make_shipping()
    make_tax()


def logged_in(user, **cookies) -> Client:
    client = Client(headers=OURS)
    client.force_login(user)
    return client


@pytest.mark.fault("F014")
@pytest.mark.parametrize(
    "name", ["remove", "save", "restore", "drop", "country", "note", "gift_message", "line", "code"]
)
def test_odd_values_in_the_cart_are_refused_or_ignored(name):
    cart = make_cart(make_variant())
    for value in ODD:
        ThrottleCounter.objects.all().delete()
        answer = client_of(cart).post(
            "/cart/", {"entered": "1", "quantity": "1", name: value} if name == "code" else {name: value}
        )
        assert answer.status_code < 500, value
    assert contents_of(cart).totals.subtotal_minor == 2400


@pytest.mark.fault("F014")
@pytest.mark.parametrize("name", ["cart_mark", "total", "due", "seen_sums", "vat_id", "shipping_code", "billing_city"])
def test_odd_values_in_the_checkout_order_nothing(name):
    cart = make_cart(make_variant())
    form = {**checkout_form(cart), "total": "1"}
    for value in ODD:
        assert client_of(cart).post("/checkout/", {**form, name: value}).status_code < 500, value
    assert not Order.objects.exists()


@pytest.mark.fault("F018")
@pytest.mark.parametrize("name", ["remove", "save", "restore"])
def test_lines_of_another_cart_are_not_there(name):
    cart, other = make_cart(make_variant()), make_cart(make_variant())
    line = other.lines.get()
    assert client_of(cart).post("/cart/", {name: line.pk}).status_code == 404
    assert (other.lines.get().state, other.lines.get().changed_at) == ("active", line.changed_at)


@pytest.mark.fault("F018")
def test_a_gift_card_of_another_cart_stays_there():
    card, code = make_gift_card()
    other, cart = with_codes(make_cart(make_variant()), code), make_cart(make_variant())
    client_of(cart).post("/cart/", {"drop": f"card-{card.pk}"})
    assert other.gift_cards.count() == 1


@pytest.mark.parametrize("code", ["none", "attic"])
def test_nothing_is_sent_by_a_method_that_sends_nothing(us_market, code):
    make_shipping(0, "attic", kind="pickup", market="us", pickup_address="Attic")
    cart = make_cart(make_variant())
    form = checkout_form(cart, shipping_code=code, line1="", postcode="", city="")
    answer = client_of(cart).post("/checkout/", form)
    assert (answer.status_code, Order.objects.exists()) == (422, False)


def test_a_code_that_was_typed_but_not_used_is_used_before_anything_is_ordered():
    make_promotion(codes=("TEN",), percent=10)
    cart = make_cart(make_variant())
    answer = client_of(cart).post("/checkout/", checkout_form(cart, code="ten"))
    assert (answer.status_code, Order.objects.exists(), contents_of(cart).totals.discount_minor) == (200, False, 240)
    assert form_of(answer)["code"] == ""
    assert client_of(cart).post("/checkout/", checkout_form(Cart.objects.get(pk=cart.pk))).status_code == 302


def test_a_wrong_code_stays_in_its_field():
    cart = make_cart(make_variant())
    for address, form in (("/cart/", {}), ("/checkout/", checkout_form(cart))):
        page = client_of(cart).post(address, {**form, "code": "WRONG1", "entered": "1"})
        assert ("We do not know this code." in text_of(page), form_of(page)["code"]) == (True, "WRONG1")


def test_enter_in_the_cart_uses_the_code_and_removes_none():
    make_promotion(codes=("TEN",), percent=10)
    named = [
        control.attributes["name"]
        for control in find_all(page_of(with_codes(make_cart(make_variant()), "TEN")), name=True)
    ]
    assert named.index("entered") < named.index("drop")


def test_a_refused_note_stays_in_its_field():
    cart = make_cart(make_variant())
    page = client_of(cart).post("/cart/", {"note": "Ring twice" + "!" * 500, "gift_message": "Hello"})
    typed = form_of(page)
    assert (typed["note"][:13], typed["gift_message"]) == ("Ring twice!!!", "Hello")


def test_a_message_of_many_lines_and_joined_signs_fits_as_the_browser_counts_it():
    cart = make_cart(make_variant())
    message = ("a" * 49 + "\r\n") * 9 + "a" * 40 + "👩‍👧"
    client_of(cart).post("/cart/", {"note": "علی‌رضا", "gift_message": message})
    cart.refresh_from_db()
    assert (cart.note, len(cart.gift_message)) == ("علی‌رضا", 493)


def test_a_cart_from_another_market_brings_no_prices_codes_and_cards_of_it(us_market):
    variant, user = make_variant(2400), make_user()
    set_price(variant.pk, us_market, regular_minor=3000)
    make_promotion(codes=("DOLLARS",), percent=10, market="us")
    make_cart(make_variant(), user=user)
    anonymous = Client(headers=OURS)
    anonymous.post("/us/cart/add/", {"product": variant.product_id, "quantity": 1})
    cart = Cart.objects.get(user=None)
    with_codes(cart, "DOLLARS", make_gift_card(currency="USD")[1])
    join_carts(cart.token, user.pk)
    own = Cart.objects.get()
    assert (own.market, own.codes, own.gift_cards.count(), own.lines.count()) == ("main", [], 0, 2)
    assert "when you added this" not in text_of(logged_in(user).get("/cart/"))


def test_ordering_again_reports_products_that_are_no_longer_sold():
    order = make_order()
    Product.objects.update(status="archived")
    client = Client()
    text = text_of(client.post(f"/orders/{order.public_id}/again/", follow=True))
    assert "Nothing from that order could be added to your cart: it is sold out or no longer sold." in text


def test_ordering_again_with_a_full_cart_keeps_what_fits(monkeypatch):
    one, other = make_variant(), make_variant()
    order, cart = make_order(one, other), make_cart(one)
    monkeypatch.setattr("orders.cart.editing.MAX_LINES", 1)
    text = text_of(client_of(cart).post(f"/orders/{order.public_id}/again/", follow=True))
    assert "Some items from that order are no longer available" in text
    assert list(CartLine.objects.filter(cart=cart).values_list("quantity", flat=True)) == [2]


def test_the_same_address_twice_is_kept_once():
    client = logged_in(user := make_user())
    for _ in range(2):
        client.post("/account/addresses/", ADDRESS)
    assert list(user.addresses.values_list("line1", "is_default")) == [("Street 1", True)]


@pytest.mark.django_db(transaction=True)
def test_two_first_addresses_at_once_are_both_kept(at_once):
    user = make_user()
    results = at_once(*(lambda line=line: keep_address(user.pk, {**ADDRESS, "line1": line}) for line in "AB"))
    assert [type(result) for result in results] == [Address, Address]
    assert user.addresses.filter(is_default=True).count() == 1


def test_the_address_book_knows_the_countries_of_all_markets(us_market):
    client, user = logged_in(user := make_user()), user
    client.post("/account/addresses/", {**ADDRESS, "country": "US", "postcode": "10001"})
    kept = user.addresses.get()
    assert form_of(client.get(f"/account/addresses/{kept.pk}/"))["country"] == "US"


def test_an_address_that_the_market_does_not_deliver_to_is_not_filled_in(us_market):
    user = make_user()
    keep_address(user.pk, {**ADDRESS, "line1": "5th Avenue", "country": "US"})
    keep_address(user.pk, {**ADDRESS, "line1": "Here"})
    make_cart(make_variant(), user=user)
    page = logged_in(user).get("/checkout/")
    assert (form_of(page)["line1"], "5th Avenue" in markup_of(page)) == ("Here", False)


def test_a_phone_number_that_the_checkout_refuses_is_refused_in_the_address_book():
    answer = logged_in(make_user()).post("/account/addresses/", {**ADDRESS, "phone": "call me"})
    assert (answer.status_code, Address.objects.exists()) == (422, False)


def test_an_order_for_pick_up_shows_where_and_when_and_no_delivery_address():
    make_shipping(0, "attic", kind="pickup", pickup_address="Attic Street 9")
    order = make_order(make_variant(), shipping_code="attic")
    confirm(order)
    page = markup_of(Client().get(order.get_absolute_url()))
    mail = Mail.objects.get(subject__startswith=f"Order {order.number}:").body
    for text in (page, mail):
        assert ("Attic Street 9" in text, "Kraanlei" in text) == (True, False)
    assert "Handed to the carrier" not in page


def test_the_lines_of_an_order_add_up_to_its_subtotal():
    make_promotion(percent=10)
    order = make_order(make_variant(2000), make_variant(3000))
    prices = [price.text for price in find_all(Client().get(order.get_absolute_url()), class_="price")]
    assert ("€20.00" in prices, "€30.00" in prices) == (True, True)


def test_tax_that_is_added_is_not_called_vat_in_the_mail(us_market):
    make_tax("US", "10")
    make_shipping(code="usps", market="us", countries=["US"])
    variant = make_variant()
    set_price(variant.pk, us_market, regular_minor=3000)
    cart = make_cart(variant)
    Cart.objects.filter(pk=cart.pk).update(market="us", currency="USD")
    confirm(place(cart, country="US", postcode="10001", shipping_code="usps"))
    body = Mail.objects.get().body
    assert ("Tax 10 %" in body, "VAT" in body) == (True, False)


def test_an_account_error_on_the_order_page_is_in_its_title():
    order = make_order()
    confirm(order)
    answer = Client().post(f"{order.get_absolute_url()}account/", {"password1": "short"})
    assert (answer.status_code, title_of(answer)[:12]) == (422, "Error: Order")
