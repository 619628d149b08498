"""The ledger: write each journal once, identified by kind and reference. The postings of a journal sum to zero."""

import uuid
from typing import Any

from django.db import transaction
from django.db.models import Q, Sum

from orders.models import GiftCard, Order
from payments.models import Journal, Payment, Posting, Refund

Account = Posting.Account
Amounts = dict[str, int]


@transaction.atomic
def _book(
    kind: Journal.Kind,
    provider_ref: str,
    order: Order | None,
    amounts: Amounts,
    payment: Payment | None = None,
    currency: str = "",
) -> bool:
    """Write the journal, or return False if it has been written before."""
    fields = {"order": order, "payment": payment, "currency": order.currency if order else currency}
    journal, is_new = find_or_create(kind, provider_ref, fields)
    if is_new:
        Posting.objects.bulk_create(
            Posting(journal=journal, account=account, amount_minor=amount)
            for account, amount in amounts.items()
            if amount
        )
    return is_new


def find_or_create(kind: Journal.Kind, provider_ref: str, fields: dict[str, Any]) -> tuple[Journal, bool]:
    """Return the journal of this kind and reference, and whether it is new. A unique constraint allows one."""
    return Journal.objects.get_or_create(kind=kind, provider_ref=provider_ref, defaults=fields)


def _parts_of(order: Order) -> dict[str, int]:
    """Return the order's total by account: net sales, gift cards (not a sale yet), net delivery, and tax."""
    sums = order.lines.aggregate(tax=Sum("tax_minor"), cards=Sum("total_minor", filter=Q(is_gift_card=True)))
    cards = sums["cards"] or 0
    shipping_tax = order.tax_minor - (sums["tax"] or 0)
    shipping = order.shipping_minor - (shipping_tax if order.is_tax_included else 0)
    return {
        Account.SALES: order.total_minor - order.tax_minor - shipping - cards,
        Account.GIFT_CARDS: cards,
        Account.SHIPPING: shipping,
        Account.TAX: order.tax_minor,
    }


def book_sale(order: Order) -> bool:
    """Book a confirmed order: the shopper owes its total, which is sales, gift cards, delivery and tax."""
    parts = _parts_of(order)
    amounts = {
        Account.RECEIVABLE: order.total_minor,
        **{account: -amount for account, amount in parts.items()},
    }
    return _book(Journal.Kind.SALE, order.number, order, amounts)


def book_cancel(order: Order) -> bool:
    """Reverse the sale of a canceled order. What was paid is owed to the shopper until it is refunded."""
    amounts = {Account.RECEIVABLE: -order.total_minor, **_parts_of(order)}
    return _book(Journal.Kind.CANCEL, order.number, order, amounts)


def _account_of(payment: Payment) -> Account:
    return Account.GIFT_CARDS if payment.gift_card_id else Account.STRIPE


def book_issue(card: GiftCard) -> bool:
    """Book a gift card that staff issued: the shop owes its value."""
    amounts: Amounts = {Account.GOODWILL: card.initial_minor, Account.GIFT_CARDS: -card.initial_minor}
    return _book(Journal.Kind.GIFT_ISSUED, f"gift-card-{card.pk}", None, amounts, currency=card.currency)


def book_expiry(card: GiftCard, key: uuid.UUID) -> bool:
    """Book an expired gift card: the shop no longer owes its remaining balance."""
    amounts: Amounts = {Account.GIFT_CARDS: card.balance_minor, Account.BREAKAGE: -card.balance_minor}
    return _book(Journal.Kind.GIFT_EXPIRED, str(key), None, amounts, currency=card.currency)


def book_capture(payment: Payment, amount_minor: int, provider_ref: str) -> bool:
    """Book a captured payment: Stripe holds the amount, or a gift card has paid it, and the shopper owes it no more."""
    amounts: Amounts = {_account_of(payment): amount_minor, Account.RECEIVABLE: -amount_minor}
    return _book(Journal.Kind.CAPTURE, provider_ref, payment.order, amounts, payment)


def book_refund(refund: Refund, provider_ref: str) -> bool:
    """Book a refund by Stripe or to a gift card."""
    payment = refund.payment
    amounts: Amounts = {_account_of(payment): -refund.amount_minor, Account.RECEIVABLE: refund.amount_minor}
    return _book(Journal.Kind.REFUND, provider_ref, payment.order, amounts, payment)


def book_failed_refund(refund: Refund, provider_ref: str) -> bool:
    """Book a refund that the bank returned: the money is at Stripe again and still owed to the shopper."""
    payment = refund.payment
    amounts: Amounts = {Account.STRIPE: refund.amount_minor, Account.RECEIVABLE: -refund.amount_minor}
    return _book(Journal.Kind.REFUND_FAILED, provider_ref, payment.order, amounts, payment)
