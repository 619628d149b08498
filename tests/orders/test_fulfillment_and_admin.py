"""Staff ship and cancel through the verbs, and cannot touch the rest."""

import uuid
from email import message_from_bytes, policy

import pytest
from django.contrib.auth.models import Group, Permission

from catalog.inventory import adjust
from catalog.money import format_money
from orders.errors import ShipmentRefused
from orders.fulfillment import NewFulfillment, ship
from orders.lifecycle import confirm
from orders.models import Fulfillment, Order
from payments.canceled_mails import canceled_mail
from payments.cancellation import cancel_order
from payments.models import Refund
from payments.refunds import request_refund
from payments.sessions import start_payment
from payments.settlement import settle
from shop.models import Mail
from shop.operations.audit import run_audit
from tests.factories import (
    make_cart,
    make_gift_card,
    make_location,
    make_order,
    make_shipping,
    make_tax,
    make_user,
    make_variant,
    place,
    stock_of,
    with_codes,
)
from tests.orders.staff_pages import staff
from tests.reading import markup_of, text_of

pytestmark = pytest.mark.django_db


def confirmed(*variants, quantity=1):
    order = make_order(*variants, quantity=quantity)
    confirm(order)
    return order


def test_a_parcel_moves_stock_lines_order_and_mail():
    variant = make_variant(on_hand=5)
    order = confirmed(variant, quantity=3)
    line = order.lines.get()
    ship(order, NewFulfillment({line.pk: 1}, "DHL", "123"))
    order.refresh_from_db()
    assert (order.status, order.fulfillment_status, stock_of(variant)) == ("confirmed", "partial", (4, 2))
    ship(order, NewFulfillment({line.pk: 2}))
    order.refresh_from_db()
    assert (order.status, order.fulfillment_status, stock_of(variant)) == ("completed", "shipped", (2, 0))
    assert Mail.objects.filter(subject__startswith="On its way").count() == 2
    assert [finding for finding in run_audit() if finding.invariant.startswith("S")] == []


def test_the_same_form_twice_is_one_parcel():
    order = confirmed(quantity=2)
    parcel = NewFulfillment({order.lines.get().pk: 1}, key=uuid.uuid4())
    assert ship(order, parcel) == ship(order, parcel)
    assert Fulfillment.objects.count() == 1


@pytest.mark.parametrize("quantities", [{}, {0: 1}, "too many", "negative"])
def test_quantities_that_cannot_be_shipped_are_refused(quantities):
    order = confirmed()
    line = order.lines.get().pk
    wanted = (
        {"too many": {line: 2}, "negative": {line: -1}}.get(quantities, quantities)
        if isinstance(quantities, str)
        else quantities
    )
    with pytest.raises(ShipmentRefused):
        ship(order, NewFulfillment(wanted))
    assert Fulfillment.objects.count() == 0


def test_an_unpaid_order_does_not_ship():
    order = make_order()
    with pytest.raises(ShipmentRefused, match="waiting for payment"):
        ship(order, NewFulfillment({order.lines.get().pk: 1}))


def test_broken_units_are_not_shipped():
    variant = make_variant(on_hand=1)
    order = confirmed(variant)
    adjust(variant.pk, make_location(), -1, reason="broken")
    with pytest.raises(ShipmentRefused, match="Count the stock"):
        ship(order, NewFulfillment({order.lines.get().pk: 1}))
    assert order.lines.get().shipped_quantity == 0


def test_staff_see_orders_and_ship_them(client):
    staff(client, "Fulfilment")
    order = confirmed(quantity=2)
    assert order.number in text_of(client.get("/admin/orders/order/"))
    page = client.get(f"/admin/orders/order/{order.pk}/change/")
    assert "Payment received" in text_of(page)
    assert f"/admin/orders/order/{order.pk}/ship/" in markup_of(page)
    assert f"/admin/orders/order/{order.pk}/cancel/" not in markup_of(page)
    form = {"key": str(uuid.uuid4()), f"line_{order.lines.get().pk}": "3", "carrier": "DHL"}
    assert client.post(f"/admin/orders/order/{order.pk}/ship/", form).status_code == 422
    form[f"line_{order.lines.get().pk}"] = "2"
    assert client.post(f"/admin/orders/order/{order.pk}/ship/", form).status_code == 302
    order.refresh_from_db()
    assert order.fulfillment_status == "shipped"
    assert client.get(f"/admin/orders/order/{order.pk}/ship/").status_code == 302


@pytest.mark.fault("F130")
def test_each_door_asks_for_its_permission(client):
    order = confirmed()
    staff(client, "Read-only")
    assert client.get(f"/admin/orders/order/{order.pk}/change/").status_code == 200
    for door in ("ship", "cancel"):
        assert client.get(f"/admin/orders/order/{order.pk}/{door}/").status_code == 403
        assert client.post(f"/admin/orders/order/{order.pk}/{door}/").status_code == 403
    assert client.post(f"/admin/orders/order/{order.pk}/change/", {"email": "x@x.example"}).status_code == 403
    assert client.get(f"/admin/orders/order/{order.pk}/delete/").status_code == 403
    assert client.get("/admin/accounts/user/").status_code == 403


def test_a_customer_does_not_get_into_the_admin(client):
    client.force_login(make_user())
    assert client.get("/admin/orders/order/").status_code == 302


