"""Reconcile the books with Stripe: read Stripe's objects, book what is missing, and explain every cent that differs.

Three sides are compared: our books, Stripe's balance transactions with the charges, refunds and payouts that caused them,
and the payouts that reached the bank account.
"""

import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet, Sum
from django.utils import timezone

from orders.lifecycle import lock_order
from orders.models import Order
from payments import gateway
from payments.balance import (
    CHARGE_TYPES,
    DISPUTES,
    FEE_TYPES,
    Booked,
    booked_fee,
    exchange_of,
    fee_of,
    take_over_entry,
    take_over_listed,
)
from payments.disputes import take_over_dispute
from payments.errors import GatewayDown, GatewayRefused
from payments.gateway import BalanceEntry, HeldAmount
from payments.models import BalanceTransaction, Dispute, Journal, Payment, Payout, Posting, Refund
from payments.refunds import book_goodwill_of
from payments.settlement import settle, settle_second_session

log = logging.getLogger(__name__)
Kind = Journal.Kind
YOUNG = timedelta(minutes=1)  # Stripe may list the movement of a journal this young in a moment
MAX_LOOKUPS = 200  # single movements that are asked for because they are older than what was read
MEND = "manage.py reconcile --mend {}"
SET_ASIDE = "manage.py reconcile --set-aside {}"
UNSETTLED = (Refund.Status.REQUESTED, Refund.Status.PENDING)


@dataclass(frozen=True)
class Difference:
    """An amount in minor units by which two sides differ: what Stripe says, less what the books say."""

    key: str
    amount_minor: int
    currency: str
    cause: str
    mend: str

    def __str__(self) -> str:
        return f"{self.key}: {self.amount_minor:+d} {self.currency}: {self.cause}. To mend it: {self.mend}"


@dataclass
class Report:
    """What was read, what was booked because it was missing, and what still differs."""

    since: datetime
    transactions: int = 0
    payouts: int = 0
    booked: list[Booked] = field(default_factory=list)
    differences: list[Difference] = field(default_factory=list)


def reconcile(since: datetime) -> Report:
    """Read what Stripe moved since a moment, book what is missing and return every difference that is left.

    Raise GatewayDown if Stripe does not answer; what was booked until then stays booked.
    """
    started = timezone.now()
    report = Report(since)
    # Oldest first, because a refund follows its payment.
    entries = sorted(gateway.list_balance(since=since), key=lambda entry: entry.created_at)
    for entry in entries:
        _take_over(entry, report)
    report.transactions = len(entries)
    for state in gateway.list_payouts(since):
        _guarded(state.payout_id, partial(take_over_listed, state), report)
        report.payouts += 1
    _look_up_older(since, started - YOUNG, report)
    _give_reasons(report)
    _hear_of_open_disputes(report)
    held = list(gateway.list_held(since))
    _hear_of_held(held, report)
    rows = BalanceTransaction.objects.filter(created_at__gte=since)
    report.differences += [
        *_changed_at_stripe(entries),
        *_wrong_fees(rows),
        *_wrong_amounts(rows),
        *_unexplained_journals(since, started - YOUNG),
        *_wrong_payouts(since),
        *_wrongly_held(held),
    ]
    return report


def _take_over(entry: BalanceEntry, report: Report) -> None:
    def work() -> None:
        report.booked += take_over_entry(entry)

    _guarded(entry.transaction_id, work, report)


def _guarded(key: str, work: Callable[[], object], report: Report) -> None:
    """Do the work, so that one object that cannot be booked does not stop the others."""
    try:
        work()
    except GatewayDown:
        raise
    except Exception as error:
        log.exception("%s could not be booked", key)
        cause = f"it could not be booked: {error!r}"[:300]
        report.differences.append(Difference(key, 0, "", cause, "see the log of errors"))


def _look_up_older(since: datetime, until: datetime, report: Report) -> None:
    """Ask Stripe for the movements of journals that are newer than the movements, such as a late settlement."""
    for journal in list(_without_transaction(since, until)[:MAX_LOOKUPS]):
        source = _source_of(journal)
        if source.startswith("pi_"):
            continue
        try:
            for entry in gateway.list_balance(source_id=source):
                _take_over(entry, report)
        except GatewayRefused:
            continue  # Stripe knows no such object, which the comparison says


