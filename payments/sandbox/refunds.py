"""Refunds: at once, pending, or failing days after they succeeded."""

from typing import Any

from payments.sandbox.backend import DAY, Backend, Call, Movement
from payments.sandbox.charges import card_of, find_charge
from payments.sandbox.parameters import ANY, REFUND, Refusal, whole_number
from payments.sandbox.reading import reading_calls
from payments.sandbox.store import Thing

DAYS_UNTIL_DECIDED = 1
REASONS = ("duplicate", "fraudulent", "requested_by_customer")


def create_refund(backend: Backend, parameters: dict[str, Any], *, status: str = "") -> Thing:
    """Refund a charge, or a part of it; the card or the given status says whether it is pending at first."""
    charge = find_charge(backend, parameters)
    amount = _checked_amount(backend, charge, parameters)
    plan = card_of(charge).refund
    is_pending = (status or plan) == "pending"
    fields = refund_fields(charge, amount, parameters)
    refund = backend.store.create("re", "refund", **fields)
    refund.update(status="pending" if is_pending else "succeeded", pending_reason="processing" if is_pending else None)
    _book(backend, charge, refund, -amount, "refund")
    charge["amount_refunded"] += amount
    charge["refunded"] = charge["amount_refunded"] == charge["amount_captured"]
    backend.store.save(charge)
    if plan:
        action = "finish_refund" if plan == "pending" else "fail_refund"
        backend.store.set_timer(backend.now() + DAYS_UNTIL_DECIDED * DAY, action, refund["id"])
    backend.emit("refund.created", refund)
    backend.emit("charge.refunded", charge)
    return backend.show(refund)


def _checked_amount(backend: Backend, charge: Thing, parameters: dict[str, Any]) -> int:
    left = charge["amount_captured"] - charge["amount_refunded"]
    amount = whole_number(parameters, "amount", left)
    if parameters.get("reason") not in (None, *REASONS):
        raise Refusal(400, f"Invalid reason: must be one of {', '.join(REASONS)}", param="reason")
    if charge.get("_charged_back"):
        message = f"Charge {charge['id']} has been charged back; cannot issue a refund."
        raise Refusal(400, message, code="charge_disputed")
    if left <= 0:
        message = f"Charge {charge['id']} has already been refunded."
        raise Refusal(400, message, code="charge_already_refunded")
    if not 0 < amount <= left:
        message = f"Refund amount ({amount}) is greater than unrefunded amount on charge ({left})"
        raise Refusal(400, message, code="amount_too_large", param="amount")
    return amount


def _book(backend: Backend, charge: Thing, refund: Thing, amount: int, kind: str) -> None:
    """Move the amount in the balance; not before the charge's own money is available."""
    of_charge = backend.get("balance_transaction", charge["balance_transaction"])
    is_payment = kind == "refund" and card_of(charge).is_bank_account
    transaction = backend.book(
        Movement(
            amount=amount,
            currency=charge["currency"],
            kind="payment_refund" if is_payment else kind,
            source=refund["id"],
            category=kind,
            available_on=max(backend.now(), of_charge["available_on"]),
        )
    )
    refund["balance_transaction" if amount < 0 else "failure_balance_transaction"] = transaction["id"]
    backend.store.save(refund)


def finish_refund(backend: Backend, name: str) -> None:
    """Let a pending refund succeed."""
    refund = backend.store.find(name)
    if refund and refund["status"] == "pending":
        refund.update(status="succeeded", pending_reason=None)
        backend.store.save(refund)
        _tell_change(backend, refund)


def fail_refund(backend: Backend, name: str, reason: str = "lost_or_stolen_card") -> None:
    """Let a refund fail, also one that succeeded: the money comes back to the balance."""
    refund = backend.store.find(name)
    if not refund or refund["status"] not in ("pending", "succeeded"):
        return
    charge = backend.get("charge", refund["charge"])
    _book(backend, charge, refund, refund["amount"], "refund_failure")
    refund.update(status="failed", failure_reason=reason, pending_reason=None)
    backend.store.save(refund)
    charge["amount_refunded"] -= refund["amount"]
    charge["refunded"] = False
    backend.store.save(charge)
    backend.emit("refund.failed", refund)
    _tell_change(backend, refund)


def _tell_change(backend: Backend, refund: Thing) -> None:
    backend.store.drop_timers("finish_refund", refund["id"])
    backend.store.drop_timers("fail_refund", refund["id"])
    backend.emit("refund.updated", refund)
    backend.emit("charge.refund.updated", refund)


def update_refund(backend: Backend, parameters: dict[str, Any], name: str) -> Thing:
    refund = backend.get("refund", name)
    refund["metadata"] = {**refund["metadata"], **parameters.get("metadata", {})}
    backend.store.save(refund)
    backend.emit("refund.updated", refund)
    return backend.show(refund)


def refund_fields(charge: Thing, amount: int, parameters: dict[str, Any]) -> dict[str, Any]:
    return {
        "amount": amount,
        "balance_transaction": None,
        "charge": charge["id"],
        "currency": charge["currency"],
        "destination_details": {
            "type": "card",
            "card": {"reference": None, "reference_status": "pending", "type": "refund"},
        },
        "metadata": parameters.get("metadata", {}),
        "payment_intent": charge["payment_intent"],
        "reason": parameters.get("reason"),
        "receipt_number": None,
        "source_transfer_reversal": None,
        "status": "succeeded",
        "transfer_reversal": None,
    }


CALLS = [
    Call("POST", "refunds", REFUND, create_refund),
    *reading_calls("refunds", "refund", ("payment_intent", "charge")),
    Call("POST", "refunds/{}", {"metadata": ANY, "expand": ANY}, update_refund),
]
