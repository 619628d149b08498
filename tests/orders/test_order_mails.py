"""The order confirmation, as text and HTML: items, amounts, delivery dates, seller and terms."""

from datetime import date
from email import message_from_bytes, policy

import pytest
from django.template import Context, Template
from django.template.loader import render_to_string

from catalog.models import Page, Store
from orders.lifecycle import confirm
from orders.models import Fulfillment, Order
from orders.summary import SumRow, sum_rows
from shop.models import Mail
from tests.factories import make_cart, make_order, make_promotion, make_shipping, make_tax, make_variant, place

pytestmark = pytest.mark.django_db
SELLER = {
    "seller_name": "Hearthside GmbH",
    "seller_address": "Example Street 1\n10115 Berlin",
    "contact_email": "hi@x.example",
}


def confirmation(order: Order):
    Order.objects.filter(pk=order.pk).update(arrives_from=date(2026, 11, 30), arrives_until=date(2026, 12, 1))
    confirm(Order.objects.get(pk=order.pk))
    body = Mail.objects.get(message_id__startswith="<order_confirmed").body
    return message_from_bytes(body.encode(), policy=policy.default)


def forms_of(message) -> tuple[str, str]:
    return tuple(message.get_body((kind,)).get_content() for kind in ("plain", "html"))


def test_both_forms_name_arrival_company_seller_and_terms():
    Store.objects.update_or_create(pk=1, defaults=SELLER)
    plain, html = forms_of(confirmation(make_order(company="Berger & Co")))
    for form in (plain, html):
        assert "Arrives Mon 30 November – Tue 1 December" in form
        assert "Hearthside GmbH" in form
        assert "10115 Berlin" in form
        assert "hi@x.example" in form
        assert "terms of sale" in form
    assert ("Berger & Co" in plain, "Berger &amp; Co" in html) == (True, True)


def test_a_discount_is_called_by_its_name_and_code():
    make_shipping()
    make_tax()
    make_promotion(percent=10, codes=("WELCOME10",), name="Welcome offer")
    cart = make_cart(make_variant(2000))
    cart.codes = ["WELCOME10"]
    cart.save()
    order = place(cart)
    assert SumRow("Welcome offer (WELCOME10)", "−€2.00") in sum_rows(order)
    for form in forms_of(confirmation(order)):
        assert "Welcome offer (WELCOME10)" in form


def test_the_rows_of_an_order_are_those_of_its_page():
    order = make_order(make_variant(2000))
    names = [row.name for row in sum_rows(order)]
    assert names[0] == "Subtotal"
    assert [row for row in sum_rows(order) if row.is_total] == [SumRow("Total", "€24.90", is_total=True)]


def test_an_order_of_gift_cards_has_no_row_for_delivery_and_no_arrival():
    order = make_order(make_variant(is_gift_card=True, needs_shipping=False, is_tracked=False), shipping_code="none")
    assert [row.name for row in sum_rows(order)] == ["Subtotal", "Total"]
    for form in forms_of(confirmation(order)):
        assert "Arrives" not in form


def test_pictures_have_full_addresses(settings):
    order = make_order()
    order.lines.update(image={"name": "products/a.webp", "widths": [240, 480], "width": 800, "height": 1000})
    _, html = forms_of(confirmation(order))
    assert f'src="{settings.SHOP_URL}/media/products/a-240.webp"' in html


def test_the_terms_are_attached_as_they_are_when_the_order_is_confirmed():
    Page.objects.create(section="legal", slug="terms", title="Terms of sale", body="<p>Pay first.</p>")
    order = make_order()
    [attachment] = confirmation(order).iter_attachments()
    assert attachment.get_filename() == f"terms-{order.terms_version}.html"
    assert "<p>Pay first.</p>" in attachment.get_content()


def test_a_shop_without_terms_attaches_nothing():
    assert list(confirmation(make_order()).iter_attachments()) == []


def test_a_paragraph_that_is_wrapped_in_its_template_is_one_line_of_the_mail():
    source = """{% load catalog_tags %}{% autoescape off %}{% paragraph %}
    Order {{ number }} is canceled.
    {% if is_paid %}
        We refund
        {{ amount }}.
    {% endif %}
    We are sorry.
    {% endparagraph %}{% endautoescape %}"""
    context = {"number": "HS-1 & 2", "amount": "24,00\u00a0€"}
    paid = Template(source).render(Context({**context, "is_paid": True}))
    assert paid == "Order HS-1 & 2 is canceled. We refund 24,00\u00a0€. We are sorry."
    assert Template(source).render(Context(context)) == "Order HS-1 & 2 is canceled. We are sorry."


@pytest.mark.parametrize(
    ("carrier", "number", "sentence"),
    [
        ("", "", "A parcel for order HS-1 has been sent."),
        ("DHL", "", "A parcel for order HS-1 has been sent with DHL."),
        ("", "3S1", "A parcel for order HS-1 has been sent, tracking number 3S1."),
        ("DHL", "3S1", "A parcel for order HS-1 has been sent with DHL, tracking number 3S1."),
    ],
)
def test_the_mail_of_a_parcel_names_carrier_and_number_where_they_are_known(carrier, number, sentence):
    order = Order(number="HS-1")
    parcel = Fulfillment(order=order, carrier=carrier, tracking_number=number)
    mail = render_to_string("emails/order_shipped.txt", {"order": order, "fulfillment": parcel})
    assert mail.splitlines()[2] == sentence


def test_emails_link_to_the_page_about_returns_only_while_there_is_one():
    page = Page.objects.create(section="about", slug="returns", title="Returns", body="<p>Send it back.</p>")
    for form in forms_of(confirmation(make_order())):
        assert "/about/returns/" in form
    Mail.objects.all().delete()
    page.delete()
    for form in forms_of(confirmation(make_order())):
        assert "/returns/" not in form
