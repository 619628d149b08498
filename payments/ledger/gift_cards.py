"""Journals of gift cards that are given away or expire."""

import uuid

from orders.models import GiftCard
from payments.ledger.journals import Account, Amounts, Kind, book


def book_issue(card: GiftCard) -> bool:
    """Book a gift card that staff issued: the shop owes its value."""
    amounts: Amounts = {Account.GOODWILL: card.initial_minor, Account.GIFT_CARDS: -card.initial_minor}
    reference, currency = f"gift-card-{card.pk}", card.currency
    return book(Kind.GIFT_ISSUED, reference, None, amounts, currency=currency, is_test=card.is_test)


def book_expiry(card: GiftCard, key: uuid.UUID) -> bool:
    """Book an expired gift card: the shop no longer owes its remaining balance."""
    amounts: Amounts = {Account.GIFT_CARDS: card.balance_minor, Account.BREAKAGE: -card.balance_minor}
    return book(Kind.GIFT_EXPIRED, str(key), None, amounts, currency=card.currency, is_test=card.is_test)
