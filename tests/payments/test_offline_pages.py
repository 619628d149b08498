"""The pages of staff and shoppers about transfers, invoices and cash."""

import pytest

from catalog.formats import day
from payments.models import OfflineMethod, Payment, ReceivedMoney, Refund
from payments.refund_plans import RefundChoice
from payments.refund_requests import ask_refund
from tests.factories import make_location, make_offline_method, make_shipping, make_tax
from tests.payments.offline_steps import make_invoice_order, make_transfer_order, payment_of, receive
from tests.reading import text_of

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def delivery():
    make_location()
    make_shipping()
    make_tax()


def url_of(order, action: str) -> str:
    return f"/admin/orders/order/{order.pk}/{action}/"


def filled(page, **typed):
    form = page.context["form"]
    values = {name: form[name].value() for name in form.fields}
    return {name: "" if value is None else value for name, value in {**values, **typed}.items()}


def test_staff_record_a_transfer_on_the_order_page(admin_client):
    order = make_transfer_order()
    assert "Waiting for transfer" in text_of(admin_client.get("/admin/orders/order/?paid_by=transfer"))
    page = admin_client.get(url_of(order, "receive-money"))
    assert "€100.00 is left to pay." in text_of(page)
    typed = filled(page, reference="Peeters 4711")
    assert typed["amount"] == "100.00"
    answer = admin_client.post(url_of(order, "receive-money"), typed, follow=True)
    assert f"€100.00 recorded. {order.number} is confirmed." in text_of(answer)
    admin_client.post(url_of(order, "receive-money"), typed)
    assert [(m.amount_minor, m.reference) for m in ReceivedMoney.objects.all()] == [(10000, "Peeters 4711")]


def test_too_much_money_is_refused_beside_its_field_and_nothing_typed_is_lost(admin_client):
    order = make_transfer_order()
    page = admin_client.get(url_of(order, "receive-money"))
    answer = admin_client.post(url_of(order, "receive-money"), filled(page, amount="100.01", reference="Peeters"))
    assert answer.context["form"].errors == {
        "amount": ["Only €100.00 is left to pay. Record that, and send the rest back."]
    }
    assert 'value="Peeters"' in answer.text
    assert payment_of(order).status == "open"


def test_a_second_person_sees_what_changed_before_anything_is_recorded(admin_client):
    order = make_transfer_order()
    page = admin_client.get(url_of(order, "receive-money"))
    receive(order, 4000)
    answer = admin_client.post(url_of(order, "receive-money"), filled(page, amount="40.00"))
    assert answer.status_code == 409
    assert "€40.00 received" in text_of(answer)
    assert ReceivedMoney.objects.count() == 1


def test_the_order_page_says_what_was_received_and_what_is_still_to_pay_by_when(admin_client):
    order = make_transfer_order()
    receive(order, 4000)
    page = text_of(admin_client.get(f"/admin/orders/order/{order.pk}/change/"))
    assert "Bank transfer €40.00" in page
    assert f"Bank transfer: to pay by {day(payment_of(order).due_at)} €60.00" in page
    assert "€40.00 received by bank transfer" in page


def test_an_invoice_that_nobody_has_paid_stands_in_the_money_of_its_order(admin_client):
    order = make_invoice_order()
    page = text_of(admin_client.get(f"/admin/orders/order/{order.pk}/change/"))
    assert f"Invoice: to pay by {day(payment_of(order).due_at)} €100.00" in page


def test_staff_mark_a_refund_as_sent(admin_client, admin_user):
    order = make_transfer_order()
    receive(order, 10000)
    ask_refund(order, RefundChoice(goodwill_minor=2500), admin_user)
    page = admin_client.get(url_of(order, "refund-sent"))
    answer = admin_client.post(url_of(order, "refund-sent"), filled(page, reference="R1"), follow=True)
    assert "The refund of €25.00 is marked as sent." in text_of(answer)
    assert Refund.objects.get().status == "succeeded"


def test_a_shopper_sees_how_to_pay_and_can_pay_online_instead(client):
    order = make_transfer_order()
    page = client.get(order.get_absolute_url())
    text = text_of(page)
    assert "Please transfer €100.00 by" in text
    assert "IBAN BE68 5390 0754 7034" in text
    assert f"Reference: {order.number}" in text
    assert client.get(f"/orders/{order.public_id}/pay/").url == order.get_absolute_url()
    answer = client.post(f"/orders/{order.public_id}/online/")
    assert answer.url == f"/orders/{order.public_id}/pay/"
    assert payment_of(order).status == "canceled"


def test_an_invoice_order_says_what_is_to_pay(client):
    order = make_invoice_order()
    text = text_of(client.get(order.get_absolute_url()))
    assert "Thank you" in text
    assert "Please pay €100.00 by" in text
    assert "Pay online instead" not in text


def test_an_invoice_cannot_be_switched_on_without_groups(admin_client):
    method = make_offline_method("invoice", is_on=False)
    url = f"/admin/payments/offlinemethod/{method.pk}/change/"
    form = admin_client.get(url).context["adminform"].form
    typed = {name: form[name].value() for name in form.fields}
    typed = {name: value for name, value in typed.items() if value not in (None, False)}
    answer = admin_client.post(url, {**typed, "is_on": "on"})
    assert "Choose the groups of customers who may pay by invoice." in text_of(answer)
    assert not OfflineMethod.objects.get(code="invoice").is_on


def test_the_lists_of_the_tiles_show_the_same_rows(admin_client):
    receive(make_transfer_order(), 4000)
    make_invoice_order()
    Payment.objects.filter(method="invoice").update(due_at="2020-01-01T00:00Z")
    part = admin_client.get("/admin/payments/payment/?check=part").context["cl"].result_list
    overdue = admin_client.get("/admin/payments/payment/?check=overdue").context["cl"].result_list
    assert ([p.method for p in part], [p.method for p in overdue]) == (["transfer"], ["invoice"])
