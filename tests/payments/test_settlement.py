"""Settlement: the state at Stripe becomes the state of the order, and never goes back."""

import dataclasses

import pytest

from catalog.inventory import Need, reserve
from orders.lifecycle import cancel
from orders.models import Order, OrderEvent
from payments import gateway
from payments.cancellation import cancel_order
from payments.errors import GatewayDown, NotPayable
from payments.models import Journal, Payment, Posting, Refund
from payments.refunds import carry_out_waiting
from payments.sessions import start_payment
from payments.settlement import settle, take_over
from shop.models import Mail
from shop.operations.audit import run_audit
from tests.factories import make_order, make_variant, stock_of
from tests.reading import text_of

pytestmark = pytest.mark.django_db


def postings(order, kind):
    rows = Posting.objects.filter(journal__order=order, journal__kind=kind)
    return {row.account: row.amount_minor for row in rows}


def test_a_paid_session_confirms_the_order_and_books_it(stripe_desk):
    order = make_order(make_variant(2400), quantity=2)
    payment = start_payment(order.pk)
    stripe_desk.pay(payment.session_url)
    settled = settle(payment.pk)
    order.refresh_from_db()
    assert (order.status, order.payment_due_at) == ("confirmed", None)
    assert (settled.status, settled.captured_minor, settled.card) == ("captured", 5290, "Visa ending in 4242")
    assert postings(order, "capture") == {"stripe": 5290, "receivable": -5290}
    assert postings(order, "sale") == {"receivable": 5290, "sales": -4033, "shipping": -412, "tax": -845}
    mail = Mail.objects.get()
    assert (mail.recipients, mail.status) == ([order.email], "queued")
    assert order.number in mail.subject
    assert run_audit() == []


def test_settling_again_changes_nothing(stripe_desk):
    order = make_order()
    payment = start_payment(order.pk)
    stripe_desk.pay(payment.session_url)
    settle(payment.pk)
    settle(payment.pk)
    assert Journal.objects.count() == 2
    assert Mail.objects.count() == 1


def test_an_open_session_leaves_the_order_waiting(stripe_desk):
    order = make_order()
    payment = start_payment(order.pk)
    assert settle(payment.pk).status == "open"
    order.refresh_from_db()
    assert order.status == "placed"


@pytest.mark.fault("F044")
@pytest.mark.parametrize(
    ("card", "words"),
    [("4000000000000002", "Your card was declined."), ("4000000000009995", "Your card has insufficient funds.")],
)
def test_after_a_refused_card_the_same_page_takes_another(stripe_desk, card, words):
    order = make_order()
    payment = start_payment(order.pk)
    assert words in stripe_desk.pay(payment.session_url, card)
    assert settle(payment.pk).status == "open"
    stripe_desk.pay(payment.session_url)
    assert settle(payment.pk).status == "captured"
    order.refresh_from_db()
    assert order.status == "confirmed"


@pytest.mark.fault("F044")
def test_three_d_secure_pays_after_the_bank_was_asked(stripe_desk):
    payment = start_payment(make_order().pk)
    assert "Your bank asks" in stripe_desk.pay(payment.session_url, "4000002500003155")
    assert settle(payment.pk).status == "open"
    stripe_desk.authenticate(payment.session_url, "4000002500003155")
    assert settle(payment.pk).status == "captured"


@pytest.mark.fault("F032")
def test_a_forged_return_changes_nothing(client, stripe_desk):
    order, other = make_order(), make_order()
    start_payment(order.pk)
    paid = start_payment(other.pk)
    stripe_desk.pay(paid.session_url)
    client.get(f"/orders/{order.public_id}/return/?session_id={paid.session_id}&redirect_status=succeeded")
    order.refresh_from_db()
    assert order.status == "placed"


@pytest.mark.fault("F031")
def test_the_return_page_settles_by_itself(client, stripe_desk):
    order = make_order()
    payment = start_payment(order.pk)
    stripe_desk.pay(payment.session_url)
    response = client.get(f"/orders/{order.public_id}/return/", follow=True)
    text = text_of(response)
    assert "Thank you, Anna" in text
    assert "Visa ending in 4242" in text


def test_the_return_page_shows_that_the_payment_is_checked_while_stripe_is_away(client, stripe_desk):
    order = make_order()
    payment = start_payment(order.pk)
    stripe_desk.pay(payment.session_url)
    stripe_desk.switch(**{"500": "3"})
    response = client.get(f"/orders/{order.public_id}/return/")
    assert response.status_code == 200
    assert "We are waiting for your payment to be confirmed." in text_of(response)


def answered(payment, **changes):
    return dataclasses.replace(gateway.retrieve_session(payment.session_id), **changes)


@pytest.mark.fault("F046")
def test_another_amount_than_ordered_is_flagged_and_not_paid(stripe_desk):
    order = make_order()
    payment = start_payment(order.pk)
    stripe_desk.pay(payment.session_url)
    taken = take_over(payment, answered(payment, received_minor=order.total_minor - 1))
    order.refresh_from_db()
    assert (order.status, taken.status, taken.flag, taken.captured_minor) == ("placed", "failed", "mismatch", 0)
    assert [finding.invariant[:2] for finding in run_audit()] == ["M8"]
    with pytest.raises(NotPayable, match="looking into"):
        start_payment(order.pk)
    assert cancel_order(order, user_id=None).status == "canceled"


