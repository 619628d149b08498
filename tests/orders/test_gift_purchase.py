"""Bought gift cards: their recipients, when they are e-mailed, and who can see the code."""

import re
from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from django.utils import timezone

from accounts.models import User
from catalog.models import Product, Store, Variant
from orders.cart import set_quantity
from orders.cart.gift_lines import GiftOptions, add_gift_card
from orders.cart.merging import join_carts
from orders.errors import CartChanged
from orders.gift_card_emails import send_due_gift_cards
from orders.gift_cards import code_digest, find_card
from orders.lifecycle import cancel, confirm
from orders.models import Cart, CartLine, GiftCard, Order
from shop.models import Mail
from shop.operations.audit import run_audit
from tests.factories import contents_of, make_cart, make_shipping, make_tax, make_user, make_variant, place
from tests.reading import find, find_all, form_of, markup_of, text_of

pytestmark = pytest.mark.django_db
OURS = {"origin": "http://testserver"}
NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
JO = GiftOptions("Jo", "jo@example.com", "Anna", "Stay warm!")
CODE = re.compile(r"\b(?:[2-9A-Z]{4}-){3}[2-9A-Z]{4}\b")


def card_variant():
    return make_variant(2500, is_gift_card=True, needs_shipping=False, is_tracked=False, title="Gift card")


def bought(*wishes: GiftOptions) -> Order:
    make_shipping()
    make_tax()
    variant, cart = card_variant(), make_cart()
    for wish in wishes:
        add_gift_card(cart, variant, 1, wish)
    order = place(cart, shipping_code="none", line1="", postcode="", city="", email="anna@example.com")
    confirm(order)
    return order


def mails() -> dict[str, str]:
    """The body of every e-mail with a code, by recipient."""
    found = {}
    for mail in Mail.objects.order_by("pk"):
        if CODE.search(mail.body):
            found[mail.recipients[0]] = mail.body
    return found


def test_the_code_goes_to_the_recipient_and_not_to_the_buyer():
    bought(JO)
    assert set(mails()) == {"jo@example.com"}
    body = mails()["jo@example.com"]
    assert ("Anna has sent you a gift card" in body, "Stay warm!" in body) == (True, True)
    card = GiftCard.objects.get()
    assert find_card(CODE.search(body)[0], "EUR").pk == card.pk
    confirmation = Mail.objects.get(message_id__startswith="<order_gift_sent")
    assert (confirmation.recipients, "jo@example.com" in confirmation.body) == (["anna@example.com"], True)


def test_without_an_address_the_buyer_gets_the_code():
    bought(GiftOptions(recipient_name="Jo"))
    assert set(mails()) == {"anna@example.com"}


def test_only_mails_with_codes_lose_their_text_on_delivery():
    bought(JO, GiftOptions(recipient_name="Jo"))
    keeps_text = {mail.message_id.split(".")[0]: mail.keeps_text for mail in Mail.objects.all()}
    assert keeps_text == {"<order_confirmed": True, "<order_gift_sent": True, "<gift": False, "<gift_cards": False}


def test_the_limit_per_order_of_a_gift_card_counts_all_recipients():
    make_shipping()
    make_tax()
    variant, cart = card_variant(), make_cart()
    Variant.objects.filter(pk=variant.pk).update(most_per_order=2)
    variant.refresh_from_db()
    add_gift_card(cart, variant, 2, JO)
    assert contents_of(cart, shipping_code="none").notices == []
    add_gift_card(cart, variant, 1, GiftOptions("Kim", "kim@example.com"))
    notice = "Gift card: At most 2 of this per order. Please lower the quantity to continue."
    assert contents_of(cart, shipping_code="none").notices == [notice, notice]
    with pytest.raises(CartChanged):
        place(cart, shipping_code="none", line1="")
    set_quantity(cart, cart.lines.order_by("pk")[0].pk, 1)
    assert contents_of(cart, shipping_code="none").notices == []


def test_two_people_are_two_lines_and_two_mails():
    order = bought(JO, GiftOptions("Kim", "kim@example.com"))
    assert [line.recipient_email for line in order.lines.all()] == ["jo@example.com", "kim@example.com"]
    codes = {CODE.search(body)[0] for body in mails().values()}
    assert (set(mails()), len(codes)) == ({"jo@example.com", "kim@example.com"}, 2)


def test_the_same_details_again_add_up():
    cart, variant = make_cart(), card_variant()
    add_gift_card(cart, variant, 1, JO)
    add_gift_card(cart, variant, 2, JO)
    assert [line.quantity for line in cart.lines.all()] == [3]


def test_a_card_for_a_later_day_is_mailed_on_that_day_and_once():
    with time_machine.travel(NOW, tick=False):
        bought(GiftOptions("Jo", "jo@example.com", send_on=date(2026, 12, 24)))
        assert (send_due_gift_cards(), mails()) == (0, {})
        before = GiftCard.objects.get().code_hash
    with time_machine.travel(NOW + timedelta(days=28), tick=False):
        assert [send_due_gift_cards(), send_due_gift_cards()] == [1, 0]
        card = GiftCard.objects.get()
        assert card.sent_at == timezone.now()
    code = CODE.search(mails()["jo@example.com"])[0]
    assert (card.code_hash, card.code_hash != before) == (code_digest(code), True)
    assert (card.balance_minor, [row for row in run_audit() if row.invariant.startswith("O")]) == (2500, [])