def _give_reasons(report: Report) -> None:
    """Book refunds of paid orders that have no reason in the books as goodwill, for staff to assign."""
    paid = (Order.Status.CONFIRMED, Order.Status.COMPLETED)
    bare = Refund.objects.filter(status=Refund.Status.SUCCEEDED, request=None, payment__order__status__in=paid)
    receivable = Posting.objects.filter(
        account=Posting.Account.RECEIVABLE, journal__order__in=bare.values("payment__order")
    )
    sums = receivable.order_by().values_list("journal__order").annotate(sum=Sum("amount_minor"))
    for order_id in [order_id for order_id, owed in sums if owed > 0]:
        for refund in bare.filter(payment__order=order_id).order_by("pk"):
            _guarded(f"refund {refund.provider_ref}", partial(_give_reason, refund, report), report)


@transaction.atomic
def _give_reason(refund: Refund, report: Report) -> None:
    order = lock_order(refund.payment.order_id)
    if not Refund.objects.filter(pk=refund.pk, request=None).exists() or not book_goodwill_of(order, refund):
        return
    cause = f"it had no reason in the books of {order.number}, and is goodwill until staff assign it"
    report.booked.append(Booked(f"refund {refund.provider_ref}", cause))


def _hear_of_open_disputes(report: Report) -> None:
    """Ask how open disputes stand, because one that is lost moves no money any more."""
    ours = Dispute.objects.filter(status__in=Dispute.OPEN, payment__livemode=gateway.is_live())
    for dispute in ours.select_related("payment"):
        _guarded(dispute.stripe_id, partial(_hear_of_dispute, dispute, report), report)


def _hear_of_dispute(dispute: Dispute, report: Report) -> None:
    heard = take_over_dispute(dispute.payment, gateway.retrieve_dispute(dispute.stripe_id))
    heard.refresh_from_db()
    if heard.status != dispute.status:
        status = heard.get_status_display().lower()
        report.booked.append(Booked(f"dispute {dispute.stripe_id}", f"it is {status}, and no webhook said so"))


def _hear_of_held(held: Sequence[HeldAmount], report: Report) -> None:
    """Ask about each authorized payment of which Stripe says something else than we do."""
    at_stripe = {amount.intent_id for amount in held}
    for amount in held:
        payment = _payment_holding(amount)
        if payment and payment.status != Payment.Status.AUTHORIZED:
            _guarded(amount.intent_id, partial(_settle_held, payment, amount.intent_id, report), report)
    ours = Payment.objects.filter(status=Payment.Status.AUTHORIZED).exclude(payment_intent_id__in=at_stripe)
    for payment in ours.order_by("pk")[:MAX_LOOKUPS]:
        _guarded(
            f"payment {payment.pk}", partial(_settle_held, payment, payment.payment_intent_id or "", report), report
        )


def _payment_holding(amount: HeldAmount) -> Payment | None:
    """Return our payment that an amount is held for, or None."""
    if payment := Payment.objects.filter(payment_intent_id=amount.intent_id).first():
        return payment
    with suppress(ValueError):
        return Payment.objects.filter(key=UUID(amount.payment_key)).first()
    return None


def _settle_held(payment: Payment, intent_id: str, report: Report) -> None:
    before, settled = payment.status, settle(payment.pk)
    for session_id in gateway.find_sessions_of(intent_id) if settled.payment_intent_id != intent_id else []:
        settled = settle_second_session(settled, session_id) or settled
    if settled.pk != payment.pk or settled.status != before:
        cause = f"{settled.order.number} is {settled.get_status_display().lower()}, and no webhook said so"
        report.booked.append(Booked(f"payment {intent_id}", cause))


def _wrongly_held(held: Iterable[HeldAmount]) -> Iterator[Difference]:
    """Compare what banks hold with the payments that we know as authorized."""
    for amount in held:
        payment = _payment_holding(amount)
        if payment and (payment.status, payment.authorized_minor) == (Payment.Status.AUTHORIZED, amount.amount_minor):
            continue
        ours = (
            f"the payment of {payment.order.number} is {_state_of(payment, None)}" if payment else "no order knows it"
        )
        cause, mend = f"a bank holds it, and {ours}", "release or charge it in Stripe's dashboard"
        yield Difference(amount.intent_id, amount.amount_minor, amount.currency, cause, mend)


def _source_of(journal: Journal) -> str:
    return journal.provider_ref.split("/")[0]


# -- comparisons ---------------------------------------------------------------------------------------


