"""The ledger: write each journal once, identified by kind and reference. The postings of a journal sum to zero."""

import uuid
from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.db.models import Q, Sum

from orders.models import GiftCard, Order
from payments.models import BalanceTransaction, Dispute, Journal, Payment, Payout, Posting, Refund, RefundRequest

Account = Posting.Account
Amounts = dict[str, int]
Tax = dict[str, Any]  # the percentage as text, base_minor and tax_minor
# The kinds of journals that say what an order was sold for, and what of it was taken back.
SALE_KINDS = (Journal.Kind.SALE, Journal.Kind.REVERSAL, Journal.Kind.GOODWILL, Journal.Kind.CANCEL)


@transaction.atomic
def _book(  # noqa: PLR0913  (each is a column of the journal)
    kind: Journal.Kind,
    provider_ref: str,
    order: Order | None,
    amounts: Amounts,
    payment: Payment | None = None,
    currency: str = "",
    taxes: Sequence[Tax] = (),
) -> bool:
    """Write the journal, or return False if it has been written before."""
    fields = {
        "order": order,
        "payment": payment,
        "currency": order.currency if order else currency,
        "taxes": list(taxes),
    }
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
    return _book(Journal.Kind.SALE, order.number, order, amounts, taxes=order.taxes)


def book_cancel(order: Order) -> bool:
    """Reverse what earlier refunds left of the sale of a canceled order. What was paid is owed until it is refunded."""
    booked = Posting.objects.filter(journal__order=order, journal__kind__in=SALE_KINDS)
    sums = booked.order_by("account").values_list("account").annotate(sum=Sum("amount_minor"))
    amounts = {account: -minor for account, minor in sums}
    return _book(Journal.Kind.CANCEL, order.number, order, amounts, taxes=_negative(_taxes_left(order)))


def _taxes_left(order: Order) -> list[Tax]:
    """Return the tax of each rate that the order's journals leave of its sale."""
    left: dict[str, Tax] = {}
    for taxes in Journal.objects.filter(order=order, kind__in=SALE_KINDS).values_list("taxes", flat=True):
        for tax in taxes:
            sums = left.setdefault(tax["percent"], {"percent": tax["percent"], "base_minor": 0, "tax_minor": 0})
            sums["base_minor"] += tax["base_minor"]
            sums["tax_minor"] += tax["tax_minor"]
    return [tax for tax in left.values() if tax["base_minor"] or tax["tax_minor"]]


def _negative(taxes: Sequence[Tax]) -> list[Tax]:
    return [
        {"percent": tax["percent"], "base_minor": -tax["base_minor"], "tax_minor": -tax["tax_minor"]} for tax in taxes
    ]


def book_reversal(request: RefundRequest) -> Journal:
    """Take back what a refund is for: sales, gift cards, delivery and tax of its units, and goodwill.

    The shopper owes that much less, so the money is owed to the shopper until it is paid out.
    """
    amounts = {**_parts_taken_back(request), Account.GOODWILL: request.goodwill_minor}
    amounts[Account.RECEIVABLE] = -request.total_minor
    _book(Journal.Kind.REVERSAL, str(request.key), request.order, amounts, taxes=_negative(request.taxes))
    return Journal.objects.get(kind=Journal.Kind.REVERSAL, provider_ref=str(request.key))


def book_goodwill(request: RefundRequest) -> bool:
    """Book a refund that was made at Stripe as given away, until staff assign it to lines."""
    amounts: Amounts = {Account.GOODWILL: request.total_minor, Account.RECEIVABLE: -request.total_minor}
    return _book(Journal.Kind.GOODWILL, str(request.key), request.order, amounts)


def book_assignment(request: RefundRequest) -> Journal:
    """Move a refund that was made at Stripe from goodwill to the sale of the lines that staff assigned it to."""
    parts = _parts_taken_back(request)
    amounts = {**parts, Account.GOODWILL: -sum(parts.values())}
    _book(Journal.Kind.REVERSAL, str(request.key), request.order, amounts, taxes=_negative(request.taxes))
    return Journal.objects.get(kind=Journal.Kind.REVERSAL, provider_ref=str(request.key))


