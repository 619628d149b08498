"""Reviews from the links of paid orders, stock alerts, and limits per order."""

import pytest
from django.test import Client

from catalog.inventory import receive
from catalog.listings import write_listings
from catalog.listings.reviews import Opinion, moderate, write_review
from catalog.models import Listing, Product, Review, StockAlert, Variant
from catalog.products.stock_alerts import ask_for_alert, send_stock_alerts
from orders.checkout import place_order
from orders.errors import CartChanged, NotSold, OrderRefused
from orders.fulfillment import NewFulfillment, ship
from orders.lifecycle import cancel, confirm
from orders.models import CartLine, Order, OrderLine
from orders.reviewing import review_purchase, reviews_of
from shop.models import Mail
from tests.factories import (
    contents_of,
    make_cart,
    make_location,
    make_order,
    make_shipping,
    make_submission,
    make_tax,
    make_variant,
    seen_of,
)
from tests.reading import find, markup_of, text_of

pytestmark = pytest.mark.django_db
OURS = {"origin": "http://testserver"}
GOOD = {"rating": "5", "title": "Lovely", "text": "Warm in the hand.", "author": "Anna"}


def paid_order(*variants: Variant) -> Order:
    """An order that is paid and whose lines were sent."""
    order = make_order(*variants)
    confirm(order)
    ship(order, NewFulfillment({line.pk: line.quantity for line in order.lines.all()}))
    return Order.objects.get(pk=order.pk)


def review_url(order: Order, line: OrderLine | None = None) -> str:
    return f"{order.get_absolute_url()}review/{(line or order.lines.get()).pk}/"


def product_now() -> tuple[int, int]:
    """(rating, number of reviews) of the only product and of its card, which must agree."""
    product = Product.objects.values_list("rating", "review_count").get()
    assert Listing.objects.filter(is_past=False).values_list("rating", "review_count").get() == product
    return product


def test_a_review_from_a_paid_order_waits_and_is_verified(client):
    order = paid_order()
    assert client.get(review_url(order)).status_code == 200
    answer = client.post(review_url(order), GOOD)
    assert (answer.status_code, "Thank you" in text_of(answer)) == (200, True)
    review = Review.objects.get()
    assert (review.status, review.is_verified, review.purchase) == ("pending", True, f"{order.number}/1")
    assert (review.rating, review.title, review.text, review.author) == (5, "Lovely", "Warm in the hand.", "Anna")
    assert product_now() == (0, 0)
    assert reviews_of(order) == {1}


def test_words_that_staff_have_not_seen_are_not_published():
    order = paid_order()
    line = order.lines.get()
    seen = review_purchase(order, line.pk, Opinion(5, "Anna", text="Lovely."))
    review_purchase(order, line.pk, Opinion(1, "Anna", text="Something nobody has read."))
    assert moderate([seen.pk], Review.Status.PUBLISHED) == 0
    assert Review.objects.values_list("status", "text").get() == ("pending", "Something nobody has read.")
    assert product_now() == (0, 0)


def test_an_order_that_is_not_paid_cannot_be_reviewed(client):
    unpaid = make_order()
    canceled = make_order()
    cancel(canceled, "shopper")
    for order in (unpaid, canceled):
        assert client.get(review_url(order)).status_code == 404
        assert client.post(review_url(order), GOOD).status_code == 404
        with pytest.raises(OrderRefused, match="once it has been sent"):
            review_purchase(Order.objects.get(pk=order.pk), order.lines.get().pk, Opinion(5, "Anna"))
    assert Review.objects.count() == 0


def test_a_line_can_be_reviewed_only_after_it_was_sent(client):
    order = make_order(make_variant(), make_variant())
    confirm(order)
    sent, waiting = order.lines.all()
    assert client.get(review_url(order, sent)).status_code == 404
    ship(order, NewFulfillment({sent.pk: 1}))
    assert client.get(review_url(order, sent)).status_code == 200
    assert client.get(review_url(order, waiting)).status_code == 404
    page = text_of(client.get(order.get_absolute_url()))
    assert page.count("Write a review") == 1


def test_a_gift_card_is_not_reviewed(client):
    card = make_variant(is_gift_card=True, needs_shipping=False, is_tracked=False)
    order = make_order(card, shipping_code="none")
    confirm(order)
    assert client.get(review_url(order)).status_code == 404
    assert "Write a review" not in text_of(client.get(order.get_absolute_url()))