def _changed_at_stripe(entries: Iterable[BalanceEntry]) -> Iterator[Difference]:
    """Compare the stored balance transactions with what Stripe says now; it never changes one by itself."""
    now = {entry.transaction_id: entry for entry in entries}
    for stored in BalanceTransaction.objects.filter(stripe_id__in=now):
        entry = now[stored.stripe_id]
        for name, ours, theirs in (
            ("amount", stored.amount_minor, entry.amount_minor),
            ("fee", stored.fee_minor, entry.fee_minor),
        ):
            if ours != theirs:
                cause = f"the {name} at Stripe is {theirs}, and {ours} was stored before"
                yield Difference(stored.stripe_id, theirs - ours, stored.currency, cause, MEND.format(stored.stripe_id))


def _wrong_fees(rows: QuerySet[BalanceTransaction]) -> Iterator[Difference]:
    """Compare the fees of the balance transactions with the books."""
    booked: dict[str, int] = defaultdict(int)
    for batch in _batches(rows.values_list("stripe_id", flat=True)):
        fees = Posting.objects.filter(journal__kind=Kind.FEE, account=Posting.Account.FEES)
        sums = fees.filter(journal__provider_ref__in=batch).values_list("journal__provider_ref", "amount_minor")
        for reference, minor in sums:
            booked[reference] += minor
    for stored in rows:
        # Corrections have references of their own, so they are added only where a fee differs.
        if fee_of(stored) != booked[stored.stripe_id] and (wrong := fee_of(stored) - booked_fee(stored)):
            cause = f"the fee is {fee_of(stored)}, and the books say {fee_of(stored) - wrong}"
            yield Difference(stored.stripe_id, wrong, stored.currency, cause, MEND.format(stored.stripe_id))


def _wrong_amounts(rows: QuerySet[BalanceTransaction]) -> Iterator[Difference]:
    """Compare what each charge, refund, dispute and payout moved at Stripe with the books."""
    for sources in _batches(rows.exclude(type__in=FEE_TYPES).order_by().values_list("source", flat=True).distinct()):
        moved: dict[str, list[BalanceTransaction]] = defaultdict(list)
        related = BalanceTransaction.objects.select_related("payment__order", "refund")
        for row in related.filter(source__in=sources).exclude(type__in=FEE_TYPES).order_by("created_at", "pk"):
            moved[row.source or row.stripe_id].append(row)
        booked = _booked(moved)
        for source, parts in moved.items():
            if parts[0].refund and parts[0].refund.status in UNSETTLED:
                continue
            expected = {parts[0].currency: sum(part.amount_minor for part in parts)}
            # What was charged in another currency left the balance in it by the exchange.
            expected |= {part.charged_currency: 0 for part in parts if exchange_of(part)}
            for currency, minor in expected.items():
                said = booked[source, currency]
                # Corrections have references of their own, so they are added only where an amount differs.
                if said != minor and (difference := minor - (said + _corrections(parts, currency))):
                    yield Difference(source, difference, currency, *_cause_of(parts, minor - difference))
                    break


def _corrections(parts: list[BalanceTransaction], currency: str) -> int:
    """Return what later corrections of the exchange of these movements say in one currency."""
    own = Q()
    for part in parts:
        own |= Q(journal__provider_ref__startswith=f"{part.stripe_id}/{currency}/")
    sums = Posting.objects.filter(own, journal__kind=Kind.EXCHANGE, account=Posting.Account.STRIPE)
    return sums.aggregate(sum=Sum("amount_minor"))["sum"] or 0


def _booked(moved: dict[str, list[BalanceTransaction]]) -> dict[tuple[str, str], int]:
    """Return what the books say on the account of Stripe for each source and currency, without fees."""
    references = {
        name: source
        for source, rows in moved.items()
        for row in rows
        for name in (
            row.stripe_id,
            *(f"{row.stripe_id}/{currency}" for currency in (row.currency, row.charged_currency)),
        )
    }
    captures = {row.payment_id: source for source, rows in moved.items() for row in rows if row.type in CHARGE_TYPES}
    booked: dict[tuple[str, str], int] = defaultdict(int)
    at_stripe = Posting.objects.filter(account=Posting.Account.STRIPE).exclude(journal__kind=Kind.FEE)
    fields = ("journal__provider_ref", "journal__payment", "journal__currency", "amount_minor")
    by_payment = at_stripe.filter(journal__kind=Kind.CAPTURE, journal__payment__in=[pk for pk in captures if pk])
    for _reference, payment_id, currency, minor in by_payment.values_list(*fields):
        booked[captures[payment_id], currency] += minor
    others = at_stripe.exclude(journal__kind=Kind.CAPTURE)
    others = others.filter(journal__provider_ref__in=[*moved, *references])
    for reference, _payment, currency, minor in others.values_list(*fields):
        booked[references.get(reference, reference), currency] += minor
    return booked


