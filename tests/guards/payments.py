"""The guards of payments and refunds."""

from collections.abc import Mapping
from typing import Any

from orders import fulfillment, lifecycle
from orders.models import Order
from payments import (
    authorizations,
    cancellation,
    capturing,
    disputes,
    gateway,
    offline,
    refund_plans,
    refund_requests,
    refunds,
    sessions,
    settlement,
)
from payments.gateway import webhooks
from payments.ledger import journals
from payments.models import Journal, Payment, Refund
from payments.views import orders as order_views
from tests.guards.registry import Monkey, execute, guard


@guard("settle-lock", "tests/races/test_payment_races.py::test_return_page_and_webhook_together_settle_once")
def no_settle_lock(monkeypatch: Monkey) -> None:
    """Two settlements read the order at once, and a capture may be booked twice."""
    execute("ALTER TABLE payments_journal DROP CONSTRAINT IF EXISTS journal_once")
    monkeypatch.setattr(settlement, "lock_with_cart", lambda order_id: Order.objects.get(pk=order_id))
    monkeypatch.setattr(settlement, "lock_payment", lambda payment_id: Payment.objects.get(pk=payment_id))
    monkeypatch.setattr(lifecycle, "unchanged", lambda order: Order.objects.filter(pk=order.pk))
    monkeypatch.setattr(journals, "find_or_create", _create_journal)


def _create_journal(kind: str, provider_ref: str, fields: Mapping[str, Any]) -> tuple[Journal, bool]:
    return Journal.objects.create(kind=kind, provider_ref=provider_ref, **fields), True


@guard(
    "journal-once",
    "tests/races/test_reconcile_races.py::test_a_payment_that_a_return_page_and_two_sweeps_find_together_is_booked_once",
)
@guard(
    "payout-once",
    "tests/races/test_reconcile_races.py::test_a_payout_that_a_webhook_and_two_sweeps_find_together_is_booked_once",
)
@guard(
    "dispute-move-once",
    "tests/races/test_reconcile_races.py::test_a_dispute_that_a_webhook_and_two_sweeps_find_together_takes_the_money_once",
)
def no_unique_journal(monkeypatch: Monkey) -> None:
    """A fee, a payout or the money of a dispute is booked by everybody who hears of it."""
    execute("ALTER TABLE payments_journal DROP CONSTRAINT IF EXISTS journal_once")
    monkeypatch.setattr(journals, "find_or_create", _create_journal)


@guard(
    "foreign-refund-once",
    "tests/races/test_reconcile_races.py::test_a_refund_of_the_dashboard_that_four_hear_of_together_is_recorded_once",
)
def no_unique_refund(monkeypatch: Monkey) -> None:
    """Everybody who hears of a refund made in the dashboard records one of its own."""
    execute(
        "ALTER TABLE payments_refund DROP CONSTRAINT IF EXISTS payments_refund_provider_ref_key",
        "ALTER TABLE payments_refund DROP CONSTRAINT IF EXISTS payments_refund_key_key",
    )
    monkeypatch.setattr(
        refunds, "find_or_create_foreign", lambda ref, fields: Refund.objects.create(provider_ref=ref, **fields)
    )


@guard(
    "dispute-stays-lost",
    "tests/races/test_reconcile_races.py::test_an_answer_to_a_dispute_that_is_lost_at_the_same_moment_leaves_it_lost",
)
def no_final_dispute(monkeypatch: Monkey) -> None:
    """An older answer of Stripe opens a closed dispute again."""
    monkeypatch.setattr(disputes, "_may_move", lambda dispute, target: target != dispute.status)


@guard("event-key", "tests/races/test_payment_races.py::test_one_event_twenty_times_has_one_effect")
def no_event_key(monkeypatch: Monkey) -> None:
    """The inbox stores the same event twice."""
    execute("ALTER TABLE payments_stripeevent DROP CONSTRAINT IF EXISTS payments_stripeevent_stripe_id_key")


@guard("close-before-cancel", "tests/payments/test_cancellation.py::test_a_paid_order_is_settled_instead_of_expired")
def no_close(monkeypatch: Monkey) -> None:
    """Orders are canceled without closing their payment at Stripe."""
    monkeypatch.setattr(cancellation, "close_payments", lambda order: order.payments.update(status="canceled"))


@guard("signature", "tests/payments/test_inbox.py::test_only_our_signatures_are_taken")
def no_signature(monkeypatch: Monkey) -> None:
    """Webhook signatures are not checked."""
    monkeypatch.setattr(webhooks, "check_signature", lambda text, signature: None)


@guard(
    "idempotency-key", "tests/payments/test_sessions.py::test_a_lost_answer_is_asked_for_again_and_makes_one_session"
)
def no_idempotency_key(monkeypatch: Monkey) -> None:
    """Each try is a new request to Stripe."""
    counter = iter(range(10**6))
    original = gateway.create_session
    monkeypatch.setattr(
        gateway, "create_session", lambda parameters, key: original(parameters, f"{key}-{next(counter)}")
    )


@guard("cart-holder", "tests/payments/test_changed_orders.py::test_whoever_has_only_the_link_gets_a_cart_of_their_own")
def cart_for_everybody(monkeypatch: Monkey) -> None:
    """Everybody who opens the link of an order gets the cookie of its cart."""
    monkeypatch.setattr(order_views, "holds_cart", lambda request, order: True)


