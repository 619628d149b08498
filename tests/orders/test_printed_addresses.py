"""One printed address: on the order page, in mails, in the admin and in the address book."""

from email import message_from_string, policy

import pytest

from accounts.addresses import keep_address
from accounts.models import Address
from orders.emails import send_confirmation
from orders.lifecycle import confirm
from orders.models import Order
from shop.models import Mail
from tests.factories import make_order, make_user
from tests.reading import text_of

pytestmark = pytest.mark.django_db

AMERICAN = {
    "name": "Maya Berger",
    "line1": "418 Maple St",
    "line2": "Apt 2B",
    "postcode": "97205",
    "city": "Portland",
    "state": "OR",
    "country": "US",
    "phone": "+15035550142",
}


def american_order() -> Order:
    order = make_order()
    Order.objects.filter(pk=order.pk).update(**AMERICAN, company="Loom Inc.")
    return Order.objects.get(pk=order.pk)


def test_the_order_page_prints_the_state(client):
    text = text_of(client.get(american_order().get_absolute_url()))
    assert "Portland, OR 97205" in text
    assert "United States" in text


def test_the_confirmation_prints_the_company_and_the_state():
    order = american_order()
    send_confirmation(order)
    letter = message_from_string(Mail.objects.get().body, policy=policy.default)
    bodies = [letter.get_body((kind,)).get_content() for kind in ("plain", "html")]
    label = ["Maya Berger", "Loom Inc.", "418 Maple St", "Apt 2B", "Portland, OR 97205", "United States"]
    for body in bodies:
        places = [body.index(line) for line in label]
        assert places == sorted(places)
    assert "\n".join(label) in bodies[0]


def test_the_admin_prints_the_state_and_the_phone_number(admin_client):
    order = american_order()
    text = text_of(admin_client.get(f"/admin/orders/order/{order.pk}/change/"))
    assert "Maya Berger Loom Inc. 418 Maple St Apt 2B Portland, OR 97205 United States" in text
    assert "+1 503-555-0142" in text


def test_an_invoice_address_prints_its_state(client):
    order = make_order()
    Order.objects.filter(pk=order.pk).update(
        billing_name="Loom Srl",
        billing_line1="Via Roma 1",
        billing_postcode="20121",
        billing_city="Milano",
        billing_state="MI",
        billing_country="IT",
    )
    text = text_of(client.get(order.get_absolute_url()))
    assert "Invoice to Loom Srl, Via Roma 1, 20121 Milano MI, Italy" in text


def test_the_address_book_prints_the_state(client):
    user = make_user()
    keep_address(user.pk, AMERICAN)
    client.force_login(user)
    assert "Portland, OR 97205" in text_of(client.get("/account/addresses/"))
    assert Address.objects.get().state == "OR"


def test_an_order_from_before_states_prints_as_it_did(client):
    order = make_order()
    confirm(order)
    assert order.printed_lines == ["Anna Peeters", "Kraanlei 12", "10115 Berlin"]


def test_a_picked_up_order_prints_only_a_name():
    order = make_order()
    Order.objects.filter(pk=order.pk).update(is_pickup=True)
    assert Order.objects.get(pk=order.pk).printed_lines == ["Anna Peeters"]


def test_staff_find_an_order_by_what_they_paste(admin_client):
    order = american_order()
    pasted = f"\u200b{order.number}\u200e "
    text = text_of(admin_client.get("/admin/orders/order/", {"q": pasted}))
    assert order.number in text
    assert "Maya Berger" in text
