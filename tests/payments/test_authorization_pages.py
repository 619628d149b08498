"""The pages about authorized payments: shipping charges what it says, and staff and shoppers read what is held."""

from datetime import timedelta

import pytest
from django.utils import timezone

from catalog.admin.tile_registry import tiles
from catalog.models import Store
from orders.models import Order
from payments.models import AuthorizationRequest, Payment, RefundRequest
from payments.reconcile import reconcile
from payments.sessions import start_payment
from payments.settlement import settle
from shop.models import Mail
from shop.operations.audit import run_audit
from tests.orders.staff_pages import staff
from tests.payments.authorized import TOTAL, authorized, charge_on_shipping, mugs_and_lamp, payment_of
from tests.reading import find_all, form_of, text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def store() -> Store:
    return charge_on_shipping()


@pytest.fixture
def order(store, stripe_desk) -> Order:
    return authorized(mugs_and_lamp(), stripe_desk)


def url_of(order: Order, page: str = "change") -> str:
    return f"/admin/orders/order/{order.pk}/{page}/"


def quantities(order: Order, **units: int) -> dict[str, int]:
    return {f"line_{line.pk}": units.get(line.title, 0) for line in order.lines.all()}


def sent_by(page) -> dict[str, str]:
    """What the form of an action or a question sends."""
    forms = [form for form in find_all(page, "form", method="post") if find_all(form, "button", class_="main")]
    forms += [form for form in find_all(page, "form", method="post") if find_all(form, name="confirmed")]
    return form_of(forms[0]) if forms else form_of(page, method="post", data_guard=True)


def test_the_ship_page_says_what_is_charged_before_anything_happens(client, order):
    staff(client, is_superuser=True)
    text = text_of(client.get(url_of(order, "ship")))
    assert "€74.90 is charged to Visa ending in 4242 first." in text
    assert "If the bank refuses, nothing is shipped and nothing changes." in text
    assert payment_of(order).status == "authorized"


def test_a_preview_says_what_is_charged_without_the_rest(client, order):
    staff(client, is_superuser=True)
    form = {**quantities(order, Mug=1), "rest": "dropped", "preview": "1"}
    text = text_of(client.post(url_of(order, "ship"), form))
    assert "€14.90 is charged to Visa ending in 4242 first." in text
    assert "1 × Lamp will not be sent or charged." in text
    assert "The bank releases its hold of the other €60.00." in text
    assert not AuthorizationRequest.objects.exists()


def test_the_ship_page_charges_and_ships(client, order):
    staff(client, is_superuser=True)
    form = {**quantities(order, Mug=2, Lamp=1), "rest": "follows", "charged": TOTAL}
    text = text_of(client.post(url_of(order, "ship"), form, follow=True))
    assert f"€74.90 was charged, and the parcel of {order.number} was shipped." in text
    order.refresh_from_db()
    assert (order.status, payment_of(order).captured_minor) == ("completed", TOTAL)
    assert run_audit() == []


def test_another_amount_than_the_page_showed_is_not_charged(client, order):
    staff(client, is_superuser=True)
    form = {**quantities(order, Mug=1), "rest": "dropped", "charged": TOTAL}
    answer = client.post(url_of(order, "ship"), form)
    assert (answer.status_code, payment_of(order).status) == (422, "authorized")
    assert "This now charges €14.90. Check what will happen and submit the form again." in text_of(answer)
    assert [field.attributes["value"] for field in find_all(answer, name="charged")] == ["1490"]
    answer = client.post(url_of(order, "ship"), {**form, "charged": "1490"}, follow=True)
    assert "€14.90 was charged" in text_of(answer)


def test_a_lost_answer_is_told_and_the_same_form_goes_on(client, order, stripe_desk):
    staff(client, is_superuser=True)
    page = client.get(url_of(order, "ship"))
    form = {**sent_by(page), **quantities(order, Mug=2, Lamp=1), "charged": TOTAL}
    stripe_desk.switch(lose="all POST payment_intents")
    assert "the parcel is not recorded yet" in text_of(client.post(url_of(order, "ship"), form))
    assert "Stripe was asked to charge" in text_of(client.get(url_of(order)))
    stripe_desk.all_is_well()
    assert "€74.90 was charged" in text_of(client.post(url_of(order, "ship"), form, follow=True))
    assert (order.fulfillments.count(), payment_of(order).captured_minor) == (1, TOTAL)


def test_the_order_page_and_the_list_say_that_the_payment_is_authorized(client, order):
    staff(client, is_superuser=True)
    text = text_of(client.get(url_of(order)))
    assert "Visa ending in 4242: authorized until" in text
    assert "Charge now" in text
    assert "Authorized" in text_of(client.get("/admin/orders/order/"))


def test_an_order_is_charged_from_its_page(client, order):
    staff(client, is_superuser=True)
    question = client.get(url_of(order, "charge"))
    assert "€74.90 is charged to Visa ending in 4242, before anything is shipped." in text_of(question)
    answer = client.post(url_of(order, "charge"), sent_by(question), follow=True)
    assert f"€74.90 of {order.number} was charged." in text_of(answer)
    assert payment_of(order).status == "captured"


