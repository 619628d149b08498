"""What payments adds to the order page: the order's payments, and the action that cancels and refunds the order."""

from django.urls import reverse

from accounts.models import User
from catalog.admin.base import Question
from catalog.formats import NOTHING, listed, money
from orders.admin.order_page import Action, ActionRefused, Panel
from orders.admin.order_page.content import TABLE, Column, Table, table
from orders.admin.order_page.panels import SEE_CUSTOMER
from orders.models import Order
from payments.cancellation import cancel_order
from payments.errors import CancelRefused, GatewayDown, GatewayRefused, StillProcessing
from payments.models import Payment
from payments.refunds import left_to_refund

COLUMNS = (
    Column("Method", lambda payment: payment.get_method_display()),
    Column("Status", lambda payment: payment.get_status_display()),
    Column("Captured", lambda payment: money(payment.captured_minor, payment.currency), is_number=True),
    Column("Refunded", lambda payment: money(payment.refunded_minor, payment.currency), is_number=True),
    Column("Card", lambda payment: payment.card or NOTHING),
    Column("To check", lambda payment: payment.get_flag_display()),
    Column("Payment intent", lambda payment: payment.payment_intent_id or NOTHING),
)


def _payments(order: Order) -> Table:
    return table(COLUMNS, order.payments.all(), empty="No payment has been started yet.")


def _refusal(order: Order) -> str:
    """Return why the order cannot be canceled; empty if it can."""
    if order.fulfillment_status != Order.FulfillmentStatus.UNFULFILLED:
        return f"{order.number} can no longer be canceled: a part of it has been shipped."
    if order.status not in (Order.Status.PLACED, Order.Status.CONFIRMED):
        return f"{order.number} can no longer be canceled."
    return ""


def _refund_parts(order: Order) -> list[str]:
    """Return what the customer gets back, for each way of payment."""
    captured = order.payments.filter(status=Payment.Status.CAPTURED).exclude(method=Payment.Method.GIFT_CARD)
    left = sum(left_to_refund(payment) for payment in captured)
    parts = [f"{money(left, order.currency)} to the payment method"] if left else []
    if order.tendered_minor:
        parts.append(f"{money(order.tendered_minor, order.currency)} to the gift card")
    return parts or ["none, because nothing was paid"]


def _question(order: Order, user: User) -> Question:
    """Ask whether to cancel the order. Only users who may see customers are shown the name and the e-mail address."""
    sees_customer = user.has_perm(SEE_CUSTOMER)
    owner, recipient = (f" of {order.name}", order.email) if sees_customer else ("", "The customer")
    lines = [f"{line.quantity} × {line.title} {line.variant_title}".strip() for line in order.lines.all()]
    sentences = [
        f"Order {order.number}{owner}, {money(order.total_minor, order.currency)}, will be canceled.",
        f"Refund: {listed(_refund_parts(order))}.",
        f"The reserved units become available again: {listed(lines)}.",
        f"{recipient} will be told by e-mail.",
        "This cannot be undone.",
    ]
    back = reverse("admin:orders_order_change", args=[order.pk])
    return Question(f"Cancel {order.number}", sentences, "Cancel the order", back, order.number)


def _cancel(order: Order, by: int, _form: None) -> str:
    refunds = listed(_refund_parts(order))
    try:
        cancel_order(order, user_id=by)
    except CancelRefused as refused:
        raise ActionRefused(str(refused)) from refused
    except StillProcessing as processing:
        sentence = "The shopper's bank is still processing the payment. Try again when it has finished."
        raise ActionRefused(sentence) from processing
    except (GatewayDown, GatewayRefused) as failed:
        sentence = "Stripe did not answer, so nothing was changed. Try again in a minute."
        raise ActionRefused(sentence) from failed
    return f"{order.number} is canceled. Refund: {refunds}."


PAYMENTS = Panel("payments", "Payments", TABLE, 70, _payments, permission="payments.view_payment", is_wide=True)
CANCEL = Action(
    "cancel",
    "Cancel the order",
    "orders.cancel_order",
    100,
    _refusal,
    _cancel,
    question=_question,
    is_secondary=True,
)
