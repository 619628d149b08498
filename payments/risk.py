"""How risky Stripe rates a payment: staff see it, and the shop can hold orders of the highest risk."""

from django.db import transaction
from django.utils import timezone

from catalog.models import Store
from orders.editing import check_unchanged
from orders.lifecycle import lock_order, record_event
from orders.models import Order, OrderEvent
from payments.models import Payment

KEPT = (Payment.Status.CAPTURED, Payment.Status.AUTHORIZED)


def known_level(level: str) -> str:
    """Return the level if it is a judgement, and an empty text otherwise."""
    return level if level in Payment.Risk.values else ""


def hold_of(order: Order) -> str:
    """Return why an order is not shipped: a payment of it has the highest risk, and the shop holds such orders."""
    kept = [payment for payment in order.payments.all() if payment.status in KEPT]
    is_risky = any(payment.risk_level == Payment.Risk.HIGHEST and not payment.risk_accepted_at for payment in kept)
    if not is_risky or not Store.objects.filter(holds_highest_risk=True).exists():
        return ""
    return (
        f"Stripe sees the highest risk in a payment of {order.number}. Check the order, then accept the risk or cancel."
    )


@transaction.atomic
def accept_risk(order: Order, *, user_id: int, seen: int | None = None) -> int:
    """Accept the risk of the order's payments, so that it is shipped; return how many they are. Record who did so."""
    order = lock_order(order.pk)
    check_unchanged(order, seen)
    risky = order.payments.filter(risk_level__in=Payment.RAISED_RISK, risk_accepted_at=None)
    accepted = risky.update(risk_accepted_at=timezone.now())
    if accepted:
        record_event(order, OrderEvent.Kind.PAYMENT, "The risk of the payment was accepted", user_id=user_id)
    return accepted
