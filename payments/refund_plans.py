"""Plan a refund: what it takes back of the sale, and how much goes back to each payment."""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from django.db.models import Sum

from accounts.models import User
from catalog.money import format_money
from orders.models import Order
from orders.reversal import Reversal, UnitsBack, plan_reversal
from payments.errors import RefundRefused
from payments.ledger import left_to_pay
from payments.models import Payment, RefundLimit, RefundRequest
from payments.refunds import left_to_refund

Target = RefundRequest.Target


@dataclass(frozen=True)
class RefundChoice:
    """What staff chose to refund. Amounts are in minor units, with tax; the same key is the same refund."""

    units: tuple[UnitsBack, ...] = ()
    shipping_minor: int = 0
    goodwill_minor: int = 0
    target: str = Target.SAME
    reason: str = RefundRequest.Reason.GOODWILL
    note: str = ""
    has_mail: bool = True
    location_id: int | None = None
    key: uuid.UUID = field(default_factory=uuid.uuid4)


@dataclass(frozen=True)
class PaymentShare:
    """The part of a refund that one payment gives back, in minor units."""

    payment: Payment
    amount_minor: int


@dataclass(frozen=True)
class RefundPlan:
    """What a choice comes to, in minor units."""

    reversal: Reversal
    goodwill_minor: int
    shares: tuple[PaymentShare, ...]
    released_minor: int = 0  # what the customer still owes of it, so that it is never charged

    @property
    def total_minor(self) -> int:
        return self.reversal.total_minor + self.goodwill_minor

    @property
    def paid_back_minor(self) -> int:
        """What leaves the shop: the rest was never charged."""
        return self.total_minor - self.released_minor


def plan_refund(order: Order, choice: RefundChoice) -> RefundPlan:
    """Return what the choice takes back and where the money goes.

    Raise ReversalRefused for more units or delivery than are left, and RefundRefused for nothing, for more money than is
    left, or for store credit to a customer without an account.
    """
    reversal = plan_reversal(order, choice.units, choice.shipping_minor)
    if choice.goodwill_minor < 0:
        raise RefundRefused("An amount cannot be negative.")
    total = reversal.total_minor + choice.goodwill_minor
    if not total:
        raise RefundRefused("Choose what to refund: units, delivery or an amount.")
    if choice.target == Target.CREDIT and not order.user_id:
        raise RefundRefused("The customer has no account, so there is no store credit. Choose a gift card.")
    left = left_of_order(order)
    if total > left:
        left_text, asked = (format_money(minor, order.currency) for minor in (left, total))
        raise RefundRefused(f"Only {left_text} of this order can still be refunded, not {asked}.")
    released = min(total, owed_of(order))
    shares = tuple(shares_of(refundable(order), total - released))
    return RefundPlan(reversal, choice.goodwill_minor, shares, released)


def owed_of(order: Order) -> int:
    """Return what the customer still owes for an order, as while it is authorized or agreed on, in minor units."""
    return max(0, left_to_pay(order))


def refundable(order: Order) -> list[Payment]:
    """Return the payments of the order that hold money, cards before gift cards. Flagged ones are settled on their own."""
    flags = [Payment.Flag.NONE, Payment.Flag.LAPSED]
    holding = [Payment.Status.CAPTURED, Payment.Status.AGREED]
    payments = order.payments.filter(status__in=holding, captured_minor__gt=0, flag__in=flags)
    return sorted(
        payments.select_related("gift_card"), key=lambda payment: (payment.gift_card_id is not None, payment.pk)
    )


def left_of_order(order: Order) -> int:
    """Return how much can still be refunded, or never charged: less while other refunds wait for approval."""
    waiting = RefundRequest.objects.filter(order=order, status=RefundRequest.Status.WAITING)
    promised = waiting.aggregate(sum=Sum("total_minor"))["sum"] or 0
    return sum(left_to_refund(payment) for payment in refundable(order)) + owed_of(order) - promised


def shares_of(payments: Sequence[Payment], total_minor: int) -> Iterable[PaymentShare]:
    """Divide the amount among the payments, each as far as it goes."""
    for payment in payments:
        share = min(total_minor, left_to_refund(payment))
        if share:
            yield PaymentShare(payment, share)
        total_minor -= share


def limit_of(user: User, currency: str) -> int | None:
    """Return how much this user may refund without a second person, in minor units; None for any amount.

    The most generous of the user's roles counts.
    """
    if user.is_superuser:
        return None
    limits = RefundLimit.objects.filter(role__in=user.groups.all(), currency=currency)
    amounts = list(limits.values_list("amount_minor", flat=True))
    return None if None in amounts else max((amount for amount in amounts if amount is not None), default=0)


def needs_approval(user: User, order: Order, total_minor: int) -> bool:
    """Return whether a second person has to agree to this amount."""
    limit = limit_of(user, order.currency)
    return limit is not None and total_minor > limit
