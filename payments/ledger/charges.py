"""Journals of captured payments and of refunds."""

from payments.ledger.journals import Account, Amounts, Kind, book
from payments.models import Payment, ReceivedMoney, Refund


def book_capture(payment: Payment, amount_minor: int, provider_ref: str) -> bool:
    """Book a captured payment: Stripe holds the amount, or a gift card has paid it, and the shopper no longer owes it."""
    amounts: Amounts = {_account_of(payment): amount_minor, Account.RECEIVABLE: -amount_minor}
    return book(Kind.CAPTURE, provider_ref, payment.order, amounts, payment)


def book_received(money: ReceivedMoney) -> bool:
    """Book money that staff received: it is on the bank account or in the till, and the shopper no longer owes it."""
    payment = money.payment
    amounts: Amounts = {Account(money.account): money.amount_minor, Account.RECEIVABLE: -money.amount_minor}
    return book(Kind.CAPTURE, f"received-{money.key}", payment.order, amounts, payment)


def book_sent(refund: Refund, account: str) -> bool:
    """Book a refund that staff paid out from the bank account or the till."""
    payment = refund.payment
    amounts: Amounts = {Account(account): -refund.amount_minor, Account.RECEIVABLE: refund.amount_minor}
    return book(Kind.REFUND, f"sent-{refund.key}", payment.order, amounts, payment)


def book_refund(refund: Refund, provider_ref: str) -> bool:
    """Book a refund by Stripe or to a gift card."""
    payment = refund.payment
    account = Account.GIFT_CARDS if refund.gift_card_id else _account_of(payment)
    amounts: Amounts = {account: -refund.amount_minor, Account.RECEIVABLE: refund.amount_minor}
    return book(Kind.REFUND, provider_ref, payment.order, amounts, payment)


def book_failed_refund(refund: Refund, provider_ref: str) -> bool:
    """Book a refund that the bank returned: the money is at Stripe again and still owed to the shopper."""
    payment = refund.payment
    amounts: Amounts = {Account.STRIPE: refund.amount_minor, Account.RECEIVABLE: -refund.amount_minor}
    return book(Kind.REFUND_FAILED, provider_ref, payment.order, amounts, payment)


def _account_of(payment: Payment) -> Account:
    return Account.GIFT_CARDS if payment.gift_card_id else Account.STRIPE