def _cause_of(parts: list[BalanceTransaction], booked: int) -> tuple[str, str]:
    """Return why the books differ from what a source moved, and the command that mends it."""
    first = parts[0]
    payment, refund = first.payment, first.refund
    kind = first.type.replace("_", " ")
    if first.source.startswith(DISPUTES) and payment:
        return (
            f"a dispute of {payment.order.number} moved it, and the books say {booked}",
            MEND.format(first.source),
        )
    if first.source.startswith("po_"):
        return f"the payout moved {-first.amount_minor}, and the books say {-booked}", MEND.format(first.source)
    if not payment:
        cause = f"the {kind} belongs to no order: it was made outside this shop, or the order was lost"
        return cause, f"assign or refund it in Stripe's dashboard; {SET_ASIDE.format(first.source or first.stripe_id)}"
    number = payment.order.number
    if payment.flag == Payment.Flag.MISMATCH:
        return (
            f"Stripe took another amount or currency than {number} ordered",
            f"refund it in Stripe's dashboard; {SET_ASIDE.format(first.source)}",
        )
    if refund or booked == 0:
        cause = f"the {kind} of {number} is not in the books, though its row says {_state_of(payment, refund)}"
        return cause, MEND.format(first.source)
    cause = f"the {kind} of {number} is {first.amount_minor} at Stripe and {booked} in the books"
    return cause, "look at the journals of the order, and restore the books from a backup if they were changed"


def _state_of(payment: Payment, refund: Refund | None) -> str:
    return f"{refund.get_status_display() if refund else payment.get_status_display()}".lower()


def _without_transaction(since: datetime, until: datetime) -> QuerySet[Journal]:
    """Journals on the account of Stripe for which no balance transaction is stored."""
    moving = Journal.objects.filter(
        created_at__gte=since, created_at__lte=until, postings__account=Posting.Account.STRIPE
    ).exclude(kind__in=[Kind.FEE, Kind.SET_ASIDE, Kind.EXCHANGE])
    moving = moving.exclude(payment__livemode=not gateway.is_live())  # our key cannot ask about them
    stored = BalanceTransaction.objects.all()
    captured = moving.filter(kind=Kind.CAPTURE).exclude(
        payment__in=stored.filter(type__in=CHARGE_TYPES).exclude(payment=None).values("payment")
    )
    others = moving.exclude(kind=Kind.CAPTURE).exclude(provider_ref__in=stored.values("source"))
    others = others.exclude(provider_ref__in=stored.values("stripe_id"))
    return (captured | others).distinct().order_by("pk")


def _unexplained_journals(since: datetime, until: datetime) -> Iterator[Difference]:
    for journal in _without_transaction(since, until):
        sums = journal.postings.filter(account=Posting.Account.STRIPE).aggregate(sum=Sum("amount_minor"))
        cause = f"the books say {journal.get_kind_display().lower()}, and Stripe moved nothing for it"
        mend = "compare the mode and the account of the API key with those of the payment"
        yield Difference(journal.provider_ref, -(sums["sum"] or 0), journal.currency, cause, mend)


def _wrong_payouts(since: datetime) -> Iterator[Difference]:
    """Compare the payouts with their balance transactions, and with the bank account in the books."""
    for payout in Payout.objects.filter(created_at__gte=since):
        parts = payout.balance_transactions.exclude(type="payout").aggregate(sum=Sum("net_minor"))["sum"] or 0
        if payout.is_itemized and parts != payout.amount_minor:
            cause = f"the payout is {payout.amount_minor}, and its transactions come to {parts}"
            mend = f"ask Stripe why, naming {payout.stripe_id}"
            yield Difference(payout.stripe_id, payout.amount_minor - parts, payout.currency, cause, mend)
        at_bank = Posting.objects.filter(account=Posting.Account.BANK, journal__provider_ref=payout.stripe_id)
        booked = at_bank.aggregate(sum=Sum("amount_minor"))["sum"] or 0
        expected = 0 if payout.is_returned else payout.amount_minor
        if booked != expected:
            cause = f"the payout is {payout.get_status_display().lower()}, and the books say {booked} reached the bank"
            mend = MEND.format(payout.stripe_id)
            yield Difference(payout.stripe_id, expected - booked, payout.currency, cause, mend)


def _batches(values: Iterable[str], size: int = 1000) -> Iterator[list[str]]:
    everything = list(values)
    for start in range(0, len(everything), size):
        yield everything[start : start + size]