def test_a_line_of_another_order_cannot_be_reviewed(client):
    mine, other = paid_order(), paid_order()
    assert client.post(review_url(mine, other.lines.get()), GOOD).status_code == 404
    assert client.post(review_url(mine).replace(str(mine.public_id), str(other.public_id)), GOOD).status_code == 404
    assert Review.objects.count() == 0


def test_a_second_review_of_a_line_replaces_the_first_and_waits_again(client):
    order = paid_order()
    client.post(review_url(order), GOOD)
    moderate([Review.objects.get().pk], Review.Status.PUBLISHED)
    assert product_now() == (500, 1)
    client.post(review_url(order), {**GOOD, "rating": "2", "text": "The handle broke."})
    review = Review.objects.get()
    assert (review.status, review.rating, review.text) == ("pending", 2, "The handle broke.")
    assert product_now() == (0, 0)


def test_two_lines_of_an_order_are_two_reviews():
    order = paid_order(make_variant(), make_variant())
    for line in order.lines.all():
        review_purchase(order, line.pk, Opinion(4, "Anna"))
    assert reviews_of(order) == {1, 2}


def test_moderation_changes_the_average_and_the_cards():
    product = make_variant().product
    reviews = [write_review(product, Opinion(rating, "Anna")).pk for rating in (5, 4, 4)]
    assert moderate(reviews, Review.Status.PUBLISHED) == 3
    assert product_now() == (433, 3)
    assert moderate(reviews, Review.Status.PUBLISHED) == 0
    assert moderate(reviews[:1], Review.Status.REJECTED) == 1
    assert product_now() == (400, 2)
    assert moderate(reviews, Review.Status.PENDING) == 3
    assert product_now() == (0, 0)


def test_stars_narrow_the_reviews_of_the_page(client):
    product = make_variant().product
    for rating in (5, 5, 2):
        write_review(product, Opinion(rating, "Anna", text=f"Gave {rating} stars"))
    write_review(product, Opinion(1, "Eve", text="Not published"))
    moderate(list(Review.objects.filter(rating__gt=1).values_list("pk", flat=True)), Review.Status.PUBLISHED)
    url = product.get_absolute_url()
    seen = {
        stars: [text_of(client.get(f"{url}?stars={stars}")).count(f"Gave {n} stars") for n in (5, 2)]
        for stars in ("", "5", "2", "4", "9", "x")
    }
    assert seen == {"": [2, 1], "5": [2, 0], "2": [0, 1], "4": [0, 0], "9": [2, 1], "x": [2, 1]}
    page = client.get(url)
    assert "4.0 of 5 from 3 reviews" in text_of(page)
    assert "Not published" not in markup_of(page)
    assert "bought here" not in markup_of(page)


def test_a_published_review_shows_that_it_is_from_an_order_and_is_escaped(client):
    order = paid_order()
    client.post(review_url(order), {**GOOD, "text": "<script>alert(1)</script>"})
    moderate([Review.objects.get().pk], Review.Status.PUBLISHED)
    text = text_of(client.get(Product.objects.get().get_absolute_url()))
    assert "· bought here" in text
    assert "<script>alert(1)</script>" in text  # as text, not as a script


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"rating": ""}, "Choose one to five stars"),
        ({"rating": "0"}, "Error"),
        ({"rating": "6"}, "Error"),
        ({"rating": "five"}, "Error"),
        ({"author": " "}, "Enter a name"),
        ({"author": "x" * 81}, "at most 80"),
        ({"title": "x" * 121}, "at most 120"),
        ({"text": "x" * 4001}, "at most 4000"),
        ({"author": "\u202e\u200b"}, "Enter a name"),
    ],
)
def test_a_review_with_a_mistake_is_422_and_keeps_what_was_written(client, changes, words):
    order = paid_order()
    answer = client.post(review_url(order), {**GOOD, **changes})
    assert answer.status_code == 422
    assert words in text_of(answer)
    assert ("Warm in the hand." in text_of(answer)) == ("text" not in changes)
    assert Review.objects.count() == 0


# --- back in stock ----------------------------------------------------------------------------------------------------


def ask(client: Client, variant_id: object, email: str = "anna@example.com"):
    return client.post("/back-in-stock/", {"variant": variant_id, "email": email}, headers=OURS)


def test_asking_twice_is_asking_once_and_one_mail_goes_out(client):
    variant = make_variant(on_hand=0, title="Alma mug")
    assert "Tell me when it's back" in text_of(client.get(variant.product.get_absolute_url()))
    for email in ("anna@example.com", "Anna@Example.com"):
        answer = ask(client, variant.pk, email)
        assert (answer.status_code, "We will tell you" in text_of(answer)) == (200, True)
    assert StockAlert.objects.count() == 1
    assert send_stock_alerts() == 0
    receive(variant.pk, make_location(), 3)
    assert send_stock_alerts() == 1
    assert (Mail.objects.get().priority, StockAlert.objects.count()) == (Mail.Priority.BULK, 0)
    assert send_stock_alerts() == 0


