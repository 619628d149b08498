"""Take over Stripe's balance transactions and payouts: store each once, and book its fee or the payout.

A charge or refund that the shop has not heard of is settled first, through the same functions as a webhook.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction
from django.db.models import Q, Sum

from payments import gateway, ledger
from payments.disputes import take_over_dispute
from payments.gateway import BalanceEntry, PayoutState
from payments.models import BalanceTransaction, Journal, Payment, Payout, Posting, Refund
from payments.refunds import note_foreign_refund, take_over_refund
from payments.settlement import settle, settle_second_session

log = logging.getLogger(__name__)
# Movements that are nothing but a fee: Stripe gives it as the amount.
FEE_TYPES = ("stripe_fee", "stripe_fx_fee", "tax_fee", "network_cost")
CHARGE_TYPES = ("charge", "payment")
DISPUTES = ("du_", "dp_")  # how the IDs of disputes begin


@dataclass(frozen=True)
class Booked:
    """Something that was missing in the books and has been booked, with the reason."""

    key: str
    cause: str

    def __str__(self) -> str:
        return f"{self.key}: {self.cause}"


def take_over_entry(entry: BalanceEntry) -> list[Booked]:
    """Settle what moved the money, store the balance transaction and book its fee; return what had been missed.

    Calling it again changes nothing. Raise GatewayDown or GatewayRefused if Stripe does not answer.
    """
    booked: list[Booked] = []
    payment = payment_of(entry)
    if payment and entry.type in CHARGE_TYPES:
        payment = _settle_missed(payment, entry, booked)
    refund = _refund_of(entry, payment, booked) if entry.refund else None
    if payment and payment.captured_minor and entry.source_id.startswith(DISPUTES):
        _hear_of_dispute(payment, entry, booked)
    stored = _store(entry, payment, refund)
    book_missing_fee(stored)
    book_missing_exchange(stored)
    return booked


def payment_of(entry: BalanceEntry) -> Payment | None:
    """Return our payment that the money belongs to, by the ids and the metadata of the source, or None."""
    condition = Q(payment_intent_id=entry.intent_id or "-") | Q(charge_id=entry.charge_id or "-")
    if key := _uuid(entry.payment_key):
        condition |= Q(key=key)
    found = {payment.payment_intent_id: payment for payment in Payment.objects.filter(condition)}
    # A second session of a payment carries the first one's key, and is a payment of its own once it is settled.
    return found.get(entry.intent_id) or next(iter(found.values()), None)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _settle_missed(payment: Payment, entry: BalanceEntry, booked: list[Booked]) -> Payment | None:
    """Settle a payment whose webhooks were lost, and return the payment that the charge belongs to."""
    if payment.payment_intent_id == entry.intent_id and payment.captured_minor:
        return payment
    if payment.flag == Payment.Flag.MISMATCH:
        return payment
    settled = settle(payment.pk)
    if settled.payment_intent_id != entry.intent_id and not settled.flag:
        for session_id in gateway.find_sessions_of(entry.intent_id):
            if session_id != settled.session_id:
                settled = settle_second_session(settled, session_id) or settled
    if settled.payment_intent_id == entry.intent_id and settled.captured_minor:
        booked.append(Booked(f"payment {entry.charge_id}", f"{settled.order.number} was paid, and no webhook said so"))
    return settled


def _refund_of(entry: BalanceEntry, payment: Payment | None, booked: list[Booked]) -> Refund | None:
    """Return our row of a refund in its current state at Stripe. One made in the dashboard gets a row."""
    assert entry.refund  # noqa: S101
    condition = Q(provider_ref=entry.source_id)
    if key := _uuid(entry.refund_key):
        condition |= Q(key=key)
    known = Refund.objects.select_related("payment").filter(condition).first()
    if not known and payment:
        if not payment.captured_minor:
            return None
        refund = note_foreign_refund(payment, entry.refund)
        cause = f"it was made in Stripe's dashboard for {payment.order.number}, and no webhook said so"
        booked.append(Booked(f"refund {entry.source_id}", cause))
        return refund
    if known and _is_news(known, entry.refund.status):
        before = known.status
        known = take_over_refund(known, entry.refund)
        if known.status != before:
            cause = f"it {known.get_status_display().lower()} at Stripe, and no webhook said so"
            booked.append(Booked(f"refund {entry.source_id}", cause))
    return known


def _hear_of_dispute(payment: Payment, entry: BalanceEntry, booked: list[Booked]) -> None:
    """Take over a dispute whose webhook about this movement was lost."""
    moves = Journal.objects.filter(kind=Journal.Kind.DISPUTE, provider_ref=entry.transaction_id)
    if moves.exists():
        return
    take_over_dispute(payment, gateway.retrieve_dispute(entry.source_id))
    if moves.exists():
        cause = f"it moved money of {payment.order.number}, and no webhook said so"
        booked.append(Booked(f"dispute {entry.source_id}", cause))


def _is_news(refund: Refund, status: str) -> bool:
    return refund.status != {"canceled": "failed", "requires_action": "pending"}.get(status, status)


@transaction.atomic
def _store(entry: BalanceEntry, payment: Payment | None, refund: Refund | None) -> BalanceTransaction:
    """Store the transaction, or complete the row with the payment and the refund if it was stored before they were."""
    fields = {
        "type": entry.type[:60],
        "source": entry.source_id,
        "amount_minor": entry.amount_minor,
        "fee_minor": entry.fee_minor,
        "net_minor": entry.net_minor,
        "currency": entry.currency,
        "charged_minor": entry.charged_minor,
        "charged_currency": entry.charged_currency,
        "exchange_rate": entry.exchange_rate,
        "available_on": entry.available_on,
        "created_at": entry.created_at,
    }
    stored, _is_new = BalanceTransaction.objects.get_or_create(stripe_id=entry.transaction_id, defaults=fields)
    if (payment and stored.payment_id != payment.pk) or (refund and stored.refund_id != refund.pk):
        stored.payment, stored.refund = payment, refund
        stored.save(update_fields=["payment", "refund"])
    return stored


def fee_of(stored: BalanceTransaction) -> int:
    """Return what Stripe took for itself, in minor units."""
    return stored.fee_minor - (stored.amount_minor if stored.type in FEE_TYPES else 0)


def booked_fee(stored: BalanceTransaction) -> int:
    """Return what the books say of the transaction's fee, corrections included."""
    fees = Journal.objects.filter(kind=Journal.Kind.FEE)
    own = fees.filter(Q(provider_ref=stored.stripe_id) | Q(provider_ref__startswith=f"{stored.stripe_id}/"))
    sums = Posting.objects.filter(journal__in=own, account=Posting.Account.FEES).aggregate(sum=Sum("amount_minor"))
    return sums["sum"] or 0