def test_an_authorization_is_released_from_the_page_of_its_order(client, order):
    staff(client, is_superuser=True)
    question = client.get(url_of(order, "release"))
    answer = client.post(url_of(order, "release"), sent_by(question), follow=True)
    assert "The customer was not charged." in text_of(answer)
    assert payment_of(order).status == "canceled"
    assert "Not charged" in text_of(client.get("/admin/orders/order/"))
    assert "was never charged" in text_of(client.get(url_of(order, "ship"), follow=True))


def test_canceling_says_that_the_hold_is_released(client, order):
    staff(client, is_superuser=True)
    text = text_of(client.get(url_of(order, "cancel")))
    assert "€74.90 held on Visa ending in 4242 is released. It was never charged" in text


def test_the_refund_page_says_what_is_never_charged(client, order):
    staff(client, is_superuser=True)
    page = client.get(url_of(order, "refund"))
    assert "€74.90 can still be refunded" in text_of(page)
    mug = order.lines.get(title="Mug")
    form = {**sent_by(page), f"open_{mug.pk}": "1"}
    text = text_of(client.post(url_of(order, "refund"), {**form, "preview": "1"}))
    assert "Never charged €10.00" in text
    assert "will be charged that much less" in text
    answer = client.post(url_of(order, "refund"), form, follow=True)
    assert "the customer will not be charged for it" in text_of(answer)
    assert RefundRequest.objects.get().released_minor == 1000


def test_staff_choose_for_an_unpaid_order_when_it_is_charged(client, stripe_desk):
    order = mugs_and_lamp()
    payment = start_payment(order.pk)
    staff(client, is_superuser=True)
    form = {**sent_by(client.get(url_of(order, "capture"))), "capture": "shipping"}
    answer = client.post(url_of(order, "capture"), form, follow=True)
    assert f"{order.number} is charged when the order ships." in text_of(answer)
    payment.refresh_from_db()
    order.refresh_from_db()
    assert (payment.status, order.capture) == ("canceled", "shipping")
    authorized(order, stripe_desk)
    assert order.payments.last().status == "authorized"
    assert f"{order.number} does not wait for a payment." in text_of(client.get(url_of(order, "capture"), follow=True))


def test_payments_about_to_expire_are_a_tile_and_a_list(client, order):
    Payment.objects.update(capture_before=timezone.now() + timedelta(hours=47))
    user = staff(client, is_superuser=True)
    tile = next(shown for shown in tiles.shown_to(user) if shown.tile.code == "expiring")
    assert tile.count == 1
    assert order.number in text_of(client.get("/admin/payments/payment/?check=expiring"))


def test_the_shopper_reads_when_the_card_is_charged(client, order):
    day = payment_of(order).capture_before
    text = text_of(client.get(f"/orders/{order.public_id}/"))
    assert "€74.90 is held on Visa ending in 4242 and will be charged when your order ships, on" in text
    assert str(timezone.localtime(day).day) in text
    mail = Mail.objects.get(subject__startswith=f"Order {order.number}: Mug")
    assert "is confirmed" in mail.body
    assert "charged when your order ships" in mail.body.replace("=\n", "").replace("\n", " ")


def test_reconcile_finds_an_authorization_whose_webhook_was_lost(store, stripe_desk):
    order = mugs_and_lamp()
    stripe_desk.pay(start_payment(order.pk).session_url)
    report = reconcile(timezone.now() - timedelta(hours=1))
    assert [found.cause for found in report.booked] == [f"{order.number} is authorized, and no webhook said so"]
    assert (report.differences, payment_of(order).status) == ([], "authorized")


def test_reconcile_finds_an_authorization_that_ended(order, stripe_desk):
    stripe_desk.by_hand(f"payments/{payment_of(order).payment_intent_id}/cancel")
    report = reconcile(timezone.now() - timedelta(hours=1))
    assert [found.cause for found in report.booked] == [f"{order.number} is canceled, and no webhook said so"]
    assert payment_of(order).flag == "lapsed"


def test_reconcile_names_what_is_held_for_no_order_and_what_we_think_is_charged(order, stripe_desk):
    other = stripe_desk.paid_intent(**{"payment_intent_data[capture_method]": "manual"})
    Payment.objects.update(status="failed", authorized_minor=TOTAL)
    differences = reconcile(timezone.now() - timedelta(hours=1)).differences
    assert {found.key: (found.amount_minor, found.cause) for found in differences} == {
        other["id"]: (2400, "a bank holds it, and no order knows it"),
        payment_of(order).payment_intent_id: (
            TOTAL,
            f"a bank holds it, and the payment of {order.number} is failed",
        ),
    }


def test_the_payments_report_says_what_is_authorized(client, order):
    staff(client, is_superuser=True)
    text = text_of(client.get("/admin/reports/payments/"))
    assert "Authorized, not charged yet" in text
    assert "€74.90" in text
    assert settle(payment_of(order).pk).status == "authorized"
