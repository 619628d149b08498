"""Disputes and early fraud warnings: what a shopper's bank does after the payment."""

from typing import Any

from payments.sandbox.backend import DAY, Backend, Call, Movement
from payments.sandbox.charges import card_of
from payments.sandbox.fees import dispute_fee
from payments.sandbox.files import check_evidence
from payments.sandbox.parameters import ANY, RETRIEVE, Refusal, Shape
from payments.sandbox.reading import reading_calls
from payments.sandbox.store import Thing

DAYS_TO_ANSWER, DAYS_TO_DECIDE = 9, 1
INQUIRIES = {"warning_needs_response", "warning_under_review", "warning_closed"}
ANSWERABLE = {"needs_response", "warning_needs_response"}
OPEN = {*ANSWERABLE, "under_review", "warning_under_review"}
# Texts of `uncategorized_text` that decide a dispute, as in Stripe's test mode.
DECIDING_TEXTS = {
    "winning_evidence": "win_dispute",
    "losing_evidence": "lose_dispute",
    "escalate_inquiry_evidence": "escalate_dispute",
}
REASONS = (
    "fraudulent",
    "product_not_received",
    "product_unacceptable",
    "duplicate",
    "credit_not_processed",
    "unrecognized",
    "general",
)
NETWORK_CODES = {"fraudulent": "10.4", "product_not_received": "13.1", "product_unacceptable": "13.3"}
FILES = (
    "cancellation_policy",
    "customer_communication",
    "customer_signature",
    "duplicate_charge_documentation",
    "receipt",
    "refund_policy",
    "service_documentation",
    "shipping_documentation",
    "uncategorized_file",
)
TEXTS = (
    "access_activity_log",
    "billing_address",
    "cancellation_policy_disclosure",
    "cancellation_rebuttal",
    "customer_email_address",
    "customer_name",
    "customer_purchase_ip",
    "duplicate_charge_explanation",
    "duplicate_charge_id",
    "product_description",
    "refund_policy_disclosure",
    "refund_refusal_explanation",
    "service_date",
    "shipping_address",
    "shipping_carrier",
    "shipping_date",
    "shipping_tracking_number",
    "uncategorized_text",
)
MAX_EVIDENCE_CHARACTERS = 150_000  # of all texts together
EVIDENCE: Shape = dict.fromkeys((*FILES, *TEXTS))
UPDATE: Shape = {"evidence": EVIDENCE, "metadata": ANY, "submit": None, "expand": ANY}


def open_dispute(
    backend: Backend,
    charge: Thing,
    *,
    amount: int | None = None,
    reason: str = "fraudulent",
    is_inquiry: bool = False,
) -> Thing:
    """Let the shopper's bank dispute a charge, or only inquire about it, which moves no money."""
    if not charge["captured"]:
        raise Refusal(400, "Only a captured charge can be disputed.")
    disputed = charge["amount_captured"] if amount is None else amount
    if not 0 < disputed <= charge["amount_captured"]:
        raise Refusal(400, "The disputed amount must be between 1 and the captured amount.", param="amount")
    if reason not in REASONS:
        raise Refusal(400, f"Invalid reason: must be one of {', '.join(REASONS)}", param="reason")
    due_by = backend.now() + DAYS_TO_ANSWER * DAY
    fields = dispute_fields(charge, disputed, reason, due_by, is_inquiry=is_inquiry)
    dispute = backend.store.create("du", "dispute", **fields)
    backend.store.set_timer(due_by, "dispute_unanswered", dispute["id"])
    charge["disputed"] = True
    backend.store.save(charge)
    if not is_inquiry:
        _move_money(backend, dispute, -disputed, fee=dispute_fee(charge["currency"]))
    backend.emit("charge.dispute.created", dispute)
    if not is_inquiry:
        backend.emit("charge.dispute.funds_withdrawn", dispute)
    return dispute


def _move_money(backend: Backend, dispute: Thing, amount: int, *, fee: int = 0) -> None:
    """Take the disputed amount with the dispute's fee, or give the amount back. The fee stays with Stripe."""
    is_withdrawal = amount < 0
    transaction = backend.book(
        Movement(
            amount=amount,
            currency=dispute["currency"],
            kind="adjustment",
            source=dispute["id"],
            fee=fee,
            fee_name="Dispute fee",
            category="dispute" if is_withdrawal else "dispute_reversal",
            description=f"Chargeback {'withdrawal' if is_withdrawal else 'reversal'} for {dispute['charge']}",
        )
    )
    dispute["_transactions"].append(transaction["id"])
    backend.store.save(dispute)
    charge = backend.get("charge", dispute["charge"])
    charge["_charged_back"] = is_withdrawal
    backend.store.save(charge)


def update_dispute(backend: Backend, parameters: dict[str, Any], name: str) -> Thing:
    """Store evidence, and send it to the bank with `submit=true` (Stripe's default is true, too)."""
    dispute = backend.get("dispute", name)
    evidence = parameters.get("evidence", {})
    if evidence and dispute["status"] not in ANSWERABLE:
        raise Refusal(400, "This dispute can no longer be updated: its evidence was submitted or it is closed.")
    for field in FILES:
        if evidence.get(field):
            check_evidence(backend, evidence[field])
    merged = {**dispute["evidence"], **{key: value or None for key, value in evidence.items()}}
    if sum(len(merged[key] or "") for key in TEXTS) > MAX_EVIDENCE_CHARACTERS:
        raise Refusal(400, f"The evidence must have at most {MAX_EVIDENCE_CHARACTERS} characters.", param="evidence")
    dispute["evidence"] = merged
    dispute["metadata"] = {**dispute["metadata"], **parameters.get("metadata", {})}
    dispute["evidence_details"]["has_evidence"] = any(merged[key] for key in (*FILES, *TEXTS))
    backend.store.save(dispute)
    if evidence and parameters.get("submit", "true") != "false":
        _submit(backend, dispute)
    backend.emit("charge.dispute.updated", dispute)
    return backend.show(dispute)


