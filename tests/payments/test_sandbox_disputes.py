"""The stand-in for Stripe disputes payments as banks do, and moves the money as Stripe does."""

import io

import pytest
import stripe

from tests.payments.test_sandbox_types import disagreements

DISPUTED, NOT_RECEIVED, INQUIRY, WARNED = "4000000000000259", "4000000000002685", "4000000000001976", "4000000000005423"


def only_dispute(desk, intent):
    (dispute,) = desk.call("disputes", payment_intent=intent["id"])["data"]
    return dispute


def kinds_about(desk, name):
    return [event["type"] for event in desk.events_about(name) if "dispute" in event["type"]]


def test_a_disputed_card_takes_the_amount_and_a_fee(stripe_desk):
    intent = stripe_desk.paid_intent(DISPUTED)
    dispute = only_dispute(stripe_desk, intent)
    assert (dispute["status"], dispute["reason"], dispute["amount"]) == ("needs_response", "fraudulent", 2400)
    (withdrawal,) = dispute["balance_transactions"]
    assert (withdrawal["amount"], withdrawal["fee"], withdrawal["net"]) == (-2400, 2000, -4400)
    assert (withdrawal["type"], withdrawal["reporting_category"]) == ("adjustment", "dispute")
    assert stripe_desk.transactions(source=dispute["id"]) == [withdrawal]
    assert intent["latest_charge"]["disputed"] is True
    assert kinds_about(stripe_desk, dispute["id"]) == ["charge.dispute.created", "charge.dispute.funds_withdrawn"]


def test_evidence_is_kept_and_submitted_and_wins(stripe_desk):
    intent = stripe_desk.paid_intent(NOT_RECEIVED)
    dispute = only_dispute(stripe_desk, intent)
    draft = stripe_desk.post(
        f"disputes/{dispute['id']}", **{"evidence[shipping_tracking_number]": "1Z999", "submit": "false"}
    )
    assert (draft["status"], draft["evidence"]["shipping_tracking_number"]) == ("needs_response", "1Z999")
    assert (draft["evidence_details"]["has_evidence"], draft["evidence_details"]["submission_count"]) == (True, 0)
    sent = stripe_desk.post(
        f"disputes/{dispute['id']}", **{"evidence[uncategorized_text]": "winning_evidence", "submit": "true"}
    )
    assert (sent["status"], sent["evidence_details"]["submission_count"]) == ("under_review", 1)
    assert sent["evidence"]["shipping_tracking_number"] == "1Z999"
    refused = stripe_desk.post(f"disputes/{dispute['id']}", **{"evidence[customer_name]": "Ada"})
    assert "can no longer be updated" in refused["message"]
    stripe_desk.advance("2d")
    won = stripe_desk.call(f"disputes/{dispute['id']}")
    assert (won["status"], [entry["net"] for entry in won["balance_transactions"]]) == ("won", [-4400, 2400])
    assert won["balance_transactions"][1]["reporting_category"] == "dispute_reversal"
    assert kinds_about(stripe_desk, dispute["id"])[-2:] == ["charge.dispute.closed", "charge.dispute.funds_reinstated"]


def test_a_file_is_uploaded_and_named_as_evidence(stripe_desk):
    client = stripe.StripeClient(
        "sk_test_x", base_addresses={"api": stripe_desk.address, "files": stripe_desk.address}, max_network_retries=0
    )
    content = io.BytesIO(b"%PDF-1.7 \r\n\x00\xff")
    content.name = "invoice.pdf"
    uploaded = client.v1.files.create({"purpose": "dispute_evidence", "file": content})
    assert (uploaded.filename, uploaded.size, uploaded.type) == ("invoice.pdf", 13, "pdf")
    dispute = stripe_desk.dispute(stripe_desk.paid_intent()["id"])
    draft = stripe_desk.post(f"disputes/{dispute['id']}", **{"evidence[receipt]": uploaded.id, "submit": "false"})
    assert draft["evidence"]["receipt"] == uploaded.id
    refused = stripe_desk.post(f"disputes/{dispute['id']}", **{"evidence[receipt]": "file_none", "submit": "false"})
    assert refused["message"] == "No such file upload: 'file_none'"
    stored = stripe_desk.call(f"files/{uploaded.id}")
    assert list(disagreements(stored, stripe.File, "file")) == []


@pytest.mark.parametrize("end", ["closed by the shop", "decided by hand", "left unanswered"])
def test_a_lost_dispute_gives_nothing_back(stripe_desk, end):
    intent = stripe_desk.paid_intent()
    dispute = stripe_desk.dispute(intent["id"], amount=1000, reason="duplicate")
    if end == "closed by the shop":
        stripe_desk.post(f"disputes/{dispute['id']}/close")
    elif end == "decided by hand":
        stripe_desk.decide(dispute["id"], "lose")
    else:
        stripe_desk.advance("10d")
    lost = stripe_desk.call(f"disputes/{dispute['id']}")
    assert (lost["status"], [entry["net"] for entry in lost["balance_transactions"]]) == ("lost", [-3000])
    assert kinds_about(stripe_desk, dispute["id"])[-1] == "charge.dispute.closed"
    assert "already closed" in stripe_desk.post(f"disputes/{dispute['id']}/close")["message"]


def test_an_inquiry_moves_no_money_until_it_is_escalated(stripe_desk):
    intent = stripe_desk.paid_intent(INQUIRY)
    dispute = only_dispute(stripe_desk, intent)
    assert (dispute["status"], dispute["balance_transactions"]) == ("warning_needs_response", [])
    assert dispute["payment_method_details"]["card"]["case_type"] == "inquiry"
    escalated = stripe_desk.decide(dispute["id"], "escalate")
    assert (escalated["status"], escalated["balance_transactions"][0]["net"]) == ("needs_response", -4400)


def test_an_answered_inquiry_is_closed(stripe_desk):
    intent = stripe_desk.paid_intent(INQUIRY)
    dispute = only_dispute(stripe_desk, intent)
    sent = stripe_desk.post(f"disputes/{dispute['id']}", **{"evidence[uncategorized_text]": "It arrived."})
    assert sent["status"] == "warning_under_review"
    assert stripe_desk.decide(dispute["id"], "win")["status"] == "warning_closed"
    assert stripe_desk.transactions(source=dispute["id"]) == []


def test_a_charged_back_payment_cannot_be_refunded_before_it_is_won(stripe_desk):
    intent = stripe_desk.paid_intent()
    dispute = stripe_desk.dispute(intent["id"])
    refused = stripe_desk.post("refunds", payment_intent=intent["id"], amount=100)
    assert refused["code"] == "charge_disputed"
    stripe_desk.decide(dispute["id"], "win")
    assert stripe_desk.post("refunds", payment_intent=intent["id"], amount=100)["status"] == "succeeded"


def test_a_dispute_of_an_already_refunded_payment_takes_the_money_twice(stripe_desk):
    intent = stripe_desk.paid_intent()
    stripe_desk.post("refunds", payment_intent=intent["id"])
    assert stripe_desk.dispute(intent["id"])["balance_transactions"][0]["amount"] == -2400


def test_a_card_can_get_an_early_fraud_warning(stripe_desk):
    intent = stripe_desk.paid_intent(WARNED)
    (warning,) = stripe_desk.call("radar/early_fraud_warnings", charge=intent["latest_charge"]["id"])["data"]
    assert (warning["actionable"], warning["payment_intent"]) == (True, intent["id"])
    (event,) = stripe_desk.events_about(warning["id"])
    assert event["type"] == "radar.early_fraud_warning.created"
