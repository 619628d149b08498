"""Journals of money that Stripe takes away and gives back in disputes."""

from payments.ledger.journals import Account, Amounts, Kind, book
from payments.models import Dispute


def book_dispute_move(dispute: Dispute, transaction_id: str, amount_minor: int) -> bool:
    """Book money that Stripe took away for a dispute (a negative amount) or gave back, by its balance transaction."""
    amounts: Amounts = {Account.STRIPE: amount_minor, Account.DISPUTED: -amount_minor}
    payment = dispute.payment
    return book(Kind.DISPUTE, transaction_id, payment.order, amounts, payment)


def book_dispute_lost(dispute: Dispute, amount_minor: int) -> bool:
    """Book what a lost dispute has taken away as lost; a negative amount, if the bank decided otherwise later."""
    amounts: Amounts = {Account.DISPUTES: amount_minor, Account.DISPUTED: -amount_minor}
    payment, suffix = dispute.payment, "" if amount_minor >= 0 else "-won"
    return book(Kind.DISPUTE_LOST, f"{dispute.stripe_id}{suffix}", payment.order, amounts, payment)
