"""The cart in a browser without JavaScript."""

import uuid

import pytest

from catalog.inventory import Need, reserve
from catalog.models import Product
from orders.cart import MAX_LINES, NO_COMBINATION
from orders.cart.merging import join_carts
from orders.models import Cart, CartLine
from tests.factories import (
    make_cart,
    make_options,
    make_shipping,
    make_tax,
    make_user,
    make_variant,
    make_variants,
)
from tests.orders.checkout_pages import OURS, add, client_of
from tests.reading import find, find_all, links_of, text_of

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _delivery():
    make_shipping()
    make_tax()


def test_adding_the_first_product_creates_a_cart_and_its_cookie(client):
    variant = make_variant(title="Alma mug")
    assert client.get("/cart/").cookies == {}
    assert Cart.objects.count() == 0
    response = add(client, variant, "2")
    cart = Cart.objects.get()
    assert (response.status_code, response.cookies["cart"].value) == (302, str(cart.token))
    assert response.cookies["cart"]["httponly"]
    assert response.cookies["cart"]["samesite"] == "Lax"
    page = client.get("/cart/")
    assert "Alma mug" in text_of(page)
    assert "€52.90" in text_of(page)
    assert page.headers["Cache-Control"] == "private, no-store"


def test_public_pages_that_show_a_cart_are_not_stored_in_shared_caches(client):
    assert "Cache-Control" not in client.get("/").headers
    add(client, make_variant())
    page = client.get("/")
    assert find_all(page, aria_label="Cart, 1 item") != []
    assert page.headers["Cache-Control"] == "private"


@pytest.mark.fault("F015")
@pytest.mark.parametrize("quantity", ["0", "-1", "1.5", "1e3", "99999999999", "", "NaN", "2;DROP", "100"])
def test_a_quantity_that_makes_no_sense_is_refused(client, quantity):
    assert add(client, make_variant(), quantity).status_code == 422
    assert CartLine.objects.count() == 0


@pytest.mark.fault("F014")
def test_prices_in_the_form_are_ignored(client):
    variant = make_variant(2400)
    add(client, variant, "1", price="1", unit_minor="1", total="1", is_staff="1", currency="JPY")
    assert "€24.00" in text_of(client.get("/cart/"))


def test_an_unavailable_combination_is_reported(client):
    variant = make_variant(option1="Sand")
    make_options(variant.product, "Glaze")
    assert add(client, variant, option1="Moss").status_code == 422
    assert add(client, variant, option1="Sand").status_code == 302
    other = make_variant(option1="Ink")
    assert NO_COMBINATION in text_of(add(client, variant, option1="Moss"))
    assert add(client, other).status_code == 302  # one variant: nothing to choose


def test_a_draft_cannot_be_bought(client):
    variant = make_variant()
    Product.objects.update(status="draft")
    assert add(client, variant).status_code == 422


@pytest.mark.fault("F137")
def test_a_form_from_another_site_is_refused(client):
    variant = make_variant()
    for headers in ({"origin": "https://evil.example"}, {"referer": "https://evil.example/x"}, {}):
        response = client.post("/cart/add/", {"product": variant.product_id, "quantity": "1"}, headers=headers)
        assert response.status_code == 403
    ok = client.post(
        "/cart/add/", {"product": variant.product_id, "quantity": "1"}, headers={"referer": "http://testserver/p/x/"}
    )
    assert ok.status_code == 302


def test_quantities_change_and_lines_go():
    cart = make_cart(make_variant(), make_variant())
    client = client_of(cart)
    first, second = cart.lines.all()
    client.post("/cart/", {"line": first.pk, "quantity": "5"})
    client.post("/cart/", {"line": second.pk, "quantity": "3", "remove": second.pk})
    assert list(cart.lines.values_list("quantity", "state")) == [(5, "active"), (1, "removed")]
    assert client.post("/cart/", {"line": first.pk, "quantity": "-1"}).status_code == 422


@pytest.mark.fault("F018")
def test_a_line_of_another_cart_is_not_there():
    mine, theirs = make_cart(make_variant()), make_cart(make_variant())
    response = client_of(mine).post("/cart/", {"line": theirs.lines.get().pk, "quantity": "0"})
    assert response.status_code == 404
    assert theirs.lines.count() == 1


@pytest.mark.fault("F019")
@pytest.mark.parametrize(
    "cookie", ["", "x", "0" * 5000, "../../etc", "%00", "null", "5b7bd0f2-1c4c-4a30-9b63-6a8d6a1c0000"]
)
def test_a_cookie_that_is_not_ours_is_an_empty_cart(client, cookie):
    client.cookies["cart"] = cookie
    assert client.get("/cart/").status_code == 200
    assert client.get("/checkout/").status_code == 302
    assert add(client, make_variant()).status_code == 302


@pytest.mark.fault("F020")
def test_a_cart_has_limits(client):
    cart = make_cart(make_variant())
    CartLine.objects.bulk_create(CartLine(cart=cart, variant=variant) for variant in make_variants(MAX_LINES - 1))
    response = add(client_of(cart), make_variant())
    assert response.status_code == 422
    assert "at most 100" in text_of(response)


