"""Mend differences that `manage.py reconcile` found, one object at a time. A person decides on each."""

from django.db import transaction
from django.db.models import Sum

from orders.models import Order
from payments import gateway, ledger
from payments.balance import (
    DISPUTES,
    book_missing_exchange,
    book_missing_fee,
    booked_fee,
    exchange_of,
    fee_of,
    take_over_entry,
    take_over_listed,
)
from payments.disputes import take_over_dispute
from payments.errors import PaymentError
from payments.models import BalanceTransaction, Dispute, Journal, Payment, Posting, Refund

DISPUTE_KINDS = (Journal.Kind.DISPUTE, Journal.Kind.DISPUTE_LOST)


class CannotMend(PaymentError):
    """There is nothing to mend, or not by a command. The message is a sentence for staff."""


def mend(name: str) -> str:
    """Book what is missing for a charge, refund, dispute, payout, balance transaction or order; return what was done.

    Raise CannotMend if the books have it already.
    """
    if name.startswith("txn_"):
        return _mend_transaction(name)
    if name.startswith("po_"):
        take_over_listed(gateway.retrieve_payout(name))
        return f"The payout {name} stands in the books."
    if name.startswith(DISPUTES):
        return _mend_dispute(name)
    order = Order.objects.filter(number=name, confirmed_at__isnull=False).first()
    return _mend_order(order) if order else _book_again(name)


def _mend_dispute(name: str) -> str:
    """Write the journals of a dispute again that are missing."""
    dispute = Dispute.objects.select_related("payment__order").filter(stripe_id=name).first()
    if not dispute:
        raise CannotMend(f"No dispute of ours has the ID {name}.")
    state = gateway.retrieve_dispute(name)
    journals = Journal.objects.filter(payment=dispute.payment, kind__in=DISPUTE_KINDS)
    before = journals.count()
    with transaction.atomic():
        # What Stripe took away can no longer be refunded, so our rows say so, too.
        dispute = take_over_dispute(dispute.payment, state)
        dispute.refresh_from_db()
        if dispute.status == Dispute.Status.LOST:
            ledger.book_dispute_lost(dispute, dispute.withdrawn_minor)
    if journals.count() == before:
        raise CannotMend(f"{name} is in the books already. Look at the journals of {dispute.payment.order.number}.")
    return f"{name} of {dispute.payment.order.number} is in the books again."


def _mend_order(order: Order) -> str:
    """Write the sale of a paid order again, if it is missing."""
    if not ledger.book_sale(order):
        raise CannotMend(f"The sale of {order.number} is in the books already.")
    return f"The sale of {order.number} is in the books again."


@transaction.atomic
def _book_again(name: str) -> str:
    """Write the journal of a captured payment or a refund again, if it is missing."""
    refund = Refund.objects.select_related("payment__order").filter(provider_ref=name).first()
    if refund:
        if refund.status in (Refund.Status.REQUESTED, Refund.Status.PENDING):
            raise CannotMend(f"{name} has not succeeded at Stripe yet. It is booked when it has.")
        is_new = ledger.book_refund(refund, name)
        if refund.status == Refund.Status.FAILED:
            is_new = ledger.book_failed_refund(refund, name) or is_new
        order = refund.payment.order
    else:
        payment = Payment.objects.select_related("order").filter(charge_id=name, captured_minor__gt=0).first()
        if not payment:
            raise CannotMend(f"No captured payment or refund of ours has the ID {name}.")
        is_new = ledger.book_capture(payment, payment.captured_minor, name)
        order = payment.order
    if not is_new:
        raise CannotMend(f"{name} is in the books already. Look at the journals of {order.number}.")
    return f"{name} of {order.number} is in the books again."


def _mend_transaction(name: str) -> str:
    """Take over the amounts that Stripe gives now, and book the rest of the fee."""
    stored = BalanceTransaction.objects.filter(stripe_id=name).first()
    if not stored:
        raise CannotMend(f"No balance transaction {name} is stored. `reconcile --since …` reads older ones.")
    entry = next(
        (found for found in gateway.list_balance(source_id=stored.source) if found.transaction_id == name), None
    )
    if entry:
        take_over_entry(entry)
        BalanceTransaction.objects.filter(pk=stored.pk).update(
            amount_minor=entry.amount_minor, fee_minor=entry.fee_minor, net_minor=entry.net_minor
        )
        stored.refresh_from_db()
    correct_exchange(stored)
    rest = correct_fee(stored)
    return f"{name} has the amounts that Stripe gives; {rest} of its fee were booked."


@transaction.atomic
def correct_fee(stored: BalanceTransaction) -> int:
    """Book the difference between the fee and the books; return it."""
    stored = BalanceTransaction.objects.select_for_update(of=("self",)).get(pk=stored.pk)
    book_missing_fee(stored)
    rest = fee_of(stored) - booked_fee(stored)
    number = 2
    while rest and not ledger.book_fee(stored, rest, number):
        number += 1
    return rest


@transaction.atomic
def correct_exchange(stored: BalanceTransaction) -> None:
    """Book the difference between an exchange and the books, in each of its currencies."""
    stored = BalanceTransaction.objects.select_for_update(of=("self",)).select_related("payment").get(pk=stored.pk)
    book_missing_exchange(stored)
    at_stripe = Posting.objects.filter(journal__kind=Journal.Kind.EXCHANGE, account=Posting.Account.STRIPE)
    own = at_stripe.filter(journal__provider_ref__startswith=f"{stored.stripe_id}/")
    booked = dict(own.order_by().values_list("journal__currency").annotate(sum=Sum("amount_minor")))
    for currency, minor in exchange_of(stored).items():
        rest, number = minor - booked.get(currency, 0), 2
        while rest and not ledger.book_exchange(stored, currency, rest, number):
            number += 1


@transaction.atomic
def set_aside(name: str) -> str:
    """Book the money of a charge, refund or balance transaction without an order to the account for such money.

    Raise CannotMend if it belongs to an order or is not stored.
    """
    rows = BalanceTransaction.objects.filter(source=name) or BalanceTransaction.objects.filter(stripe_id=name)
    if not rows:
        raise CannotMend(f"No balance transaction of {name} is stored. `reconcile --since …` reads older ones.")
    if Journal.objects.filter(provider_ref=name).exists() or any(
        row.payment and row.payment.captured_minor for row in rows
    ):
        raise CannotMend(f"{name} belongs to an order or stands in the books. `reconcile --mend {name}` books it.")
    for row in rows:
        ledger.book_set_aside(row)
    return f"{name} stands in the books as money without an order."
