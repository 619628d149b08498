"""What the panels and actions of the order page read of payments, once for all of them."""

from collections.abc import Sequence

from django.db.models import Prefetch, prefetch_related_objects

from orders.models import Order
from payments.models import BalanceTransaction, Dispute, Payment, Refund, RefundRequest


def payments_of(order: Order) -> Sequence[Payment]:
    """Return the payments of the order with their gift cards, refunds, disputes and balance transactions,
    which are read once."""
    transactions = Prefetch("balance_transactions", BalanceTransaction.objects.select_related("payout").order_by("pk"))
    payments = Payment.objects.select_related("gift_card").prefetch_related(
        "refunds", "disputes", "authorization_requests", transactions
    )
    prefetch_related_objects([order], Prefetch("payments", payments))
    return list(order.payments.all())


def disputes_of(order: Order) -> list[Dispute]:
    """Return the disputes of the order's payments, oldest first."""
    disputes = [dispute for payment in payments_of(order) for dispute in payment.disputes.all()]
    return sorted(disputes, key=lambda dispute: dispute.pk)


def requests_of(order: Order) -> Sequence[RefundRequest]:
    """Return the refunds of the order with their lines, oldest first, which are read once."""
    requests = RefundRequest.objects.select_related("asked_by").prefetch_related("lines__line", "refunds")
    prefetch_related_objects([order], Prefetch("refund_requests", requests.order_by("pk")))
    return list(order.refund_requests.all())


def waiting_requests(order: Order) -> list[RefundRequest]:
    """Return the refunds of the order that wait for a second person."""
    return [request for request in requests_of(order) if request.is_waiting]


def requests_to_assign(order: Order) -> list[RefundRequest]:
    """Return the refunds made at Stripe that are to be assigned to lines of the order."""
    return [request for request in requests_of(order) if request.is_to_assign]


def failed_refunds(order: Order) -> list[Refund]:
    """Return the refunds of the order that failed and were not paid out again."""
    refunds = [refund for payment in payments_of(order) for refund in payment.refunds.all()]
    return [refund for refund in refunds if refund.status == Refund.Status.FAILED and not refund.replaced_by_id]
