"""Features of the cart: undo, saved lines, notes, codes, the estimate and ordering again."""

from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from catalog.markets import default_market
from catalog.models import Product
from catalog.prices import set_price
from orders import lifecycle
from orders.cart import restore, save_for_later, set_quantity
from orders.cart.merging import join_carts
from orders.cart.reorder import order_again
from orders.models import Cart, CartLine, Order
from shop.operations.purge import purge
from tests.factories import (
    contents_of,
    make_cart,
    make_gift_card,
    make_listed_variants,
    make_order,
    make_promotion,
    make_shipping,
    make_tax,
    make_user,
    make_variant,
    with_codes,
)
from tests.orders.checkout_pages import checkout_form, client_of, page_of
from tests.reading import find, find_all, form_of, links_of, text_of

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def delivery():
    make_shipping()
    make_tax()


def test_a_removed_line_can_be_restored_for_ten_minutes():
    cart = make_cart(make_variant(title="Alma mug"), make_variant(), quantity=3)
    line = cart.lines.first()
    client_of(cart).post("/cart/", {"remove": line.pk})
    assert "Alma mug was removed." in text_of(page_of(cart))
    with time_machine.travel(timezone.now() + timedelta(minutes=11)):
        assert "was removed" not in text_of(page_of(cart))
    client_of(cart).post("/cart/", {"restore": line.pk})
    line.refresh_from_db()
    assert (line.state, line.quantity) == ("active", 3)


def test_adding_a_removed_product_again_starts_at_the_new_quantity():
    variant = make_variant()
    cart = make_cart(variant, quantity=5)
    set_quantity(cart, cart.lines.get().pk, 0)
    client_of(cart).post("/cart/add/", {"product": variant.product_id, "quantity": 2})
    assert list(cart.lines.values_list("quantity", "state")) == [(2, "active")]


def test_saved_for_later_is_kept_and_not_ordered():
    cart = make_cart(make_variant(1000), make_variant(2000, title="Later"))
    later = cart.lines.last()
    client_of(cart).post("/cart/", {"save": later.pk})
    assert contents_of(cart).totals.subtotal_minor == 1000
    assert "Saved for later" in text_of(page_of(cart))
    restore(cart, later.pk)
    assert contents_of(cart).totals.subtotal_minor == 3000


def test_saved_lines_are_still_saved_after_ordering():
    later = make_variant(2000, title="Later")
    cart = make_cart(make_variant(1000), later)
    save_for_later(cart, cart.lines.last().pk)
    client = client_of(cart)
    cart.refresh_from_db()
    client.post("/checkout/", checkout_form(cart))
    order = Order.objects.get()
    assert "Saved for later" not in text_of(client.get("/cart/"))  # it still waits for its payment
    lifecycle.confirm(order)
    assert "Saved for later" in text_of(client.get("/cart/"))
    assert Cart.objects.get(ordered_at=None).lines.get().variant == later


def test_a_price_that_changed_since_the_line_was_added_is_shown():
    variant = make_variant(2400)
    cart = Cart.objects.create(currency="EUR")
    client = client_of(cart)
    client.post("/cart/add/", {"product": variant.product_id, "quantity": 1})
    assert "when you added this" not in text_of(page_of(cart))
    set_price(variant.pk, default_market(), regular_minor=2600)
    assert "The price was €24.00 when you added this, and is now €26.00." in text_of(page_of(cart))


def test_each_line_shows_why_it_cannot_be_ordered():
    few, none, gone = make_variant(on_hand=2), make_variant(on_hand=0), make_variant()
    cart = make_cart(few, none, gone, quantity=3)
    Product.objects.filter(pk=gone.product_id).update(status="archived")
    page = page_of(cart)
    for words in ("Only 2 left.", "This is sold out.", "This is no longer sold."):
        assert text_of(page).count(words) == 1
    assert "Check out" not in links_of(page).values()