def book_missing_fee(stored: BalanceTransaction) -> bool:
    """Book the fee once; return whether it was missing."""
    fee = fee_of(stored)
    return bool(fee) and ledger.book_fee(stored, fee)


def exchange_of(stored: BalanceTransaction) -> dict[str, int]:
    """Return what an exchange moved at Stripe in each of its two currencies; empty without one.

    Money without a payment of ours is booked in the currency of the balance alone.
    """
    payment = stored.payment
    if stored.charged_minor is None or not payment or not payment.captured_minor:
        return {}
    return {stored.charged_currency: -stored.charged_minor, stored.currency: stored.amount_minor}


def book_missing_exchange(stored: BalanceTransaction) -> bool:
    """Book both sides of an exchange once, in one transaction; return whether it was missing."""
    with transaction.atomic():
        new = [ledger.book_exchange(stored, currency, minor) for currency, minor in exchange_of(stored).items()]
    return any(new)


@transaction.atomic
def take_over_payout(state: PayoutState) -> Payout:
    """Record a payout's current state, and book it: to the bank, and back if the bank returned it.

    A payout that came back stays so, whatever an older answer says.
    """
    fields = {
        "status": state.status[:20],
        "amount_minor": state.amount_minor,
        "currency": state.currency,
        "arrives_on": state.arrives_on,
        "created_at": state.created_at,
        "failure": state.failure[:300],
    }
    _row, is_new = Payout.objects.get_or_create(stripe_id=state.payout_id, defaults=fields)
    payout = Payout.objects.select_for_update().get(stripe_id=state.payout_id)
    if not is_new and not payout.is_returned and payout.status != state.status:
        payout.status, payout.failure, payout.arrives_on = state.status[:20], state.failure[:300], state.arrives_on
        payout.save(update_fields=["status", "failure", "arrives_on"])
    ledger.book_payout(payout)
    if payout.is_returned:
        ledger.book_returned_payout(payout)
    return payout


def take_over_listed(state: PayoutState) -> Payout:
    """Record a payout, and its balance transactions once Stripe lists them."""
    payout = take_over_payout(state)
    if state.has_transactions and not payout.is_itemized:
        itemize(payout)
        payout.refresh_from_db()
    return payout


def itemize(payout: Payout) -> int:
    """Store which balance transactions are in the payout; return how many."""
    entries = list(gateway.list_balance(payout_id=payout.stripe_id))
    for entry in entries:
        take_over_entry(entry)
    return _mark_itemized(payout, [entry.transaction_id for entry in entries])


@transaction.atomic
def _mark_itemized(payout: Payout, transaction_ids: Sequence[str]) -> int:
    parts = BalanceTransaction.objects.filter(stripe_id__in=transaction_ids)
    count = parts.update(payout=payout)
    Payout.objects.filter(pk=payout.pk).update(is_itemized=True)
    return count