def test_staff_cancel_a_paid_order_and_it_is_refunded(client, stripe_desk):
    user = staff(client, "Support")
    variant = make_variant(on_hand=3)
    order = make_order(variant)
    payment = start_payment(order.pk)
    stripe_desk.pay(payment.session_url)
    settle(payment.pk)
    url = f"/admin/orders/order/{order.pk}/cancel/"
    asked = client.get(url)
    total = format_money(order.total_minor, "EUR")
    assert f"{total} goes back to Visa ending in 4242: banks take 5 to 10 days to show it." in text_of(asked)
    assert f"These units become available again: {variant.product.title}, 1 in {make_location()}." in text_of(asked)
    assert client.post(url).status_code == 200
    assert Order.objects.get().status == "confirmed"  # nobody has said yes
    done = client.post(url, {"confirmed": asked.context["mark"]}, follow=True)
    assert f"Refund: {total} to Visa ending in 4242." in text_of(done)
    order.refresh_from_db()
    assert (order.status, order.cancel_reason, stock_of(variant)) == ("canceled", "staff", (3, 0))
    refund = Refund.objects.get()
    assert (refund.amount_minor, refund.user_id) == (order.total_minor, user.pk)
    again = client.post(f"/admin/orders/order/{order.pk}/cancel/", follow=True)
    assert "can no longer be canceled" in text_of(again)
    assert Refund.objects.count() == 1


def test_the_mail_about_a_canceled_order_names_what_goes_back_now_and_not_what_went_back_before(client, stripe_desk):
    staff(client, "Support")
    make_shipping(490)
    make_tax()
    _card, code = make_gift_card(1000)
    order = place(with_codes(make_cart(make_variant(2400)), code))
    payment = start_payment(order.pk)
    stripe_desk.pay(payment.session_url)
    settle(payment.pk)
    request_refund(order.payments.get(method="giftcard"), 400, reason="goodwill")
    request_refund(order.payments.get(method="stripe"), 500, reason="goodwill")
    cancel_order(order, user_id=None)
    for again in ("", "again"):
        if again:
            next(mail for mail in canceled_mail(Order.objects.get(pk=order.pk))).send(again)
        body = mail_text(Mail.objects.filter(subject=f"Order {order.number} is canceled").latest("pk").body)
        assert "We are refunding €13.90 to the payment method that you used." in body
        assert "€6.00 is back on your gift card or store credit." in body


def test_a_refund_to_a_gift_card_and_one_to_a_bank_card_are_named_apart(client, stripe_desk):
    staff(client, "Support")
    make_shipping(490)
    make_tax()
    card, code = make_gift_card(1000)
    order = place(with_codes(make_cart(make_variant(2400)), code))
    payment = start_payment(order.pk)
    stripe_desk.pay(payment.session_url)
    settle(payment.pk)
    url = f"/admin/orders/order/{order.pk}/cancel/"
    asked = client.get(url)
    assert f"€10.00 goes back to {card}: at once." in text_of(asked)
    assert "€18.90 goes back to Visa ending in 4242: banks take 5 to 10 days to show it." in text_of(asked)
    done = text_of(client.post(url, {"confirmed": asked.context["mark"]}, follow=True))
    assert f"€10.00 to {card}" in done
    assert "€18.90 to Visa ending in 4242" in done
    mail = Mail.objects.get(subject=f"Order {order.number} is canceled").body
    assert "We are refunding €18.90 to the payment method that you used." in mail_text(mail)
    assert "€10.00 is back on your gift card or store credit." in mail_text(mail)
    card.refresh_from_db()
    assert card.balance_minor == 1000


def mail_text(body):
    """The plain text of a mail, with its lines joined."""
    message = message_from_bytes(body.encode(), policy=policy.default)
    return " ".join(message.get_body(("plain",)).get_content().split())


def test_the_mail_about_a_parcel_links_to_its_tracking_page_without_a_number_too():
    order = confirmed(make_variant(on_hand=5))
    ship(order, NewFulfillment({order.lines.get().pk: 1}, "DHL", tracking_url="https://dhl.example/7"))
    message = message_from_bytes(
        Mail.objects.get(subject__startswith="On its way").body.encode(), policy=policy.default
    )
    html = message.get_body(("html",)).get_content()
    assert '<a href="https://dhl.example/7">Track this parcel</a>' in html
    assert "has been sent with DHL." in html


def test_a_shipped_order_is_not_canceled(client):
    staff(client, is_superuser=True)
    order = confirmed()
    ship(order, NewFulfillment({order.lines.get().pk: 1}))
    text = text_of(client.post(f"/admin/orders/order/{order.pk}/cancel/", follow=True))
    assert "has been shipped" in text
    assert Order.objects.get().status == "completed"


def test_an_order_that_was_paid_while_the_page_asked_is_asked_about_again(client, stripe_desk):
    staff(client, is_superuser=True)
    order = make_order()
    url = f"/admin/orders/order/{order.pk}/cancel/"
    asked = client.get(url)
    assert "Nothing is refunded, because nothing was paid." in text_of(asked)
    payment = start_payment(order.pk)
    stripe_desk.pay(payment.session_url)
    settle(payment.pk)
    answer = client.post(url, {"confirmed": asked.context["mark"]})
    assert (answer.status_code, "Please check it again" in text_of(answer)) == (422, True)
    assert Order.objects.get().status == "confirmed"


def test_roles_hold_the_permissions_they_promise():
    assert set(Group.objects.values_list("name", flat=True)) >= {
        "Owner",
        "Catalogue",
        "Fulfilment",
        "Support",
        "Finance",
        "Read-only",
    }
    owner = Group.objects.get(name="Owner")
    assert owner.permissions.count() == Permission.objects.count()
    fulfilment = set(Group.objects.get(name="Fulfilment").permissions.values_list("codename", flat=True))
    assert {"ship_order", "view_order"} <= fulfilment
    assert "cancel_order" not in fulfilment