def test_lines_say_what_is_wrong_with_them():
    scarce, gone, soldout = make_variant(on_hand=2), make_variant(), make_variant(on_hand=1)
    cart = make_cart(scarce, gone, soldout, quantity=3)
    Product.objects.filter(pk=gone.product_id).update(status="archived")
    reserve("x", [Need(1, soldout.pk, 1)])
    page = client_of(cart).get("/cart/")
    text = text_of(page)
    assert "Only 2 left" in text
    assert "no longer sold" in text
    assert "This is sold out" in text
    assert "/checkout/" not in links_of(find(page, "aside", aria_labelledby="os"))


def test_anonymous_and_own_cart_are_joined_at_login():
    user = make_user()
    mug, vase = make_variant(), make_variant()
    own = make_cart(mug, quantity=2, user=user)
    anonymous = make_cart(mug, vase, quantity=1)
    token = anonymous.token
    join_carts(token, user.pk)
    cart = Cart.objects.get()
    assert (cart.pk, cart.token) == (own.pk, token)
    assert sorted(cart.lines.values_list("variant_id", "quantity")) == sorted([(mug.pk, 3), (vase.pk, 1)])
    join_carts(uuid.uuid4(), user.pk)
    assert Cart.objects.count() == 1


@pytest.mark.fault("F025")
def test_a_cart_is_shown_to_its_owner_only(client):
    owner, other = make_user(), make_user()
    cart = make_cart(make_variant(title="Secret mug"), user=owner)
    client.cookies["cart"] = str(cart.token)
    assert find_all(client.get("/cart/"), name="line") == []
    client.force_login(other)
    assert find_all(client.get("/cart/"), name="line") == []
    client.force_login(owner)
    assert find_all(client.get("/cart/"), name="line") != []


def test_adding_stops_at_the_available_units_and_reports_it():
    lamp = make_variant(on_hand=2, title="Halo lamp")
    cart = Cart.objects.create(currency="EUR")
    client = client_of(cart)
    assert add(client, lamp, "9").status_code == 302
    assert "Only 2 left: your cart holds 2 instead of 9." in text_of(client.get("/cart/"))
    add(client, lamp)
    assert list(cart.lines.values_list("quantity", "asked_quantity")) == [(2, 3)]
    line = cart.lines.get()
    client.post("/cart/", {"line": line.pk, "quantity": "7"})
    assert "Only 2 left: your cart holds 2 instead of 7." in text_of(client.get("/cart/"))
    client.post("/cart/", {"line": line.pk, "quantity": "1"})
    assert "Only 2 left" not in text_of(client.get("/cart/"))


def test_adding_above_the_limit_per_order_is_reported():
    variant = make_variant(most_per_order=3)
    cart = Cart.objects.create(currency="EUR")
    add(client_of(cart), variant, "5")
    words = "At most 3 of this per order: your cart holds 3 instead of 5."
    assert words in text_of(client_of(cart).get("/cart/"))


def test_a_sold_out_product_is_not_added_and_offers_a_stock_alert(client):
    lamp = make_variant(on_hand=0, title="Halo lamp")
    response = add(client, lamp)
    text = text_of(response)
    assert response.status_code == 422
    assert "Halo lamp is sold out." in text
    assert "Tell me when it's back" in text
    assert CartLine.objects.count() == 0


def test_a_script_gets_the_drawer_with_the_added_line_and_one_way_on(client):
    mug = make_variant(2400, on_hand=9, title="Alma mug")
    response = client.post(
        "/cart/add/", {"product": mug.product_id, "quantity": 2}, headers={**OURS, "x-fragment": "1"}
    )
    text = text_of(response)
    line = CartLine.objects.get()
    assert (response.status_code, response.cookies["cart"].value) == (200, str(line.cart.token))
    assert find_all(response, id="cartbody") == []
    assert text.count("Check out") == 1
    assert find_all(response, aria_label="Cart, 2 items") != []
    assert "Add €12.00 for free delivery" in text
    assert find(response, "progress", class_="meter-bar", max="6000", value="4800")
    lower = {"line": line.pk, "drawer": line.pk, "quantity": "3"}
    fewer = client.post("/cart/", lower, headers={**OURS, "x-fragment": "1"})
    assert "Delivery is free" in text_of(fewer)
    gone = {"drawer": line.pk, "remove": line.pk}
    assert "Alma mug was removed." in text_of(client.post("/cart/", gone, headers={**OURS, "x-fragment": "1"}))


def test_an_unknown_code_shows_an_error_beside_its_field():
    response = client_of(make_cart(make_variant())).post("/cart/", {"code": "nope", "entered": "1"})
    assert response.status_code == 422
    assert find_all(response, class_="errors") == []
    assert find(response, class_="err", id="code-e").text == "Error: We do not know this code."
    assert find(response, aria_describedby="code-e").attributes["name"] == "code"