def test_a_note_and_a_gift_message_travel_to_the_order():
    cart = make_cart(make_variant())
    client_of(cart).post("/cart/", {"note": "Ring twice", "gift_message": "For you"})
    cart.refresh_from_db()
    client_of(cart).post("/checkout/", checkout_form(cart))
    order = Order.objects.get()
    assert (order.note, order.gift_message) == ("Ring twice", "For you")


def test_a_note_that_is_too_long_is_refused_with_the_reason():
    answer = client_of(make_cart(make_variant())).post("/cart/", {"note": "x" * 501, "gift_message": ""})
    assert answer.status_code == 422
    assert "A note can have at most 500 characters" in text_of(answer)


def test_invisible_characters_are_removed_from_notes():
    cart = make_cart(make_variant())
    assert client_of(cart).post("/cart/", {"note": "hid\u202eden", "gift_message": ""}).status_code == 302
    cart.refresh_from_db()
    assert cart.note == "hidden"


def test_the_estimate_follows_the_country():
    make_shipping(1690, "beyond", countries=["CH"], free_from_minor=None)
    cart = make_cart(make_variant(2400))
    client_of(cart).post("/cart/", {"country": "CH"})
    page = page_of(cart)
    assert "€14.20" in text_of(page)  # 16.90 without the tax at home
    assert form_of(page)["country"] == "CH"
    assert client_of(cart).post("/cart/", {"country": "XX"}).status_code == 422
    assert form_of(client_of(cart).get("/checkout/"))["country"] == "CH"


def test_the_cart_shows_what_each_code_does():
    make_promotion(percent=10, codes=("TEN",), name="Ten off")
    cart = make_cart(make_variant(2400))
    client = client_of(cart)
    assert client.post("/cart/", {"code": "ten", "entered": "1"}).status_code == 302
    assert "−€2.40" in text_of(page_of(cart))
    client.post("/cart/", {"drop": "TEN"})
    assert "−€2.40" not in text_of(page_of(cart))
    wrong = client.post("/cart/", {"code": "nothing", "entered": "1"})
    assert wrong.status_code == 422
    assert "We do not know this code." in text_of(wrong)


def test_a_link_with_a_code_opens_the_box_with_it_in():
    page = client_of(make_cart(make_variant())).get("/cart/?code=TEN%22%3E")
    assert form_of(page)["code"] == 'TEN">'
    assert [find(box, "summary").text.startswith("Discount code") for box in find_all(page, "details", open=True)] == [
        True
    ]


def test_a_code_entered_at_the_checkout_keeps_everything_typed():
    make_promotion(percent=10, codes=("TEN",))
    cart = make_cart(make_variant(2400))
    form = checkout_form(cart, line1="Half a str", email="not yet", code="ten", entered="1")
    answer = client_of(cart).post("/checkout/", form)
    assert answer.status_code == 200
    assert form_of(answer)["line1"] == "Half a str"
    assert "−€2.40" in text_of(answer)
    wrong = client_of(cart).post("/checkout/", {**form, "code": "nope"})
    assert "We do not know this code." in text_of(wrong)
    assert form_of(wrong)["line1"] == "Half a str"


@pytest.mark.parametrize("path", ["/cart/", "/checkout/"])
@pytest.mark.parametrize("forged", [{}, {"x-forwarded-for": "203.0.113.9"}])
def test_an_eleventh_unknown_code_from_one_place_is_refused(path, forged):
    make_promotion(percent=10, codes=("GOOD",))
    cart = make_cart(make_variant())
    client = client_of(cart)
    for number in range(10):
        assert client.post(path, {"code": f"GUESS{number}", "entered": "1"}, headers=forged).status_code in (200, 422)
    refused = client.post(path, {"code": "GOOD", "entered": "1"}, headers=forged)
    assert refused.status_code == 429
    assert 0 < int(refused.headers["Retry-After"]) <= 600
    cart.refresh_from_db()
    assert cart.codes == []


def test_codes_that_are_good_do_not_count():
    make_promotion(percent=10, codes=("GOOD",))
    _, code = make_gift_card()
    client = client_of(make_cart(make_variant()))
    for _ in range(12):
        assert client.post("/cart/", {"code": "GOOD", "entered": "1"}).status_code == 302
        assert client.post("/cart/", {"code": code, "entered": "1"}).status_code == 302


