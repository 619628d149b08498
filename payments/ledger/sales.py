"""Journals of what orders are sold for, and of what is taken back of it."""

from collections.abc import Sequence

from django.db.models import F, Q, Sum

from orders.models import Order
from payments.ledger.journals import Account, Amounts, Kind, Tax, book
from payments.models import Journal, Payment, Posting, RefundRequest

# The kinds of journals that say what an order was sold for, and what of it was taken back.
SALE_KINDS = (Kind.SALE, Kind.REVERSAL, Kind.GOODWILL, Kind.CANCEL)


def book_sale(order: Order) -> bool:
    """Book a confirmed order: the shopper owes its total, which is sales, gift cards, delivery and tax."""
    parts = _parts_of(order)
    amounts = {
        Account.RECEIVABLE: order.total_minor,
        **{account: -amount for account, amount in parts.items()},
    }
    return book(Kind.SALE, order.number, order, amounts, taxes=order.taxes)


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


def book_cancel(order: Order) -> bool:
    """Reverse what earlier refunds left of the sale of a canceled order. What was paid is owed until it is refunded."""
    booked = Posting.objects.filter(journal__order=order, journal__kind__in=SALE_KINDS)
    sums = booked.order_by("account").values_list("account").annotate(sum=Sum("amount_minor"))
    amounts = {account: -minor for account, minor in sums}
    return book(Kind.CANCEL, order.number, order, amounts, taxes=_negative(_taxes_left(order)))


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
    book(Kind.REVERSAL, str(request.key), request.order, amounts, taxes=_negative(request.taxes))
    return Journal.objects.get(kind=Kind.REVERSAL, provider_ref=str(request.key))


def book_goodwill(request: RefundRequest) -> bool:
    """Book a refund that was made at Stripe as given away, until staff assign it to lines."""
    amounts: Amounts = {Account.GOODWILL: request.total_minor, Account.RECEIVABLE: -request.total_minor}
    return book(Kind.GOODWILL, str(request.key), request.order, amounts)


def book_assignment(request: RefundRequest) -> Journal:
    """Move a refund that was made at Stripe from goodwill to the sale of the lines that staff assigned it to."""
    parts = _parts_taken_back(request)
    amounts = {**parts, Account.GOODWILL: -sum(parts.values())}
    book(Kind.REVERSAL, str(request.key), request.order, amounts, taxes=_negative(request.taxes))
    return Journal.objects.get(kind=Kind.REVERSAL, provider_ref=str(request.key))


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


def left_to_pay(order: Order) -> int:
    """Return what is left to pay of the order, in minor units; negative if the shopper is owed something.

    Money that came too late or twice pays nothing, because it goes back, which may take days.
    """
    going_back = order.payments.filter(flag__in=[Payment.Flag.LATE, Payment.Flag.DUPLICATE])
    held = going_back.aggregate(sum=Sum(F("captured_minor") - F("refunded_minor")))
    return owed_by_shopper(order) + (held["sum"] or 0)
