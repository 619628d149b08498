"""Refunds."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from payments.gateway.calls import call, client, field

if TYPE_CHECKING:
    import stripe
    from stripe.params import RefundCreateParams


NOT_CAPTURED = "expired_uncaptured_charge"  # the reason of refunds that Stripe itself makes


@dataclass(frozen=True)
class RefundState:
    """The current state of a refund at Stripe. Amounts are in minor units.

    `is_release`: no money moves, because Stripe made it of what a bank held and was not captured.
    """

    refund_id: str
    status: str
    amount_minor: int
    failure: str
    is_release: bool = False


def create_refund(intent_id: str, amount_minor: int, key: str, metadata: dict[str, str]) -> RefundState:
    """Refund an amount in minor units of a payment; calling again with the same key returns the same refund."""
    parameters: RefundCreateParams = {"payment_intent": intent_id, "amount": amount_minor, "metadata": metadata}
    refund = call(
        "create refund",
        lambda: client().v1.refunds.create(parameters, {"idempotency_key": key}),
        has_key=True,
    )
    return refund_state(refund)


def find_refund(intent_id: str, key: str) -> RefundState | None:
    """Return the payment's refund with this key in its metadata, or None if Stripe has none."""
    refunds = call("list refunds", lambda: client().v1.refunds.list({"payment_intent": intent_id, "limit": 100}))
    for refund in refunds.data:
        if field(field(refund, "metadata"), "refund") == key:
            return refund_state(refund)
    return None


def retrieve_refund(refund_id: str) -> RefundState:
    """Return the refund's current state at Stripe."""
    return refund_state(call("retrieve refund", lambda: client().v1.refunds.retrieve(refund_id)))


def refund_state(refund: "stripe.Refund") -> RefundState:
    status, moved = refund.status or "", field(refund, "balance_transaction")
    is_release = field(refund, "reason") == NOT_CAPTURED or (status == "succeeded" and not moved)
    return RefundState(refund.id, status, refund.amount, field(refund, "failure_reason") or "", is_release)