def test_a_card_of_a_canceled_order_is_never_mailed():
    with time_machine.travel(NOW, tick=False):
        order = bought(GiftOptions("Jo", "jo@example.com", send_on=date(2026, 12, 24)))
        cancel(Order.objects.get(pk=order.pk), "staff")
    with time_machine.travel(NOW + timedelta(days=28), tick=False):
        assert (send_due_gift_cards(), mails()) == (0, {})


def test_gift_lines_survive_joining_and_an_expired_order():
    user, variant = make_user(), card_variant()
    anonymous = make_cart()
    add_gift_card(anonymous, variant, 1, JO)
    own = Cart.objects.create(user=user, currency="EUR")
    add_gift_card(own, variant, 1, GiftOptions("Kim", "kim@example.com"))
    join_carts(anonymous.token, user.pk)
    lines = CartLine.objects.filter(cart__user=user)
    assert sorted(lines.values_list("recipient_email", flat=True)) == ["jo@example.com", "kim@example.com"]
    make_shipping()
    make_tax()
    own = Cart.objects.get(user=user)
    order = place(own, user, shipping_code="none", line1="", postcode="", city="")
    cart = cancel(order, "expired")
    assert sorted(line.gift_note for line in cart.lines.all()) == [
        "For Jo by e-mail to jo@example.com",
        "For Kim by e-mail to kim@example.com",
    ]
    assert User.objects.count() == 1


def post(client, **changes):
    variant = card_variant()
    Product.objects.filter(pk=variant.product_id).update(description="<p>Good for everything.</p>")
    data = {"product": variant.product_id, "quantity": "1", "option1": variant.option1, **changes}
    return client.post("/cart/add/", data, headers=OURS), variant


def test_the_page_of_a_gift_card_asks_whom_it_is_for(client):
    variant = card_variant()
    page = client.get(variant.product.get_absolute_url())
    for name in ("recipient_name", "recipient_email", "gift_text", "sender_name", "send_on"):
        assert find(page, name=name)
    assert "Lowest price" not in text_of(page)


def test_a_gift_message_is_stored_with_the_cart_line_and_shown_in_the_cart(client):
    answer, _ = post(client, recipient_name="Jo", recipient_email="Jo@Example.com", sender_name="Anna", gift_text="Hi")
    assert answer.status_code == 302
    line = CartLine.objects.get()
    assert (line.recipient_email, line.gift_note) == ("jo@example.com", "For Jo by e-mail to jo@example.com")
    assert "For Jo by e-mail to jo@example.com" in text_of(client.get("/cart/"))


def test_cart_checkout_and_order_name_the_worth_of_a_card_with_its_currency(client):
    make_shipping()
    make_tax()
    post(client)
    Variant.objects.update(option1="25")
    for address in ("/cart/", "/checkout/"):
        assert "€25.00" in [note.text for note in find_all(client.get(address), "p", class_="muted")]
    order = place(Cart.objects.get(), shipping_code="none", line1="", postcode="", city="")
    assert [line.variant_title for line in order.lines.all()] == ["€25.00"]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"recipient_email": "jo"}, "Enter an e-mail address like name@example.com."),
        ({"send_on": "2020-01-01", "recipient_email": "jo@example.com"}, "Choose a day from today to a year from now."),
        ({"send_on": "31.12."}, "Enter a date."),
    ],
)
def test_an_error_is_shown_on_the_page_and_typed_values_are_kept(client, changes, sentence):
    answer, _ = post(client, recipient_name="Jo", gift_text="Stay warm!", **changes)
    assert (answer.status_code, sentence in text_of(answer), CartLine.objects.count()) == (422, True, 0)
    assert (form_of(answer)["recipient_name"], form_of(answer)["gift_text"]) == ("Jo", "Stay warm!")


def test_a_day_without_an_address_asks_for_the_address(client):
    day = (timezone.localdate() + timedelta(days=3)).isoformat()
    answer, _ = post(client, send_on=day)
    assert (answer.status_code, "so that we can send it on that day" in text_of(answer)) == (422, True)


def test_the_menu_and_the_footer_lead_to_the_gift_card_where_it_is_sold(client, us_market):
    variant = card_variant()
    Store.objects.create(pk=1, gift_card=variant.product)
    links = find_all(client.get("/"), "a", href=variant.product.get_absolute_url())
    assert "Gift cards" in [link.text for link in links]
    assert len(links) >= 3
    assert "Gift cards" not in markup_of(client.get("/us/"))
    Product.objects.filter(pk=variant.product_id).update(status=Product.Status.DRAFT)
    assert "Gift cards" not in markup_of(client.get("/"))


def test_an_order_of_gift_cards_alone_promises_no_return_of_a_delivery_and_offers_no_parcel(client, staff):
    order = bought(GiftOptions())
    assert order.return_terms == ""
    page = client.get(f"/admin/orders/order/{order.pk}/change/")
    assert f"/admin/orders/order/{order.pk}/ship/" not in markup_of(page)


def test_only_a_cart_with_something_to_send_promises_a_return():
    cart = make_cart(make_variant(1900))
    assert contents_of(cart).return_terms.startswith("You can return your order within 30 days")
    cart = make_cart()
    add_gift_card(cart, card_variant(), 1, GiftOptions())
    assert contents_of(cart).return_terms == ""
