"""Balance transactions: each movement of the money that Stripe holds for the shop, with its fee."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from payments.gateway.calls import client, field, seconds
from payments.gateway.lists import list_objects
from payments.gateway.refunds import RefundState, refund_state

EXPANDED_PAGE_SIZE = 50  # each transaction comes with the object that caused it


@dataclass(frozen=True)
class BalanceEntry:
    """A balance transaction with its source: a charge, refund, dispute or payout. Amounts are in minor units."""

    transaction_id: str
    type: str
    amount_minor: int
    fee_minor: int
    net_minor: int
    currency: str
    created_at: datetime
    available_on: datetime
    source_id: str
    intent_id: str
    charge_id: str
    payment_key: str  # our key in the metadata of a charge
    refund_key: str  # our key in the metadata of a refund
    refund: RefundState | None
    # What the source moved in a currency of its own, which Stripe exchanged; empty if it did not.
    charged_minor: int | None = None
    charged_currency: str = ""
    exchange_rate: Decimal | None = None


def list_balance(*, since: datetime | None = None, payout_id: str = "", source_id: str = "") -> Iterator[BalanceEntry]:
    """Yield the balance transactions since a moment, of a payout, or of one source; newest first."""
    query: dict[str, Any] = {"limit": EXPANDED_PAGE_SIZE, "expand": ["data.source"]}
    if since:
        query["created"] = {"gte": seconds(since)}
    query |= {name: value for name, value in (("payout", payout_id), ("source", source_id)) if value}
    for transaction in list_objects("list balance transactions", client().v1.balance_transactions.list, query):
        yield _entry(transaction)


def _entry(transaction: Any) -> BalanceEntry:
    source = field(transaction, "source")
    kind = field(source, "object") or ""
    metadata = field(source, "metadata")
    charged_minor, charged_currency = _charged(transaction, source, kind)
    return BalanceEntry(
        transaction_id=transaction.id,
        type=transaction.type,
        amount_minor=transaction.amount,
        fee_minor=transaction.fee,
        net_minor=transaction.net,
        currency=transaction.currency.upper(),
        created_at=moment(transaction.created),
        available_on=moment(transaction.available_on),
        source_id=str(field(source, "id") or source or ""),
        intent_id=_id_of(field(source, "payment_intent")),
        charge_id=source.id if kind == "charge" else _id_of(field(source, "charge")),
        payment_key=str(field(metadata, "payment") or ""),
        refund_key=str(field(metadata, "refund") or ""),
        refund=refund_state(source) if kind == "refund" else None,
        charged_minor=charged_minor,
        charged_currency=charged_currency,
        exchange_rate=Decimal(str(transaction.exchange_rate)) if transaction.exchange_rate else None,
    )


def _charged(transaction: Any, source: Any, kind: str) -> tuple[int | None, str]:
    """Return what a charge, refund or dispute moved in its own currency, if that is not the balance's."""
    currency = str(field(source, "currency") or "")
    if kind not in ("charge", "refund", "dispute") or not currency or currency == transaction.currency:
        return None, ""
    amount = field(source, "amount_captured") if kind == "charge" else source.amount
    return (amount if transaction.amount > 0 else -amount), currency.upper()


def moment(stamp: int) -> datetime:
    return datetime.fromtimestamp(stamp, UTC)


def _id_of(value: Any) -> str:
    return str(field(value, "id") or value or "")