def _parts_taken_back(request: RefundRequest) -> Amounts:
    """Return the debits that take back sales, gift cards, delivery and tax."""
    cards = request.lines.filter(line__is_gift_card=True).aggregate(sum=Sum("total_minor"))["sum"] or 0
    shipping = request.shipping_minor - request.shipping_tax_minor
    sales = request.total_minor - request.goodwill_minor - request.tax_minor - shipping - cards
    return {
        Account.SALES: sales,
        Account.GIFT_CARDS: cards,
        Account.SHIPPING: shipping,
        Account.TAX: request.tax_minor,
    }


def owed_by_shopper(order: Order) -> int:
    """Return what the books say that the shopper owes for the order, in minor units; negative if it is owed to them."""
    owed = Posting.objects.filter(journal__order=order, account=Account.RECEIVABLE).aggregate(sum=Sum("amount_minor"))
    return owed["sum"] or 0


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
    account = Account.GIFT_CARDS if refund.gift_card_id else _account_of(payment)
    amounts: Amounts = {account: -refund.amount_minor, Account.RECEIVABLE: refund.amount_minor}
    return _book(Journal.Kind.REFUND, provider_ref, payment.order, amounts, payment)


def book_failed_refund(refund: Refund, provider_ref: str) -> bool:
    """Book a refund that the bank returned: the money is at Stripe again and still owed to the shopper."""
    payment = refund.payment
    amounts: Amounts = {Account.STRIPE: refund.amount_minor, Account.RECEIVABLE: -refund.amount_minor}
    return _book(Journal.Kind.REFUND_FAILED, provider_ref, payment.order, amounts, payment)


def book_fee(transaction: BalanceTransaction, fee_minor: int, number: int = 1) -> bool:
    """Book what Stripe kept of a balance transaction as its fee. A later correction of it has the next number."""
    reference = transaction.stripe_id if number == 1 else f"{transaction.stripe_id}/{number}"
    payment = transaction.payment
    amounts: Amounts = {Account.FEES: fee_minor, Account.STRIPE: -fee_minor}
    order = payment.order if payment else None
    return _book(Journal.Kind.FEE, reference, order, amounts, payment, currency=transaction.currency)


def book_payout(payout: Payout) -> bool:
    """Book a payout: the bank account gets what Stripe held."""
    amounts: Amounts = {Account.BANK: payout.amount_minor, Account.STRIPE: -payout.amount_minor}
    return _book(Journal.Kind.PAYOUT, payout.stripe_id, None, amounts, currency=payout.currency)


def book_returned_payout(payout: Payout) -> bool:
    """Book a payout that failed or was canceled: Stripe holds the money again."""
    amounts: Amounts = {Account.STRIPE: payout.amount_minor, Account.BANK: -payout.amount_minor}
    return _book(Journal.Kind.PAYOUT_FAILED, payout.stripe_id, None, amounts, currency=payout.currency)


def book_set_aside(transaction: BalanceTransaction) -> bool:
    """Book money that Stripe moved without an order of ours, so that it stands in the books until somebody assigns it."""
    amounts: Amounts = {Account.STRIPE: transaction.amount_minor, Account.UNASSIGNED: -transaction.amount_minor}
    return _book(Journal.Kind.SET_ASIDE, transaction.stripe_id, None, amounts, currency=transaction.currency)


def book_dispute_move(dispute: Dispute, transaction_id: str, amount_minor: int) -> bool:
    """Book money that Stripe took away for a dispute (a negative amount) or gave back, by its balance transaction."""
    amounts: Amounts = {Account.STRIPE: amount_minor, Account.DISPUTED: -amount_minor}
    payment = dispute.payment
    return _book(Journal.Kind.DISPUTE, transaction_id, payment.order, amounts, payment)


def book_dispute_lost(dispute: Dispute, amount_minor: int) -> bool:
    """Book what a lost dispute has taken away as lost; a negative amount, if the bank decided otherwise later."""
    amounts: Amounts = {Account.DISPUTES: amount_minor, Account.DISPUTED: -amount_minor}
    payment, suffix = dispute.payment, "" if amount_minor >= 0 else "-won"
    return _book(Journal.Kind.DISPUTE_LOST, f"{dispute.stripe_id}{suffix}", payment.order, amounts, payment)