@pytest.mark.parametrize(
    "email",
    [
        "",
        "anna",
        "anna@",
        "a b@example.com",
        "anna@example.com\nBcc: x@example.com",
        "a@" + "x" * 260,
        f"a@{'ä' * 60}.com",
    ],
)
def test_an_address_that_no_mail_reaches_is_422(client, email):
    variant = make_variant(on_hand=0)
    assert ask(client, variant.pk, email).status_code == 422
    assert StockAlert.objects.count() == 0


@pytest.mark.parametrize("fields", [{"on_hand": 3}, {"is_tracked": False}])
def test_no_stock_alert_can_be_requested_for_a_product_that_can_be_bought(client, fields):
    variant = make_variant(**fields)
    assert ask(client, variant.pk).headers["Location"] == variant.product.get_absolute_url()
    assert (StockAlert.objects.count(), send_stock_alerts(), Mail.objects.count()) == (0, 0, 0)


def test_what_is_not_there_or_hidden_is_404(client):
    hidden, retired = make_variant(on_hand=0), make_variant(on_hand=0)
    Product.objects.filter(pk=hidden.product_id).update(status="draft")
    Variant.objects.filter(pk=retired.pk).update(is_active=False)
    for variant_id in (hidden.pk, retired.pk, 999_999, 0, -1, 2**63, "x", ""):
        assert ask(client, variant_id).status_code == 404
    assert StockAlert.objects.count() == 0


def test_no_stock_alert_is_sent_for_a_retired_variant():
    variant = make_variant(on_hand=0)
    ask_for_alert(variant, "anna@example.com")
    Variant.objects.filter(pk=variant.pk).update(is_active=False)
    receive(variant.pk, make_location(), 3)
    assert (send_stock_alerts(), Mail.objects.count()) == (0, 0)


# --- what one order may hold ------------------------------------------------------------------------------------------


@pytest.fixture
def _delivery():
    make_shipping()
    make_tax()


@pytest.mark.usefixtures("_delivery")
def test_no_more_goes_into_the_cart_than_one_order_may_hold(client):
    variant = make_variant(most_per_order=2)
    page = client.get(variant.product.get_absolute_url())
    assert find(page, "input", name="quantity").attributes["max"] == "2"
    for _ in range(3):
        client.post("/cart/add/", {"product": variant.product_id, "quantity": "5"}, headers=OURS)
    assert CartLine.objects.values_list("quantity", flat=True).get() == 2


@pytest.mark.usefixtures("_delivery")
def test_a_new_limit_per_order_is_shown_in_the_cart_and_stops_the_checkout():
    variant = make_variant()
    cart = make_cart(variant, quantity=3)
    Variant.objects.filter(pk=variant.pk).update(most_per_order=2)
    contents = contents_of(cart)
    assert contents.lines[0].notice == "At most 2 of this per order. Please lower the quantity to continue."
    assert contents.can_be_ordered is False
    with pytest.raises(CartChanged):
        place_order(cart.pk, make_submission(), seen=seen_of(cart))
    CartLine.objects.update(quantity=2)
    assert place_order(cart.pk, make_submission(), seen=seen_of(cart)).lines.get().quantity == 2


@pytest.mark.usefixtures("_delivery")
def test_a_retired_variant_in_a_cart_is_no_longer_sold(client):
    retired, kept = make_variant(title="Old mug"), make_variant(title="Jug")
    cart = make_cart(retired, kept)
    Variant.objects.filter(pk=retired.pk).update(is_active=False)
    write_listings(Product.objects.all())
    contents = contents_of(cart)
    assert [item.notice for item in contents.lines] == ["This is no longer sold. Please remove it to continue.", ""]
    assert contents.totals.subtotal_minor == 2400
    with pytest.raises(NotSold) as caught:
        place_order(cart.pk, make_submission(), seen=seen_of(cart))
    assert caught.value.line_ids == [contents.lines[0].line_id]
    assert Order.objects.count() == 0
    client.cookies["cart"] = str(cart.token)
    assert "This is no longer sold" in text_of(client.get("/cart/"))
    answer = client.post("/cart/add/", {"product": retired.product_id, "quantity": "1"}, headers=OURS)
    assert (answer.status_code, "no longer sold" in text_of(answer)) == (422, True)
