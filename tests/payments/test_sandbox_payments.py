"""The stand-in for Stripe holds, captures, refuses and debits money by its test cards, and refunds late."""

import pytest

from tests.stripe_desk import CARD, SESSION

HELD = {"payment_intent_data[capture_method]": "manual"}
PENDING_REFUND, FAILING_REFUND = "4000000000007726", "4000000000005126"
DEBIT, REFUSED_DEBIT = "AT61 1904 3002 3457 3201", "AT861904300235473202"


def session_of(desk, intent):
    (session,) = desk.call("checkout/sessions", payment_intent=intent["id"])["data"]
    return session


def kinds(desk, name):
    return [event["type"] for event in desk.events_about(name)]


# -- capture ----------------------------------------------------------------------------------------


def test_a_held_payment_moves_no_money(stripe_desk):
    intent = stripe_desk.paid_intent(**HELD)
    charge = intent["latest_charge"]
    assert (intent["status"], intent["amount_capturable"], intent["amount_received"]) == ("requires_capture", 2400, 0)
    assert (charge["captured"], charge["amount_captured"], charge["balance_transaction"]) == (False, 0, None)
    assert charge["payment_method_details"]["card"]["capture_before"] == charge["created"] + 7 * 24 * 3600
    session = session_of(stripe_desk, intent)
    assert (session["status"], session["payment_status"]) == ("complete", "unpaid")
    assert kinds(stripe_desk, intent["id"]) == [
        "payment_intent.amount_capturable_updated",
        "charge.succeeded",
        "checkout.session.completed",
    ]
    refused = stripe_desk.post("refunds", payment_intent=intent["id"])
    assert "does not have a successful charge" in refused["message"]


def test_a_part_is_captured_once_and_the_rest_is_released(stripe_desk):
    intent = stripe_desk.paid_intent(**HELD)
    path = f"payment_intents/{intent['id']}/capture"
    assert stripe_desk.post(path, amount_to_capture=2401)["code"] == "amount_too_large"
    captured = stripe_desk.post(path, amount_to_capture=1500)
    assert (captured["status"], captured["amount_received"], captured["amount_capturable"]) == ("succeeded", 1500, 0)
    charge = stripe_desk.intent(intent["id"])["latest_charge"]
    assert (charge["amount_captured"], charge["balance_transaction"]["amount"]) == (1500, 1500)
    assert session_of(stripe_desk, intent)["payment_status"] == "paid"
    assert stripe_desk.post(path)["code"] == "payment_intent_unexpected_state"
    assert stripe_desk.post("refunds", payment_intent=intent["id"], amount=1501)["code"] == "amount_too_large"
    assert stripe_desk.post("refunds", payment_intent=intent["id"])["amount"] == 1500
    assert kinds(stripe_desk, intent["id"])[3:5] == ["charge.captured", "payment_intent.succeeded"]


def test_a_hold_is_canceled(stripe_desk):
    intent = stripe_desk.paid_intent(**HELD)
    path = f"payment_intents/{intent['id']}/cancel"
    canceled = stripe_desk.post(path, cancellation_reason="abandoned")
    assert (canceled["status"], canceled["cancellation_reason"]) == ("canceled", "abandoned")
    assert stripe_desk.post(path)["code"] == "payment_intent_unexpected_state"
    assert stripe_desk.transactions() == []
    assert kinds(stripe_desk, intent["id"])[-1] == "payment_intent.canceled"


def test_a_hold_expires_after_seven_days(stripe_desk):
    intent = stripe_desk.paid_intent(**HELD)
    stripe_desk.advance("6d")
    assert stripe_desk.intent(intent["id"])["status"] == "requires_capture"
    stripe_desk.advance("1d")
    expired = stripe_desk.intent(intent["id"])
    assert (expired["status"], expired["cancellation_reason"]) == ("canceled", "automatic")
    assert kinds(stripe_desk, intent["id"])[-2:] == ["charge.expired", "payment_intent.canceled"]


def test_a_paid_intent_cannot_be_canceled_or_captured(stripe_desk):
    intent = stripe_desk.paid_intent()
    for verb in ("cancel", "capture"):
        refused = stripe_desk.post(f"payment_intents/{intent['id']}/{verb}")
        assert refused["code"] == "payment_intent_unexpected_state"


# -- cards ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "code", "decline_code"),
    [
        ("4000000000000002", "card_declined", "generic_decline"),
        ("4000000000009995", "card_declined", "insufficient_funds"),
        ("4000000000000069", "expired_card", "expired_card"),
        ("4000000000000127", "incorrect_cvc", "incorrect_cvc"),
        ("4000000000000119", "processing_error", "processing_error"),
        ("4100000000000019", "card_declined", "fraudulent"),
    ],
)
def test_a_card_is_refused(stripe_desk, number, code, decline_code):
    intent = stripe_desk.paid_intent(number)
    error, charge = intent["last_payment_error"], intent["latest_charge"]
    assert (error["code"], error["decline_code"], error["charge"]) == (code, decline_code, charge["id"])
    assert (intent["status"], charge["status"], charge["paid"]) == ("requires_payment_method", "failed", False)
    assert kinds(stripe_desk, intent["id"]) == ["charge.failed", "payment_intent.payment_failed"]
    assert stripe_desk.transactions() == []


