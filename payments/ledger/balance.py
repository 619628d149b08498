"""Journals of what Stripe does with the money that it holds: fees, payouts, and money without an order."""

from payments.ledger.journals import Account, Amounts, Kind, book
from payments.models import BalanceTransaction, Payout


def book_fee(transaction: BalanceTransaction, fee_minor: int, number: int = 1) -> bool:
    """Book what Stripe kept of a balance transaction as its fee. A later correction of it has the next number."""
    reference = transaction.stripe_id if number == 1 else f"{transaction.stripe_id}/{number}"
    payment = transaction.payment
    amounts: Amounts = {Account.FEES: fee_minor, Account.STRIPE: -fee_minor}
    order = payment.order if payment else None
    return book(Kind.FEE, reference, order, amounts, payment, currency=transaction.currency)


def book_payout(payout: Payout) -> bool:
    """Book a payout: the bank account gets what Stripe held."""
    amounts: Amounts = {Account.BANK: payout.amount_minor, Account.STRIPE: -payout.amount_minor}
    return book(Kind.PAYOUT, payout.stripe_id, None, amounts, currency=payout.currency)


def book_returned_payout(payout: Payout) -> bool:
    """Book a payout that failed or was canceled: Stripe holds the money again."""
    amounts: Amounts = {Account.STRIPE: payout.amount_minor, Account.BANK: -payout.amount_minor}
    return book(Kind.PAYOUT_FAILED, payout.stripe_id, None, amounts, currency=payout.currency)


def book_exchange(transaction: BalanceTransaction, currency: str, minor: int, number: int = 1) -> bool:
    """Book one side of an exchange: the amount of this currency that Stripe's balance gained, or lost if negative.

    The account of exchange takes the other side, so that each currency sums to zero. A correction has the next number.
    """
    reference = f"{transaction.stripe_id}/{currency}" + (f"/{number}" if number > 1 else "")
    payment = transaction.payment
    amounts: Amounts = {Account.STRIPE: minor, Account.EXCHANGE: -minor}
    order = payment.order if payment else None
    return book(Kind.EXCHANGE, reference, order, amounts, payment, currency=currency)


def book_set_aside(transaction: BalanceTransaction) -> bool:
    """Book money that Stripe moved without an order of ours, so that it is in the books until somebody assigns it."""
    amounts: Amounts = {Account.STRIPE: transaction.amount_minor, Account.UNASSIGNED: -transaction.amount_minor}
    return book(Kind.SET_ASIDE, transaction.stripe_id, None, amounts, currency=transaction.currency)