@guard(
    "next-key",
    "tests/payments/test_sessions.py::test_a_failure_that_stripe_repeats_for_the_key_does_not_stop_the_next_attempt",
)
@guard(
    "next-key-of-refunds",
    "tests/payments/test_refunds.py::test_a_failure_that_stripe_repeats_for_a_refund_is_asked_around_and_the_money_goes_back_once[fail]",
)
def one_key_for_ever(monkeypatch: Monkey) -> None:
    """A payment or refund keeps its first idempotency key, even if Stripe has stored an error for it."""
    monkeypatch.setattr(Payment, "idempotency_key", property(lambda payment: str(payment.key)))
    monkeypatch.setattr(Refund, "idempotency_key", property(lambda refund: str(refund.key)))


@guard(
    "search-before-next-key",
    "tests/payments/test_sessions.py::test_a_failure_that_stripe_repeats_for_the_key_does_not_stop_the_next_attempt[fail_late]",
)
def no_search(monkeypatch: Monkey) -> None:
    """What Stripe created in a request without an answer is not looked up."""
    monkeypatch.setattr(gateway, "find_sessions", lambda payment_key, made_at: [])


@guard(
    "one-recorded-session",
    "tests/payments/test_sessions.py::test_only_the_recorded_session_of_a_payment_can_be_paid",
)
def no_recorded_session(monkeypatch: Monkey) -> None:
    """A new session is used even if the payment's row already has another one."""

    def record(payment: Payment, state: gateway.SessionState) -> Payment:
        payment.session_id, payment.session_url = state.session_id, state.url
        return payment

    monkeypatch.setattr(sessions, "record_session", record)


@guard("amount-check", "tests/payments/test_settlement.py::test_another_amount_than_ordered_is_flagged_and_not_paid")
def no_amount_check(monkeypatch: Monkey) -> None:
    """Any amount that Stripe received counts as the order's total."""
    monkeypatch.setattr(settlement, "is_amount_ordered", lambda payment, state: True)


@guard(
    "refund-order-lock",
    "tests/races/test_refund_races.py::test_two_staff_who_refund_the_same_units_refund_them_once",
)
def no_refund_lock(monkeypatch: Monkey) -> None:
    """Two refunds read the order and its payments at once."""
    execute("ALTER TABLE orders_orderline DROP CONSTRAINT IF EXISTS order_line_not_overrefunded")
    execute("ALTER TABLE orders_orderline DROP CONSTRAINT IF EXISTS order_line_not_overshipped")
    monkeypatch.setattr(refund_requests, "lock_order", lambda order_id: Order.objects.get(pk=order_id))
    monkeypatch.setattr(refund_requests, "lock_payments", lambda order: None)


@guard("refund-key", "tests/races/test_refund_races.py::test_one_form_sent_twenty_times_refunds_once")
def no_refund_key(monkeypatch: Monkey) -> None:
    """A form that was sent twice is not recognized."""
    execute("ALTER TABLE payments_refundrequest DROP CONSTRAINT IF EXISTS payments_refundrequest_key_key")
    monkeypatch.setattr(refund_requests, "request_with", lambda key, order: None)


@guard(
    "refund-sum",
    "tests/races/test_refund_races.py::test_two_staff_who_refund_more_than_was_paid_give_back_what_was_paid",
)
def no_refund_sum(monkeypatch: Monkey) -> None:
    """Nobody compares the sum of the refunds with what was paid."""
    monkeypatch.setattr(refunds, "left_to_refund", lambda payment: payment.captured_minor)
    monkeypatch.setattr(refund_plans, "left_to_refund", lambda payment: payment.captured_minor)


@guard("second-person", "tests/payments/test_refund_requests.py::test_a_refund_above_the_limit_waits_for_somebody_else")
def no_second_person(monkeypatch: Monkey) -> None:
    """Everybody may refund any amount alone."""
    monkeypatch.setattr(refund_requests, "needs_approval", lambda user, order, total_minor: False)


@guard(
    "one-capture",
    "tests/races/test_capture_races.py::test_two_staff_who_ship_an_authorized_order_charge_it_once",
)
def no_capture_lock(monkeypatch: Monkey) -> None:
    """Two captures of a payment are asked for at once."""
    execute("DROP INDEX IF EXISTS authorization_one_request")
    monkeypatch.setattr(capturing, "lock_order", lambda order_id: Order.objects.get(pk=order_id))
    monkeypatch.setattr(capturing, "lock_payments", lambda order: list(order.payments.all()))
    monkeypatch.setattr(capturing, "refuse_while_capturing", lambda order: None)


@guard(
    "charge-before-parcel",
    "tests/payments/test_authorizations.py::test_an_uncaptured_order_is_not_shipped",
)
def no_hold(monkeypatch: Monkey) -> None:
    """An order is shipped without asking whether its money was charged."""
    monkeypatch.setattr(authorizations, "hold_of", lambda order: "")
    monkeypatch.setattr(fulfillment, "HOLDS", [])


@guard(
    "capture-key",
    "tests/races/test_capture_races.py::test_one_parcel_sent_ten_times_is_charged_and_recorded_once",
)
def no_parcel_key(monkeypatch: Monkey) -> None:
    """A parcel that was sent twice is not recognized."""
    monkeypatch.setattr(capturing, "_request_for", lambda order, parcel_key: None)
    monkeypatch.setattr(capturing, "refuse_while_capturing", lambda order: None)
    execute("DROP INDEX IF EXISTS authorization_one_request")


@guard("received-once", "tests/races/test_offline_races.py::test_two_staff_who_record_the_same_money_record_it_once")
def no_check_of_received_money(monkeypatch: Monkey) -> None:
    """Staff record money although somebody else has recorded it since their page was opened."""
    monkeypatch.setattr(offline, "check_unchanged", lambda order, seen: None)
