"""Checkout drafts: typed values are shown again to the owner of the cart, and to nobody else."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from orders.cart.drafts import erase_drafts
from orders.cart.merging import join_carts
from orders.lifecycle import cancel
from orders.models import Cart, CheckoutDraft, Order
from payments.cancellation import expire_unpaid
from shop.operations.purge import purge
from tests.factories import make_cart, make_shipping, make_tax, make_user, make_variant
from tests.orders.checkout_pages import GERMAN, client_of, place, value_of
from tests.reading import markup_of

pytestmark = pytest.mark.django_db
AUSTRIAN = {**GERMAN, "country": "AT", "postcode": "1070", "city": "Wien"}


@pytest.fixture(autouse=True)
def _delivery():
    make_shipping()
    make_shipping(code="express", price_minor=990)
    make_tax()


def shown(client: Client, fields=AUSTRIAN) -> dict[str, str]:
    page = client.get("/checkout/")
    assert page.status_code == 200, page.headers
    return {name: value_of(page, name) for name in fields}


def test_what_was_typed_is_shown_in_another_tab():
    client = client_of(make_cart(make_variant()))
    client.post("/checkout/", {**AUSTRIAN, "shipping_code": "express", "update": "1"})
    assert shown(client) == {**AUSTRIAN, "shipping_code": "express"}
    assert client.get("/checkout/").context["contents"].chosen.code == "express"


def test_a_refused_form_is_kept_too():
    client = client_of(make_cart(make_variant()))
    client.post("/checkout/", {**AUSTRIAN, "email": "anna"})
    assert shown(client)["email"] == "anna"
    assert shown(client)["line1"] == "Torstr. 1"


@pytest.mark.parametrize("reason", [Order.CancelReason.SHOPPER, Order.CancelReason.EXPIRED])
def test_a_given_up_order_brings_the_form_back_with_its_cart(reason):
    client = client_of(make_cart(make_variant()))
    assert place(client, **AUSTRIAN).status_code == 302
    cancel(Order.objects.get(), reason)
    assert Cart.objects.get().is_open
    assert shown(client) == AUSTRIAN


def test_an_expired_order_brings_the_form_back():
    client = client_of(make_cart(make_variant()))
    place(client, **AUSTRIAN)
    Order.objects.update(payment_due_at=timezone.now() - timedelta(minutes=1))
    expire_unpaid()
    assert shown(client) == AUSTRIAN


def test_back_from_the_payment_page_leads_to_the_order_and_changing_it_keeps_the_form():
    client = client_of(make_cart(make_variant()))
    place(client, **AUSTRIAN)
    order = Order.objects.get()
    assert client.get("/checkout/").headers["Location"] == order.get_absolute_url()
    client.post(f"/orders/{order.public_id}/change/")
    assert shown(client) == AUSTRIAN


def test_a_country_chosen_in_the_cart_afterwards_counts():
    client = client_of(make_cart(make_variant()))
    client.post("/checkout/", {**AUSTRIAN, "update": "1"})
    client.post("/cart/", {"country": "DE"})
    assert shown(client)["country"] == "DE"


def test_nobody_else_sees_the_draft():
    client = client_of(make_cart(make_variant()))
    client.post("/checkout/", {**AUSTRIAN, "update": "1"})
    other = client_of(make_cart(make_variant()))
    assert set(shown(other).values()) <= {"", "DE"}
    assert "Torstr" not in markup_of(Client().get("/checkout/", follow=True))


def test_the_draft_of_an_account_is_shown_to_its_owner_only():
    user = make_user()
    cart = make_cart(make_variant(), user=user)
    owner = client_of(cart)
    owner.force_login(user)
    owner.post("/checkout/", {**AUSTRIAN, "email": user.email, "update": "1"})
    assert shown(owner)["line1"] == "Torstr. 1"
    assert client_of(cart).get("/checkout/").headers["Location"] == "/cart/"


def test_logging_in_keeps_the_draft_of_the_same_mailbox_and_forgets_that_of_another():
    for email, kept in (("Anna@Example.com", 1), ("somebody@example.com", 0)):
        cart = make_cart(make_variant())
        client_of(cart).post("/checkout/", {**AUSTRIAN, "email": email, "update": "1"})
        user = make_user("anna@example.com") if kept else make_user("bob@example.com")
        join_carts(cart.token, user.pk)
        assert CheckoutDraft.objects.filter(cart__user=user).count() == kept


def test_it_is_purged_with_its_cart():
    cart = make_cart(make_variant())
    client_of(cart).post("/checkout/", {**AUSTRIAN, "update": "1"})
    Cart.objects.update(updated_at=timezone.now() - timedelta(days=31))
    purge()
    assert (Cart.objects.count(), CheckoutDraft.objects.count()) == (0, 0)


def test_it_can_be_erased_by_its_mailbox():
    for email in ("Anna@Example.com ", "bob@example.com"):
        client_of(make_cart(make_variant())).post("/checkout/", {**AUSTRIAN, "email": email, "update": "1"})
    assert erase_drafts("anna@example.com") == 1
    assert CheckoutDraft.objects.get().fields["email"] == "bob@example.com"