def test_another_card_pays_after_a_refused_one(stripe_desk):
    session = stripe_desk.post("checkout/sessions", **SESSION)
    assert "insufficient funds" in stripe_desk.pay(session["url"], "4000000000009995")
    stripe_desk.pay(session["url"], CARD)
    (intent,) = stripe_desk.call("payment_intents")["data"]
    assert (intent["status"], intent["last_payment_error"]) == ("succeeded", None)
    statuses = [charge["status"] for charge in stripe_desk.call("charges", payment_intent=intent["id"])["data"]]
    assert statuses == ["succeeded", "failed"]


@pytest.mark.parametrize(
    ("number", "does_pass", "code"),
    [
        ("4000002500003155", False, "payment_intent_authentication_failure"),
        ("4000008400001629", True, "card_declined"),
    ],
)
def test_3d_secure_is_refused(stripe_desk, number, does_pass, code):
    session = stripe_desk.post("checkout/sessions", **SESSION)
    assert "Your bank asks" in stripe_desk.pay(session["url"], number)
    stripe_desk.authenticate(session["url"], number, does_pass=does_pass)
    (intent,) = stripe_desk.call("payment_intents")["data"]
    assert (intent["status"], intent["last_payment_error"]["code"]) == ("requires_payment_method", code)


def test_the_risk_of_a_payment_is_told(stripe_desk):
    risks = [stripe_desk.paid_intent(n)["latest_charge"]["outcome"]["risk_level"] for n in (CARD, "4000000000009235")]
    assert risks == ["normal", "elevated"]


# -- debits -----------------------------------------------------------------------------------------


def test_a_debit_pays_five_days_later(stripe_desk):
    intent = stripe_desk.paid_intent(DEBIT)
    assert (intent["status"], intent["latest_charge"]["status"]) == ("processing", "pending")
    session = session_of(stripe_desk, intent)
    assert (session["status"], session["payment_status"]) == ("complete", "unpaid")
    stripe_desk.advance("5d")
    paid = stripe_desk.intent(intent["id"])
    assert (paid["status"], paid["latest_charge"]["balance_transaction"]["fee"]) == ("succeeded", 35)
    assert session_of(stripe_desk, intent)["payment_status"] == "paid"
    assert kinds(stripe_desk, intent["id"]) == [
        "payment_intent.processing",
        "charge.pending",
        "checkout.session.completed",
        "payment_intent.succeeded",
        "charge.succeeded",
        "checkout.session.async_payment_succeeded",
    ]


def test_a_debit_is_refused_five_days_later(stripe_desk):
    intent = stripe_desk.paid_intent(REFUSED_DEBIT)
    stripe_desk.advance("5d")
    failed = stripe_desk.intent(intent["id"])
    assert (failed["status"], failed["latest_charge"]["failure_code"]) == (
        "requires_payment_method",
        "insufficient_funds",
    )
    assert kinds(stripe_desk, intent["id"])[-1] == "checkout.session.async_payment_failed"


def test_a_debit_ends_by_hand(stripe_desk):
    intent = stripe_desk.paid_intent(DEBIT)
    assert stripe_desk.by_hand(f"payments/{intent['id']}/failed")["status"] == "requires_payment_method"


def test_only_euros_are_debited(stripe_desk):
    session = stripe_desk.post("checkout/sessions", **{**SESSION, "line_items[0][price_data][currency]": "usd"})
    assert session["payment_method_types"] == ["card"]
    assert "not one of the test cards" in stripe_desk.pay(session["url"], DEBIT)


# -- refunds ----------------------------------------------------------------------------------------


def test_a_refund_is_pending_for_a_day(stripe_desk):
    intent = stripe_desk.paid_intent(PENDING_REFUND)
    refund = stripe_desk.post("refunds", payment_intent=intent["id"], amount=400)
    assert (refund["status"], refund["pending_reason"]) == ("pending", "processing")
    stripe_desk.advance("1d")
    assert stripe_desk.call(f"refunds/{refund['id']}")["status"] == "succeeded"
    assert kinds(stripe_desk, refund["id"]) == ["refund.created", "refund.updated", "charge.refund.updated"]


def test_a_refund_fails_after_a_day_and_its_money_comes_back(stripe_desk):
    intent = stripe_desk.paid_intent(FAILING_REFUND)
    refund = stripe_desk.post("refunds", payment_intent=intent["id"], amount=400)
    assert refund["status"] == "succeeded"
    stripe_desk.advance("1d")
    failed = stripe_desk.call(f"refunds/{refund['id']}")
    assert (failed["status"], failed["failure_reason"]) == ("failed", "lost_or_stolen_card")
    assert [entry["net"] for entry in stripe_desk.transactions(source=refund["id"])] == [-400, 400]
    assert stripe_desk.transactions(type="refund_failure")[0]["id"] == failed["failure_balance_transaction"]
    assert stripe_desk.intent(intent["id"])["latest_charge"]["amount_refunded"] == 0
    assert kinds(stripe_desk, refund["id"]) == [
        "refund.created",
        "refund.failed",
        "refund.updated",
        "charge.refund.updated",
    ]


def test_a_refund_is_made_and_ended_by_hand(stripe_desk):
    intent = stripe_desk.paid_intent()
    refund = stripe_desk.refund(intent["id"], amount=100, status="pending")
    assert refund["status"] == "pending"
    assert stripe_desk.by_hand(f"refunds/{refund['id']}/fail")["status"] == "failed"
    later = stripe_desk.refund(intent["id"])
    assert (later["amount"], later["status"]) == (2400, "succeeded")
    assert [entry["id"] for entry in stripe_desk.call("refunds", charge=refund["charge"])["data"]] == [
        later["id"],
        refund["id"],
    ]
