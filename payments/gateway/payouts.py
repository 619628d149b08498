"""Payouts to the shop's bank account."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from payments.gateway.balance import moment
from payments.gateway.calls import call, client, field, seconds
from payments.gateway.lists import list_objects


@dataclass(frozen=True)
class PayoutState:
    """The current state of a payout at Stripe. Amounts are in minor units."""

    payout_id: str
    status: str
    amount_minor: int
    currency: str
    created_at: datetime
    arrives_on: date
    failure: str
    has_transactions: bool  # whether Stripe lists the balance transactions in it


def list_payouts(since: datetime) -> Iterator[PayoutState]:
    """Yield the payouts created since a moment; newest first."""
    query = {"created": {"gte": seconds(since)}}
    for payout in list_objects("list payouts", client().v1.payouts.list, query):
        yield _payout_state(payout)


def retrieve_payout(payout_id: str) -> PayoutState:
    """Return the payout's current state at Stripe."""
    return _payout_state(call("retrieve payout", lambda: client().v1.payouts.retrieve(payout_id)))


def _payout_state(payout: Any) -> PayoutState:
    is_listed = field(payout, "automatic") and field(payout, "reconciliation_status") == "completed"
    return PayoutState(
        payout_id=payout.id,
        status=payout.status,
        amount_minor=payout.amount,
        currency=payout.currency.upper(),
        created_at=moment(payout.created),
        arrives_on=moment(payout.arrival_date).date(),
        failure=str(field(payout, "failure_message") or field(payout, "failure_code") or ""),
        has_transactions=bool(is_listed),
    )
