"""Disputes: what the books say at each step, and what staff can and cannot do meanwhile."""

import itertools
from dataclasses import replace
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from catalog.models import Store
from orders.errors import ShipmentRefused
from orders.fulfillment import NewFulfillment, ship
from orders.models import Order
from payments import gateway
from payments.cancellation import cancel_order
from payments.disputes import answer, take_over_dispute
from payments.errors import DisputeRefused, GatewayDown, RefundRefused
from payments.gateway import DisputeState, MoneyMove
from payments.inbox import process_waiting
from payments.models import Dispute, Journal, Payment, Refund, StripeEvent
from payments.refund_plans import RefundChoice
from payments.refund_requests import ask_refund
from payments.refunds import carry_out_waiting
from payments.sessions import start_payment
from payments.settlement import settle
from shop.models import Mail
from shop.operations.audit import run_audit
from tests.factories import make_order, make_user
from tests.reading import form_of, text_of
from tests.stripe_desk import signed

pytestmark = pytest.mark.django_db


@pytest.fixture
def payment(stripe_desk) -> Payment:
    payment = start_payment(make_order().pk)
    stripe_desk.pay(payment.session_url)
    return settle(payment.pk)


@pytest.fixture
def dispute(payment, stripe_desk) -> Dispute:
    """A dispute of the whole payment of 28.90, as its webhook tells us."""
    Store.objects.update_or_create(pk=1, defaults={"name": "Loom", "contact_email": "desk@example.com"})
    made = stripe_desk.dispute(payment.payment_intent_id)
    return take_over_dispute(payment, gateway.retrieve_dispute(made["id"]))


def hear(client, events) -> None:
    for event in events:
        body, signature = signed(event)
        client.post(
            "/payments/webhook/", body, content_type="application/json", headers={"Stripe-Signature": signature}
        )
    process_waiting()


def news_of(dispute: Dispute) -> Dispute:
    return take_over_dispute(dispute.payment, gateway.retrieve_dispute(dispute.stripe_id))


def balances(order: Order) -> dict[str, int]:
    sums: dict[str, int] = {}
    rows = Journal.objects.filter(order=order, kind__in=["dispute", "dispute_lost"])
    for account, minor in rows.values_list("postings__account", "postings__amount_minor"):
        sums[account] = sums.get(account, 0) + minor
    return {account: minor for account, minor in sums.items() if minor}


def test_a_dispute_takes_the_money_away_and_the_shop_is_told(dispute):
    order = dispute.payment.order
    dispute.payment.refresh_from_db()
    assert (dispute.status, dispute.payment.disputed_minor) == ("needs_response", 2890)
    assert balances(order) == {"stripe": -2890, "disputed": 2890}
    assert order.events.filter(text="Dispute of €28.90 (fraudulent): answer it").count() == 1
    assert Mail.objects.filter(subject__contains="Dispute of €28.90").count() == 1
    assert run_audit() == []


def test_a_won_dispute_brings_the_money_back(dispute, stripe_desk):
    stripe_desk.decide(dispute.stripe_id, "win")
    assert news_of(dispute).status == "won"
    assert balances(dispute.payment.order) == {}
    assert Payment.objects.get().disputed_minor == 0
    assert run_audit() == []


def test_a_lost_dispute_is_a_loss(dispute, stripe_desk):
    stripe_desk.decide(dispute.stripe_id, "lose")
    assert news_of(dispute).status == "lost"
    assert balances(dispute.payment.order) == {"stripe": -2890, "disputes": 2890}
    assert Payment.objects.get().disputed_minor == 2890
    assert run_audit() == []


def test_an_inquiry_moves_no_money_until_it_becomes_a_dispute(payment, stripe_desk):
    made = stripe_desk.dispute(payment.payment_intent_id, kind="inquiry")
    dispute = take_over_dispute(payment, gateway.retrieve_dispute(made["id"]))
    assert (dispute.status, balances(payment.order)) == ("warning_needs_response", {})
    stripe_desk.decide(dispute.stripe_id, "escalate")
    assert news_of(dispute).status == "needs_response"
    assert balances(payment.order) == {"stripe": -2890, "disputed": 2890}
    assert run_audit() == []


STATES = [("needs_response", (-1,)), ("under_review", (-1,)), ("won", (-1, 1)), ("lost", (-1,))]


@pytest.mark.fault("F074")
@pytest.mark.parametrize("order_of_news", list(itertools.permutations(range(3))))
@pytest.mark.parametrize("end", ["won", "lost"])
def test_news_of_a_dispute_in_any_order_end_the_same(payment, order_of_news, end):
    news = [state for state in STATES if state[0] not in {"won", "lost"} - {end}]
    for number in [*order_of_news, *order_of_news]:
        take_over_dispute(payment, state_of(payment, *news[number]))
    dispute = Dispute.objects.get()
    assert dispute.status == end
    lost = {"stripe": -2890, "disputes": 2890}
    assert balances(payment.order) == ({} if end == "won" else lost)
    assert run_audit() == []


def state_of(payment: Payment, status: str, signs: tuple[int, ...]) -> DisputeState:
    moves = tuple(MoneyMove(f"txn_{number}", sign * 2890) for number, sign in enumerate(signs))
    now = timezone.now()
    return DisputeState(
        *("du_1", payment.payment_intent_id or "", "", status, "fraudulent", 2890, "EUR", now),
        answer_by=now + timedelta(days=7),
        has_answer=False,
        moves=moves,
    )


