"""What shoppers are told about an order that is paid by transfer, by invoice or in cash."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from catalog.formats import day
from catalog.markets import Market, market_of
from catalog.money import format_money
from orders.models import Order
from payments.models import OfflineMethod, OfflineText, Payment
from payments.sessions import can_be_charged

TEXTS = ("name", "description", "instructions")
SENTENCES: Mapping[str, str] = {
    Payment.Method.TRANSFER: "Please transfer {amount} by {day}.",
    Payment.Method.INVOICE: "Please pay {amount} by {day}.",
    Payment.Method.PICKUP: "Please bring {amount} when you pick up your order.",
}


@dataclass(frozen=True)
class OfflineNote:
    """How much of an order is still to pay, until when, and how. Texts are in the words of the order's market."""

    code: str
    name: str
    sentence: str
    amount: str
    received: str  # empty if nothing has arrived yet
    due_at: datetime
    reference: str
    instructions: str
    can_be_charged: bool  # by the payment provider

    @property
    def due_day(self) -> str:
        return day(self.due_at)

    @property
    def is_overdue(self) -> bool:
        return self.due_at < timezone.now()

    @property
    def needs_reference(self) -> bool:
        """Whether the payment has to name the order."""
        return self.code != Payment.Method.PICKUP

    @property
    def can_pay_online(self) -> bool:
        """Whether the shopper may pay online instead: nothing has arrived, and the order is not confirmed yet."""
        return self.code == Payment.Method.TRANSFER and not self.received and self.can_be_charged


def texts_in(method: OfflineMethod, market: Market) -> OfflineMethod:
    """Return the method with the market's texts in place of its own."""
    own = OfflineText.objects.filter(method=method, market=market.code).first() if market.prefix else None
    for name in TEXTS:
        setattr(method, name, (getattr(own, name) if own else "") or getattr(method, name))
    return method


def note_of(order: Order) -> OfflineNote | None:
    """Return what is still to pay of the order without the payment provider; None if nothing is."""
    if order.is_paid_online or order.is_canceled:
        return None
    payment = next((payment for payment in order.payments.all() if payment.is_awaited), None)
    return note_about(order, payment) if payment else None


def sentence_of(order: Order) -> str:
    """Return a sentence for the confirmation of an order that is paid later; empty if nothing is left to pay."""
    return "How to pay stands below." if note_of(order) else ""


def note_about(order: Order, payment: Payment) -> OfflineNote:
    """Return what the shopper is told about this payment of the order."""
    market = market_of(order.market)
    method = OfflineMethod.objects.filter(code=payment.method).first() or OfflineMethod(code=payment.method)
    method = texts_in(method, market)
    amount = format_money(payment.left_minor, payment.currency, order.language)
    due_at = payment.due_at or payment.created_at
    received = format_money(payment.captured_minor, payment.currency, order.language) if payment.captured_minor else ""
    return OfflineNote(
        code=payment.method,
        name=str(method),
        sentence=SENTENCES[payment.method].format(amount=amount, day=day(due_at)),
        amount=amount,
        received=received,
        due_at=due_at,
        reference=order.number,
        instructions=method.instructions,
        can_be_charged=can_be_charged(order),
    )
