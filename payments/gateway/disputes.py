"""Disputes: read them, and answer them with evidence."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, cast

from payments.gateway.calls import call, client, field

if TYPE_CHECKING:
    import stripe
    from stripe.params import DisputeUpdateParams


@dataclass(frozen=True)
class MoneyMove:
    """Money that Stripe took away for a dispute (negative) or gave back, in minor units, by its balance transaction."""

    transaction_id: str
    amount_minor: int


@dataclass(frozen=True)
class DisputeState:
    """The current state of a dispute at Stripe. Amounts are in minor units."""

    dispute_id: str
    intent_id: str
    charge_id: str
    status: str
    reason: str
    amount_minor: int
    currency: str
    opened_at: datetime
    answer_by: datetime | None
    has_answer: bool
    moves: tuple[MoneyMove, ...]


def retrieve_dispute(dispute_id: str) -> DisputeState:
    """Return the dispute's current state at Stripe."""
    return _dispute_state(call("retrieve dispute", lambda: client().v1.disputes.retrieve(dispute_id)))


def submit_evidence(dispute_id: str, evidence: Mapping[str, str]) -> DisputeState:
    """Answer a dispute with these texts (Stripe's names of evidence), and return its state.

    Stripe takes one answer and refuses a second, so it needs no idempotency key. Raise GatewayRefused also if an earlier
    try answered the dispute and its result was lost.
    """
    parameters = cast("DisputeUpdateParams", {"evidence": dict(evidence), "submit": True})
    return _dispute_state(call("submit evidence", lambda: client().v1.disputes.update(dispute_id, parameters)))


def _dispute_state(dispute: "stripe.Dispute") -> DisputeState:
    details = dispute.evidence_details
    due = field(details, "due_by")
    return DisputeState(
        dispute_id=dispute.id,
        intent_id=_id_of(field(dispute, "payment_intent")),
        charge_id=_id_of(field(dispute, "charge")),
        status=dispute.status,
        reason=dispute.reason,
        amount_minor=dispute.amount,
        currency=dispute.currency.upper(),
        opened_at=datetime.fromtimestamp(dispute.created, UTC),
        answer_by=datetime.fromtimestamp(due, UTC) if due else None,
        has_answer=bool(field(details, "submission_count")),
        moves=tuple(_move(move, dispute) for move in dispute.balance_transactions),
    )


def _move(transaction: "stripe.BalanceTransaction", dispute: "stripe.Dispute") -> MoneyMove:
    """Return the move in the currency of the dispute, which may not be that of the balance."""
    if transaction.currency == dispute.currency:
        return MoneyMove(transaction.id, transaction.amount)
    return MoneyMove(transaction.id, dispute.amount if transaction.amount > 0 else -dispute.amount)


def _id_of(reference: object) -> str:
    """Return the id of an object that Stripe gives as an id or whole."""
    return reference if isinstance(reference, str) else getattr(reference, "id", None) or ""
