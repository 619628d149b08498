"""The pages on which staff refund, approve, pay out again and assign."""

import pytest
from django.contrib.auth.models import Group, Permission
from django.test import Client
from django.urls import reverse

from orders.fulfillment import NewFulfillment, ship
from orders.models import Order, OrderLine
from payments.gateway import RefundState
from payments.models import Refund, RefundLimit, RefundRequest
from payments.refund_plans import RefundChoice
from payments.refund_requests import ask_refund
from payments.refunds import carry_out_waiting, note_foreign_refund, take_over_refund
from payments.sessions import start_payment
from payments.settlement import settle
from shop.operations.audit import run_audit
from tests.factories import make_cart, make_shipping, make_tax, make_user, make_variant, place
from tests.reading import form_of, text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def order(stripe_desk) -> Order:
    """A paid order of three mugs of 10.01, with 4.90 for delivery."""
    make_shipping(free_from_minor=None)
    make_tax()
    order = place(make_cart(make_variant(1001, title="Mug"), quantity=3))
    stripe_desk.pay(start_payment(order.pk).session_url)
    settle(order.payments.get().pk)
    order.refresh_from_db()
    return order


def page_of(order: Order, action: str = "refund") -> str:
    return reverse(f"admin:orders_order_{action}", args=[order.pk])


def posted(client: Client, order: Order, action: str = "refund", **fields: str):
    """Open the page of the action, and send its form with these fields changed."""
    form = form_of(client.get(page_of(order, action)), method="post", data_guard=True)
    return client.post(page_of(order, action), {**form, **fields})


def mug_of(order: Order) -> OrderLine:
    return order.lines.get()


def test_the_page_offers_what_is_left_and_says_what_will_happen(client, staff, order):
    answer = posted(client, order, **{f"open_{mug_of(order).pk}": "2", "shipping": "4.90", "preview": "1"})
    text = text_of(answer)
    assert "€34.93 can still be refunded" in text
    assert "2 × Mug €20.02" in text
    assert "To refund €24.92" in text
    assert "To Visa ending in 4242 €24.92" in text
    assert "Tax taken back €3.98" in text
    assert not RefundRequest.objects.exists()


def test_the_script_gets_the_same_as_a_part_of_the_page(client, staff, order):
    fields = {f"open_{mug_of(order).pk}": "1", "target": "same", "reason": "damaged"}
    answer = client.post(page_of(order), fields, headers={"X-Fragment": "1"})
    text = text_of(answer)
    assert "To refund €10.01" in text
    assert "<html" not in answer.content.decode()


def test_a_refund_is_made_and_stands_on_the_order_page(client, staff, order):
    answer = posted(client, order, **{f"open_{mug_of(order).pk}": "2"})
    assert answer.status_code == 302
    carry_out_waiting()
    page = text_of(client.get(answer.url))
    assert "The refund of €20.02 is booked, and the money is on its way." in page
    assert "2 × Mug: €20.02, will not be sent." in page
    assert run_audit() == []


def test_what_is_not_left_is_refused_with_everything_that_was_typed(client, staff, order):
    name = f"open_{mug_of(order).pk}"
    answer = posted(client, order, **{name: "4", "note": "Broken twice"})
    assert answer.status_code == 422
    assert "Only 3 of Mug can be refunded." in text_of(answer)
    assert form_of(answer, method="post", data_guard=True)["note"] == "Broken twice"


def test_nothing_chosen_is_one_sentence(client, staff, order):
    answer = posted(client, order)
    assert "Choose what to refund: units, delivery or an amount." in text_of(answer)


def support(*permissions: str) -> Client:
    """A client of somebody who may see orders and refund up to 10.00."""
    user = make_user(is_staff=True)
    names = ("view_order", "view_payment", "refund_order", *permissions)
    user.user_permissions.set(Permission.objects.filter(codename__in=names))
    client = Client()
    client.force_login(user)
    return client


def test_who_may_not_refund_gets_no_page(client, staff, order):
    somebody = make_user(is_staff=True)
    somebody.user_permissions.set(Permission.objects.filter(codename__in=["view_order", "view_payment"]))
    client.force_login(somebody)
    assert client.get(page_of(order)).status_code == 403
    assert client.post(page_of(order), {}).status_code == 403


def test_a_refund_above_the_limit_is_asked_for_and_approved_by_somebody_else(client, staff, order, settings):
    helper = support()
    answer = posted(helper, order, **{f"open_{mug_of(order).pk}": "1", "preview": "1"})
    assert "Ask to refund €10.01" in text_of(answer)
    assert "You may refund up to €0.00 without a second person." in text_of(answer)
    posted(helper, order, **{f"open_{mug_of(order).pk}": "1"})
    assert RefundRequest.objects.get().status == "waiting"
    assert helper.get(page_of(order, "approve-refund")).status_code == 403
    page = text_of(client.get(page_of(order, "approve-refund")))
    assert "1 × Mug: €10.01, will not be sent." in page
    assert posted(client, order, "approve-refund").status_code == 302
    assert RefundRequest.objects.get().status == "approved"
    assert run_audit() == []


def test_a_refund_is_declined(client, staff, order):
    ask_refund(order, RefundChoice(goodwill_minor=500), make_user(is_staff=True))
    assert posted(client, order, "decline-refund").status_code == 302
    assert RefundRequest.objects.get().status == "declined"


def test_a_failed_refund_is_paid_out_again(client, staff, order):
    ask_refund(order, RefundChoice(goodwill_minor=500), staff)
    carry_out_waiting()
    refund = Refund.objects.get()
    take_over_refund(refund, RefundState(refund.provider_ref or "", "failed", 500, "lost_or_stolen_card"))
    assert "Failed" in text_of(client.get(reverse("admin:orders_order_change", args=[order.pk])))
    assert posted(client, order, "pay-again", target="gift_card").status_code == 302
    assert Refund.objects.latest("pk").gift_card.balance_minor == 500
    assert run_audit() == []


def test_a_refund_made_at_stripe_is_assigned_to_its_line(client, staff, order):
    ship(order, NewFulfillment({mug_of(order).pk: 3}))
    note_foreign_refund(order.payments.get(), RefundState("re_dashboard", "succeeded", 1001, ""))
    page = text_of(client.get(page_of(order, "assign-refund")))
    assert "€10.01 was refunded at Stripe." in page
    answer = posted(client, order, "assign-refund", **{f"sent_{mug_of(order).pk}": "1"})
    assert answer.status_code == 302
    assert RefundRequest.objects.get().goodwill_minor == 0
    assert run_audit() == []


@pytest.mark.parametrize("url", ["payments_refundrequest_changelist", "payments_refundlimit_changelist"])
def test_the_lists_of_refunds_and_limits_open(client, staff, order, url):
    ask_refund(order, RefundChoice(goodwill_minor=500), make_user(is_staff=True))
    assert client.get(reverse(f"admin:{url}"), {"todo": "approve"} if "request" in url else {}).status_code == 200


def test_a_limit_is_changed(client, staff):
    limit = RefundLimit.objects.create(role=Group.objects.create(name="Night"), currency="EUR", amount_minor=10000)
    fields = {"role": limit.role_id, "currency": "EUR", "amount_minor": "250.00"}
    answer = client.post(reverse("admin:payments_refundlimit_change", args=[limit.pk]), fields)
    assert answer.status_code == 302
    limit.refresh_from_db()
    assert limit.amount_minor == 25000
