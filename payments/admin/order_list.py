"""What payments add to the order list: how each order was paid, and what can be wrong with its payments."""

from collections.abc import Sequence

from django.db.models import BigIntegerField, Exists, OuterRef, Q, Subquery, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone

from orders.admin.order_list import Badge, PaymentCell, usual_payment
from orders.models import Order
from orders.problems import Problem
from payments import worklists
from payments.models import Payment, Refund
from payments.models.payment import IS_AWAITED, ONLINE

PROBLEMS = (
    Problem("Payment to check", worklists.to_check, "order_id"),
    Problem("Elevated risk", worklists.elevated_risk, "order_id"),
    Problem("Highest risk", worklists.highest_risk, "order_id"),
    Problem("Disputed", worklists.open_disputes, "payment__order_id"),
    Problem("Refund failed", worklists.failed_refunds, "payment__order_id"),
)
REFUNDED = Badge("Refunded")
AUTHORIZED = Badge("Authorized", "info open")
NOT_CHARGED = Badge("Not charged", "bad")
PARTLY_REFUNDED = Badge("Partly refunded", "warn half")
REFUND_PENDING = Badge("Refund pending", "info half")
REFUNDED_MINOR = Coalesce(
    Subquery(
        Payment.objects.filter(order=OuterRef("pk"))
        .order_by()
        .values("order")
        .annotate(sum=Sum("refunded_minor"))
        .values("sum")
    ),
    0,
    output_field=BigIntegerField(),
)


def payment_cells(orders: Sequence[Order]) -> dict[int, PaymentCell]:
    """Return how the orders were paid, by order id, in one query.

    Orders whose payment was never held, and for which staff expect no money, are left out.
    """
    waiting = Refund.objects.filter(payment=OuterRef("pk"), status__in=[Refund.Status.REQUESTED, Refund.Status.PENDING])
    is_held = Q(status__in=[Payment.Status.CAPTURED, Payment.Status.AUTHORIZED]) | Q(flag=Payment.Flag.LAPSED)
    captured = Payment.objects.filter(is_held | IS_AWAITED, order__in=orders).annotate(
        is_refund_waiting=Exists(waiting)
    )
    payments: dict[int, list[Payment]] = {}
    for payment in captured.defer("parameters", "session_url").order_by("pk"):
        payments.setdefault(payment.order_id, []).append(payment)
    return {order.pk: _cell(order, payments[order.pk]) for order in orders if order.pk in payments}


def _cell(order: Order, payments: Sequence[Payment]) -> PaymentCell:
    methods = dict.fromkeys(_method(payment) for payment in payments)
    return PaymentCell(_badge(order, payments), ", ".join(method for method in methods if method))


def _badge(order: Order, payments: Sequence[Payment]) -> Badge:
    awaited = next((payment for payment in payments if payment.is_awaited), None)
    if awaited:
        return _awaited_badge(awaited)
    if any(payment.is_refund_waiting for payment in payments):  # type: ignore[attr-defined]
        return REFUND_PENDING
    if any(payment.flag == Payment.Flag.LAPSED for payment in payments):
        return NOT_CHARGED
    if any(payment.status == Payment.Status.AUTHORIZED and not payment.flag for payment in payments):
        return AUTHORIZED
    captured = sum(payment.captured_minor for payment in payments)
    refunded = sum(payment.refunded_minor for payment in payments)
    if not refunded:
        return usual_payment(order).badge
    return REFUNDED if refunded >= captured else PARTLY_REFUNDED


def _awaited_badge(payment: Payment) -> Badge:
    """What staff wait for: a transfer, the rest of one, or what is owed."""
    if payment.status == Payment.Status.AGREED:
        is_overdue = payment.due_at is not None and payment.due_at < timezone.now()
        return Badge("Overdue", "bad") if is_overdue else Badge("Owed", "warn half")
    return Badge("Partly paid", "warn half") if payment.captured_minor else Badge("Waiting for transfer", "warn open")


def _method(payment: Payment) -> str:
    if payment.method == Payment.Method.NONE or payment.is_offline:
        return payment.get_method_display()
    return "Gift card" if payment.method == Payment.Method.GIFT_CARD else payment.card or ONLINE
