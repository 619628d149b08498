"""The e-mail about a refund, sent once all of its money has gone back."""

from django.utils import timezone

from catalog.formats import listed, money
from orders.emails import send_refunded
from payments.models import Refund, RefundRequest


def mail_when_done(request_id: int) -> bool:
    """E-mail the customer if every refund of the request has succeeded; return whether the e-mail was written.

    It is written once, in the caller's transaction, which holds the order's lock.
    """
    request = RefundRequest.objects.select_related("order").get(pk=request_id)
    refunds = [refund for refund in _refunds_of(request) if not refund.replaced_by_id]
    is_done = bool(refunds or request.released_minor) and all(
        refund.status == Refund.Status.SUCCEEDED for refund in refunds
    )
    if not (is_done and request.has_mail) or request.mailed_at:
        return False
    RefundRequest.objects.filter(pk=request.pk).update(mailed_at=timezone.now())
    send(request)
    return True


def _refunds_of(request: RefundRequest) -> list[Refund]:
    return list(request.refunds.select_related("payment__gift_card", "gift_card").order_by("pk"))


def send(request: RefundRequest, *, again: str = "") -> None:
    """Write the e-mail about a paid out refund; once more for each value of `again`."""
    refunds = [refund for refund in _refunds_of(request) if refund.status == Refund.Status.SUCCEEDED]
    send_refunded(
        request.order,
        released_minor=request.released_minor,
        refunded_minor=sum(refund.amount_minor for refund in refunds),
        to=listed(f"{money(refund.amount_minor, refund.currency)} to {target_of(refund)}" for refund in refunds),
        has_card=any(not (refund.gift_card_id or refund.payment.gift_card_id) for refund in refunds),
        reason=request.get_reason_display(),
        lines=[f"{line.quantity} × {line.line.full_title}" for line in request.lines.select_related("line")],
        key=request.key.hex,
        again=again,
    )


def target_of(refund: Refund) -> str:
    """Return where the money went: `Visa ending in 4242`, or the name of the gift card."""
    return str(refund.gift_card) if refund.gift_card else refund.payment.shown_method