def test_merged_carts_keep_codes_gift_cards_notes_and_saved_lines():
    make_promotion(percent=10, codes=("TEN",))
    make_promotion(percent=5, codes=("FIVE",))
    card, code = make_gift_card()
    user, shared = make_user(), make_variant()
    own = with_codes(make_cart(shared, user=user, quantity=2), "FIVE")
    anonymous = with_codes(make_cart(shared, make_variant(title="Later"), quantity=3), "TEN", code)
    CartLine.objects.filter(cart=anonymous, variant__product__title="Later").update(state="saved")
    Cart.objects.filter(pk=anonymous.pk).update(note="Ring", country="AT")
    join_carts(anonymous.token, user.pk)
    own.refresh_from_db()
    assert (own.codes, own.note, own.country) == (["FIVE", "TEN"], "Ring", "AT")
    assert list(own.gift_cards.all()) == [card]
    assert sorted(own.lines.values_list("quantity", "state")) == [(3, "saved"), (5, "active")]


def test_a_past_order_is_ordered_again_as_far_as_it_is_sold():
    kept, gone = make_variant(1000), make_variant(title="Gone")
    order = make_order(kept, gone, quantity=2)
    Product.objects.filter(pk=gone.product_id).update(status="archived")
    cart = Cart.objects.create(currency="EUR")
    assert order_again(cart, order) == ["Gone"]
    assert list(cart.lines.values_list("variant", "quantity")) == [(kept.pk, 2)]


def test_ordering_again_adds_items_that_a_code_made_free_but_no_gifts():
    gift = make_variant(500, title="Soap")
    make_promotion("gift", "gift", gift_variant=gift)
    make_promotion(percent=100)
    kept = make_variant(1000)
    cart = Cart.objects.create(currency="EUR")
    assert order_again(cart, make_order(kept)) == []
    assert list(cart.lines.values_list("variant", flat=True)) == [kept.pk]


def test_the_button_on_the_order_fills_the_cart():
    order = make_order(make_variant(title="Alma mug"))
    client = Client()
    answer = client.post(f"/orders/{order.public_id}/again/", follow=True)
    assert "Alma mug" in text_of(answer)


def test_mistakes_are_listed_in_the_order_of_the_page():
    cart = make_cart(make_variant())
    form = checkout_form(cart, email="", postcode="1", line1="", city="", name="")
    summary = find(client_of(cart).post("/checkout/", form), class_="errors")
    assert list(links_of(summary)) == ["#email", "#name", "#line1", "#postcode", "#city"]


def test_a_cart_is_kept_for_thirty_days():
    cart = make_cart(make_variant())
    answer = client_of(cart).get("/cart/")
    assert answer.cookies["cart"]["max-age"] == 30 * 24 * 3600
    with time_machine.travel(timezone.now() + timedelta(days=29)):
        purge()
        assert Cart.objects.count() == 1
    with time_machine.travel(timezone.now() + timedelta(days=31)):
        purge()
        assert Cart.objects.count() == 0


def statements(client, method, path, form=None) -> list[str]:
    with CaptureQueriesContext(connection) as captured:
        getattr(client, method)(path, form)
    return [query["sql"] for query in captured]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("lines", [1, 24])
def test_a_cart_costs_the_same_for_one_line_and_for_many(lines):
    make_promotion(percent=10, codes=("TEN",), most_uses=50)
    variants = make_listed_variants(lines, 1000, on_hand=50)
    cart = with_codes(make_cart(*variants), "TEN", make_gift_card(500)[1])
    client = client_of(cart)
    contents_of(cart)  # this process has read the rules
    looked = statements(client, "get", "/cart/")
    assert len(looked) == 6, looked
    added = statements(client, "post", "/cart/add/", {"product": variants[0].product_id, "quantity": 1})
    assert len(added) == 4, added
    cart.refresh_from_db()
    placed = statements(client, "post", "/checkout/", checkout_form(cart))
    assert Order.objects.get().lines.count() == lines
    assert len(placed) == 22, placed
