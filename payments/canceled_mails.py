"""The e-mail about a canceled order, which staff can send again."""

from collections.abc import Iterable

from django.db.models import Sum

from orders.emails import send_canceled
from orders.models import Order
from orders.resending import OrderMail, add_mails
from payments.models import Payment, Refund


@add_mails
def canceled_mail(order: Order) -> Iterable[OrderMail]:
    """The e-mail that staff canceled the order; other canceled orders got none."""
    if not order.is_canceled or order.cancel_reason != Order.CancelReason.STAFF:
        return
    refunds = Refund.objects.filter(payment__order=order).exclude(payment__method=Payment.Method.GIFT_CARD)
    refunded_minor = refunds.exclude(status=Refund.Status.FAILED).aggregate(sum=Sum("amount_minor"))["sum"] or 0
    yield OrderMail(
        "canceled",
        "Order is canceled",
        lambda again: send_canceled(order, refunded_minor=refunded_minor, again=again),
    )
