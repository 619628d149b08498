"""The books: each thing is written once, by what names it, and every journal sums to zero."""

from django.db import transaction
from django.db.models import Sum

from orders.models import Order
from payments.models import Journal, Payment, Posting, Refund

Account = Posting.Account
Amounts = dict[str, int]


@transaction.atomic
def _book(
    kind: Journal.Kind,
    provider_ref: str,
    order: Order,
    amounts: Amounts,
    payment: Payment | None = None,
) -> bool:
    """Write the journal, or return False because it stands in the books already."""
    journal, is_new = Journal.objects.get_or_create(
        kind=kind,
        provider_ref=provider_ref,
        defaults={"order": order, "payment": payment, "currency": order.currency},
    )
    if is_new:
        Posting.objects.bulk_create(
            Posting(journal=journal, account=account, amount_minor=amount)
            for account, amount in amounts.items()
            if amount
        )
    return is_new


def _parts_of(order: Order) -> dict[str, int]:
    """An order's total as the books see it: net sales, net delivery, tax."""
    line_tax = order.lines.aggregate(tax=Sum("tax_minor"))["tax"] or 0
    shipping_tax = order.tax_minor - line_tax
    shipping = order.shipping_minor - (shipping_tax if order.is_tax_included else 0)
    return {
        Account.SALES: order.total_minor - order.tax_minor - shipping,
        Account.SHIPPING: shipping,
        Account.TAX: order.tax_minor,
    }


def book_sale(order: Order) -> bool:
    """The shopper owes the total of a confirmed order; sales, delivery and tax are earned."""
    parts = _parts_of(order)
    amounts = {
        Account.RECEIVABLE: order.total_minor,
        **{account: -amount for account, amount in parts.items()},
    }
    return _book(Journal.Kind.SALE, order.number, order, amounts)


def book_cancel(order: Order) -> bool:
    """The sale is taken back; whatever was paid is owed to the shopper until it is refunded."""
    amounts = {Account.RECEIVABLE: -order.total_minor, **_parts_of(order)}
    return _book(Journal.Kind.CANCEL, order.number, order, amounts)


def book_capture(payment: Payment, amount_minor: int, provider_ref: str) -> bool:
    """Stripe holds this much for us, and the shopper owes that much less."""
    amounts: Amounts = {Account.STRIPE: amount_minor, Account.RECEIVABLE: -amount_minor}
    return _book(Journal.Kind.CAPTURE, provider_ref, payment.order, amounts, payment)


def book_refund(refund: Refund, provider_ref: str) -> bool:
    """Stripe gave this much back."""
    payment = refund.payment
    amounts: Amounts = {Account.STRIPE: -refund.amount_minor, Account.RECEIVABLE: refund.amount_minor}
    return _book(Journal.Kind.REFUND, provider_ref, payment.order, amounts, payment)


def book_failed_refund(refund: Refund, provider_ref: str) -> bool:
    """The bank sent a refund back: the money is at Stripe again and still owed."""
    payment = refund.payment
    amounts: Amounts = {Account.STRIPE: refund.amount_minor, Account.RECEIVABLE: -refund.amount_minor}
    return _book(Journal.Kind.REFUND_FAILED, provider_ref, payment.order, amounts, payment)