def test_a_bank_that_decides_for_the_shop_after_all_leaves_no_loss(payment):
    lost = state_of(payment, "lost", (-1,))
    take_over_dispute(payment, lost)
    take_over_dispute(payment, replace(lost, status="won", moves=state_of(payment, "won", (-1, 1)).moves))
    assert balances(payment.order) == {}
    assert run_audit() == []


@pytest.mark.fault("F074")
def test_a_disputed_payment_is_not_refunded_a_second_time(dispute):
    order, owner = dispute.payment.order, make_user(is_superuser=True)
    with pytest.raises(RefundRefused, match=r"Only €0\.00 of this order can still be refunded"):
        ask_refund(order, RefundChoice(goodwill_minor=1), owner)
    cancel_order(order, user_id=owner.pk)
    assert not Refund.objects.exists()


@pytest.mark.fault("F074")
def test_a_dispute_of_what_was_refunded_takes_the_rest(payment, stripe_desk):
    ask_refund(payment.order, RefundChoice(goodwill_minor=1000), make_user(is_superuser=True))
    carry_out_waiting()
    made = stripe_desk.dispute(payment.payment_intent_id, amount=1890)
    take_over_dispute(payment, gateway.retrieve_dispute(made["id"]))
    payment.refresh_from_db()
    assert (payment.refunded_minor, payment.disputed_minor) == (1000, 1890)
    assert run_audit() == []


def test_a_disputed_order_is_not_shipped_until_it_is_won(dispute, stripe_desk):
    order = dispute.payment.order
    parcel = NewFulfillment({order.lines.get().pk: 1})
    with pytest.raises(ShipmentRefused, match="is disputed, so it is not shipped"):
        ship(order, parcel)
    stripe_desk.decide(dispute.stripe_id, "win")
    news_of(dispute)
    assert ship(order, parcel).pk


def test_webhooks_bring_the_news(client, payment, stripe_desk):
    made = stripe_desk.dispute(payment.payment_intent_id)
    hear(client, stripe_desk.events_about(made["id"]))
    assert Dispute.objects.get().status == "needs_response"
    stripe_desk.decide(made["id"], "lose")
    hear(client, stripe_desk.events_about(made["id"]))
    assert Dispute.objects.get().status == "lost"
    assert set(StripeEvent.objects.values_list("status", flat=True)) == {"done"}
    assert run_audit() == []


def test_a_fraud_warning_stands_on_the_order_once(client, payment, stripe_desk):
    warning = stripe_desk.by_hand("fraud_warnings", payment_intent=payment.payment_intent_id)
    for _time in range(2):
        hear(client, stripe_desk.events_about(warning["id"]))
    assert payment.order.events.filter(text__startswith="The bank suspects fraud").count() == 1


def test_a_dispute_is_answered_once_with_what_the_shop_knows(client, staff, dispute, stripe_desk):
    order = dispute.payment.order
    url = reverse("admin:orders_order_answer-dispute", args=[order.pk])
    form = form_of(client.get(url), method="post", data_guard=True)
    assert (form["customer_name"], form["shipping_address"]) == (
        "Anna Peeters",
        "Anna Peeters\nKraanlei 12\n10115 Berlin\nDE",
    )
    answered = client.post(url, {**form, "uncategorized_text": "The parcel was signed for."}, follow=True)
    assert "The evidence was sent." in text_of(answered)
    dispute.refresh_from_db()
    assert (dispute.status, dispute.answered_by) == ("under_review", staff)
    evidence = stripe_desk.call(f"disputes/{dispute.stripe_id}")["evidence"]
    assert evidence["uncategorized_text"] == "The parcel was signed for."
    with pytest.raises(DisputeRefused, match="answered already"):
        answer(dispute, {}, user_id=staff.pk)


def test_a_lost_result_of_an_answer_is_found_although_the_text_was_changed_meanwhile(dispute, stripe_desk):
    user = make_user()
    stripe_desk.switch(lose="1")
    assert answer(dispute, {"uncategorized_text": "Signed for."}, user_id=user.pk).status == "under_review"
    dispute.refresh_from_db()
    assert dispute.answered_by == user


def test_an_answer_that_stripe_never_got_can_be_sent_again_with_another_text(dispute, stripe_desk):
    stripe_desk.switch(**{"500": "3"})
    with pytest.raises(GatewayDown):
        answer(dispute, {"uncategorized_text": "Signed for."}, user_id=make_user().pk)
    assert (
        answer(dispute, {"uncategorized_text": "Signed for by Anna."}, user_id=make_user().pk).status == "under_review"
    )


def test_the_order_page_and_the_list_show_the_dispute(client, staff, dispute):
    order = dispute.payment.order
    page = text_of(client.get(reverse("admin:orders_order_change", args=[order.pk])))
    assert "Answer the dispute" in page
    assert "Fraudulent" in page
    listed = text_of(client.get(reverse("admin:payments_dispute_changelist"), {"todo": "answer"}))
    assert order.number in listed


def test_what_a_dispute_took_of_a_canceled_order_is_not_money_that_we_keep(payment, stripe_desk):
    made = stripe_desk.dispute(payment.payment_intent_id, amount=900)
    take_over_dispute(payment, gateway.retrieve_dispute(made["id"]))
    cancel_order(payment.order, user_id=None)
    assert Refund.objects.get().amount_minor == 1990
    assert run_audit() == []