@pytest.mark.fault("F050")
def test_an_unknown_status_is_waiting_never_paid(stripe_desk):
    order = make_order()
    payment = start_payment(order.pk)
    taken = take_over(payment, answered(payment, status="vibing", payment_status="maybe", intent_status="hm"))
    assert taken.status == "open"
    taken = take_over(
        payment, answered(payment, status="complete", payment_status="unpaid", intent_status="requires_action")
    )
    assert taken.status == "processing"
    assert Order.objects.get().status == "placed"


@pytest.mark.fault("F045")
def test_a_bank_debit_is_waited_for_and_may_fail(stripe_desk):
    order = make_order()
    payment = start_payment(order.pk)
    working = answered(payment, status="complete", intent_status="processing")
    assert take_over(payment, working).status == "processing"
    order.refresh_from_db()
    assert order.payment_due_at is None
    failed = answered(payment, status="complete", intent_status="requires_payment_method")
    assert take_over(payment, failed).status == "failed"
    order.refresh_from_db()
    assert (order.status, order.payment_due_at is None) == ("placed", False)


def test_an_older_answer_does_not_move_back(stripe_desk):
    order = make_order()
    payment = start_payment(order.pk)
    old = gateway.retrieve_session(payment.session_id)
    stripe_desk.pay(payment.session_url)
    settle(payment.pk)
    assert take_over(payment, old).status == "captured"
    assert take_over(payment, dataclasses.replace(old, status="expired")).status == "captured"


def paid_too_late(stripe_desk, variant, reason="expired"):
    """The shopper paid, but the order was given up before we heard of it."""
    order = make_order(variant)
    payment = start_payment(order.pk)
    stripe_desk.pay(payment.session_url)
    Payment.objects.filter(pk=payment.pk).update(status="canceled")
    cancel(order, reason)
    return order, payment


@pytest.mark.fault("F008")
def test_a_late_payment_is_taken_while_there_is_stock(stripe_desk):
    variant = make_variant(on_hand=1)
    order, payment = paid_too_late(stripe_desk, variant)
    assert stock_of(variant) == (1, 0)
    settle(payment.pk)
    order.refresh_from_db()
    assert (order.status, order.cancel_reason, stock_of(variant)) == ("confirmed", "", (1, 1))
    assert run_audit() == []


@pytest.mark.fault("F008")
def test_a_late_payment_without_stock_goes_back_whole(stripe_desk):
    variant = make_variant(on_hand=1)
    order, payment = paid_too_late(stripe_desk, variant)
    reserve("other", [Need(1, variant.pk, 1)])
    settled = settle(payment.pk)
    order.refresh_from_db()
    assert (order.status, settled.flag, Refund.objects.get().amount_minor) == ("canceled", "late", order.total_minor)
    assert Mail.objects.filter(subject__contains="will be refunded").count() == 1
    assert carry_out_waiting() == 1
    settled.refresh_from_db()
    assert settled.refunded_minor == order.total_minor
    assert postings(order, "refund") == {"stripe": -order.total_minor, "receivable": order.total_minor}
    assert [finding for finding in run_audit() if finding.invariant[0] == "M"] == []


def test_a_late_payment_for_an_order_that_staff_canceled_goes_back(stripe_desk):
    variant = make_variant(on_hand=5)
    order, payment = paid_too_late(stripe_desk, variant, reason="staff")
    assert settle(payment.pk).flag == "late"
    assert Order.objects.get(pk=order.pk).status == "canceled"


def test_a_second_payment_for_one_order_goes_back(stripe_desk):
    order = make_order()
    first = start_payment(order.pk)
    Payment.objects.filter(pk=first.pk).update(status="canceled")
    second = start_payment(order.pk)
    for payment in (first, second):
        stripe_desk.pay(payment.session_url)
    settle(second.pk)
    settled = settle(first.pk)
    assert (settled.flag, Refund.objects.get().payment_id) == ("duplicate", first.pk)
    carry_out_waiting()
    assert OrderEvent.objects.filter(text="€28.90 refunded").count() == 1
    assert run_audit() == []


def test_a_title_with_a_line_break_can_still_be_mailed(stripe_desk):
    order = make_order(make_variant(title="Two\nlines"))
    payment = start_payment(order.pk)
    stripe_desk.pay(payment.session_url)
    settle(payment.pk)
    assert Mail.objects.get().subject == f"Order {order.number}: Two lines"


def test_without_an_answer_nothing_changes(stripe_desk):
    payment = start_payment(make_order().pk)
    stripe_desk.switch(**{"500": "3"})
    with pytest.raises(GatewayDown):
        settle(payment.pk)
    assert Payment.objects.get().status == "open"


@pytest.mark.parametrize(
    ("code", "name"),
    [("visa", "Visa"), ("amex", "American Express"), ("eftpos_au", "eftpos"), ("some_new", "Some New"), ("", "Card")],
)
def test_a_card_is_called_by_the_name_of_its_brand(code, name):
    assert gateway.card_brand(code) == name
