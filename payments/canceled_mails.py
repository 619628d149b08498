"""The e-mail about a canceled order, which staff can send again."""

from collections.abc import Iterable

from django.db.models import Q, Sum

from orders.emails import send_canceled
from orders.models import Order
from orders.resending import OrderMail, add_mails
from payments.authorizations import released_of
from payments.cancellation import BY_STAFF
from payments.models import Payment, Refund


@add_mails
def canceled_mail(order: Order) -> Iterable[OrderMail]:
    """The e-mail that staff canceled the order; other canceled orders got none."""
    if not order.is_canceled or order.cancel_reason != Order.CancelReason.STAFF:
        return
    refunds = Refund.objects.filter(payment__order=order, reason=BY_STAFF).exclude(status=Refund.Status.FAILED)
    by_gift_card = Q(payment__method=Payment.Method.GIFT_CARD)
    sums = refunds.aggregate(
        paid=Sum("amount_minor", filter=~by_gift_card), gift=Sum("amount_minor", filter=by_gift_card)
    )
    # An order that was not paid has no refunds: what gift cards had paid was released.
    gift_minor = (sums["gift"] or 0) if order.payments.filter(captured_minor__gt=0).exists() else order.tendered_minor
    yield OrderMail(
        "canceled",
        "Order is canceled",
        lambda again: send_canceled(
            order,
            refunded_minor=sums["paid"] or 0,
            gift_minor=gift_minor,
            released_minor=released_of(order),
            again=again,
        ),
    )