def _submit(backend: Backend, dispute: Thing) -> None:
    dispute["status"] = "warning_under_review" if dispute["status"] in INQUIRIES else "under_review"
    dispute["evidence_details"]["submission_count"] += 1
    dispute["evidence_details"]["submission_method"] = "manual"
    backend.store.save(dispute)
    backend.store.drop_timers("dispute_unanswered", dispute["id"])
    action = DECIDING_TEXTS.get(dispute["evidence"]["uncategorized_text"] or "")
    if action:
        backend.store.set_timer(backend.now() + DAYS_TO_DECIDE * DAY, action, dispute["id"])


def close_dispute(backend: Backend, parameters: dict[str, Any], name: str) -> Thing:
    """Accept a dispute: it is lost."""
    dispute = backend.get("dispute", name)
    if dispute["status"] not in ANSWERABLE:
        raise Refusal(400, "This dispute is already closed.")
    _end(backend, dispute, "lost")
    return backend.show(dispute)


def _end(backend: Backend, dispute: Thing, status: str) -> None:
    dispute["status"] = "warning_closed" if dispute["status"] in INQUIRIES else status
    dispute["is_charge_refundable"] = status == "won" or dispute["status"] == "warning_closed"
    backend.store.save(dispute)
    for action in ("dispute_unanswered", *DECIDING_TEXTS.values()):
        backend.store.drop_timers(action, dispute["id"])
    backend.emit("charge.dispute.closed", dispute)


def _open_one(backend: Backend, name: str) -> Thing | None:
    dispute = backend.get("dispute", name)
    return dispute if dispute["status"] in OPEN else None


def win_dispute(backend: Backend, name: str) -> None:
    """Decide for the shop: the amount comes back, the fee does not."""
    dispute = _open_one(backend, name)
    if not dispute:
        return
    if dispute["status"] not in INQUIRIES:
        _move_money(backend, dispute, dispute["amount"])
    _end(backend, dispute, "won")
    if dispute["status"] == "won":
        backend.emit("charge.dispute.funds_reinstated", dispute)


def lose_dispute(backend: Backend, name: str) -> None:
    """Decide for the shopper; an inquiry just ends."""
    if dispute := _open_one(backend, name):
        _end(backend, dispute, "lost")


def escalate_dispute(backend: Backend, name: str) -> None:
    """Turn an inquiry into a dispute, which takes the money."""
    dispute = _open_one(backend, name)
    if not dispute or dispute["status"] not in INQUIRIES:
        return
    due_by = backend.now() + DAYS_TO_ANSWER * DAY
    dispute.update(status="needs_response", is_charge_refundable=False)
    dispute["evidence_details"]["due_by"] = due_by
    dispute["payment_method_details"]["card"]["case_type"] = "chargeback"
    backend.store.drop_timers("dispute_unanswered", name)
    backend.store.set_timer(due_by, "dispute_unanswered", name)
    _move_money(backend, dispute, -dispute["amount"], fee=dispute_fee(dispute["currency"]))
    backend.emit("charge.dispute.updated", dispute)
    backend.emit("charge.dispute.funds_withdrawn", dispute)


def dispute_fields(charge: Thing, amount: int, reason: str, due_by: int, *, is_inquiry: bool) -> dict[str, Any]:
    brand, code = card_of(charge).brand, NETWORK_CODES.get(reason, "13.7")
    case = {"brand": brand, "case_type": "inquiry" if is_inquiry else "chargeback", "network": brand}
    return {
        "amount": amount,
        "balance_transactions": [],
        "charge": charge["id"],
        "currency": charge["currency"],
        "enhanced_eligibility_types": [],
        "evidence": {**EVIDENCE, "enhanced_evidence": {}},
        "evidence_details": {
            "due_by": due_by,
            "enhanced_eligibility": {},
            "has_evidence": False,
            "past_due": False,
            "submission_count": 0,
            "submission_method": "not_submitted",
        },
        "is_charge_refundable": is_inquiry,
        "metadata": {},
        "network_reason_code": code,
        "payment_intent": charge["payment_intent"],
        "payment_method_details": {"type": "card", "card": {**case, "network_reason_code": code}},
        "reason": reason,
        "status": "warning_needs_response" if is_inquiry else "needs_response",
        "_transactions": [],
    }


def warn_of_fraud(backend: Backend, charge: Thing, fraud_type: str = "unauthorized_use_of_card") -> Thing:
    """Let the shopper's bank report the charge as fraud. No money moves; a refund can prevent a dispute."""
    warning = backend.store.create(
        "issfr",
        "radar.early_fraud_warning",
        actionable=not charge["refunded"] and not charge["disputed"],
        charge=charge["id"],
        fraud_type=fraud_type,
        payment_intent=charge["payment_intent"],
    )
    backend.emit("radar.early_fraud_warning.created", warning)
    return warning


CALLS = [
    *reading_calls("disputes", "dispute", ("charge", "payment_intent")),
    Call("POST", "disputes/{}", UPDATE, update_dispute),
    Call("POST", "disputes/{}/close", RETRIEVE, close_dispute),
    *reading_calls("radar/early_fraud_warnings", "radar.early_fraud_warning", ("charge", "payment_intent")),
]
