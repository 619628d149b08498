"""The action of the order page that cancels an order, with all that follows from it stated first."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.urls import reverse

from accounts.models import User
from catalog.admin.base import Question
from catalog.formats import count_of, listed, money
from orders.admin.order_page.items import Item, items
from orders.admin.order_page.parcels import locations_of
from orders.admin.order_page.permissions import SEE_CUSTOMER
from orders.admin.order_page.registry import Action, ActionRefused, Place
from orders.editing import version_of
from orders.models import GiftCard, Order, PromotionUse
from payments.admin.reading import payments_of
from payments.cancellation import cancel_order
from payments.errors import CancelRefused, GatewayDown, GatewayRefused, StillProcessing
from payments.models import Payment
from payments.refunds import left_to_refund

BANK_DAYS = "banks take 5 to 10 days to show it"


@dataclass(frozen=True)
class Back:
    """An amount that goes back to what the order was paid with, and when it arrives there."""

    name: str
    minor: int
    currency: str
    when: str

    @property
    def amount(self) -> str:
        return money(self.minor, self.currency)


@dataclass(frozen=True)
class CancelQuestion(Question):
    """The question whether to cancel, with the items and the amounts. It is outdated once anything happens to the order."""

    version: int
    items: Sequence[Item]
    refunds: Sequence[Back]

    @property
    def mark(self) -> str:
        return hashlib.sha256("\n".join([str(self.version), *self.sentences]).encode()).hexdigest()[:16]


def _refusal(order: Order) -> str:
    """Return why the order cannot be canceled; empty if it can."""
    if order.fulfillment_status != Order.FulfillmentStatus.UNFULFILLED:
        return f"{order.number} can no longer be canceled: a part of it has been shipped."
    if order.status not in (Order.Status.PLACED, Order.Status.CONFIRMED):
        return f"{order.number} can no longer be canceled."
    return ""


def _refunds(order: Order) -> list[Back]:
    """Return what goes back to each way of payment."""
    captured = [payment for payment in payments_of(order) if payment.status == Payment.Status.CAPTURED]
    refunds = [_back(payment) for payment in captured]
    if order.is_unpaid and order.tendered_minor:
        refunds.append(Back("gift cards and store credit", order.tendered_minor, order.currency, "at once"))
    return [refund for refund in refunds if refund.minor]


def held_of(order: Order) -> list[Payment]:
    """Return the authorized payments of the order, which are released."""
    return [payment for payment in payments_of(order) if payment.status == Payment.Status.AUTHORIZED]


def _back(payment: Payment) -> Back:
    is_gift_card = payment.method == Payment.Method.GIFT_CARD
    when = "at once" if is_gift_card else BANK_DAYS
    return Back(payment.shown_method, left_to_refund(payment), payment.currency, when)


def _question(order: Order, user: User) -> CancelQuestion:
    """Ask whether to cancel the order. Only users who may see customers are shown the name and the e-mail address."""
    refunds = _refunds(order)
    total = sum(refund.minor for refund in refunds)
    return CancelQuestion(
        title=f"Cancel {order.number}",
        sentences=list(_sentences(order, user, refunds)),
        button=f"Cancel and refund {money(total, order.currency)}" if total else "Cancel the order",
        back=reverse("admin:orders_order_change", args=[order.pk]),
        back_name=order.number,
        version=version_of(order),
        items=items(order, user).items,
        refunds=refunds,
    )


def _sentences(order: Order, user: User, refunds: Sequence[Back]) -> Iterator[str]:
    sees_customer = user.has_perm(SEE_CUSTOMER)
    owner, recipient = (f" of {order.name}", order.email) if sees_customer else ("", "The customer")
    yield f"Order {order.number}{owner}, {money(order.total_minor, order.currency)}, will be canceled."
    for refund in refunds:
        yield f"{refund.amount} goes back to {refund.name}: {refund.when}."
    for payment in held_of(order):
        amount = money(payment.authorized_minor, payment.currency)
        yield f"{amount} held on {payment.shown_method} is released. It was never charged, so there is nothing to refund."
    if not refunds and not held_of(order):
        yield "Nothing is refunded, because nothing was paid."
    yield from _stock_sentences(order)
    for use in PromotionUse.objects.filter(order=order, given_back_at=None).select_related("promotion", "coupon"):
        code = f" (code {use.coupon.code})" if use.coupon and user.has_perm("orders.see_code_coupon") else ""
        yield f"The use of the promotion “{use.promotion.name}”{code} is given back."
    bought = GiftCard.objects.filter(order_line__order=order).count()
    if bought:
        yield f"{count_of(bought, 'gift card')} that this order bought can no longer be used."
    if order.is_unpaid:
        yield "The payment page is closed, and the items are in the customer's cart again."
    yield f"{recipient} gets the e-mail “Order {order.number} is canceled”."


def _stock_sentences(order: Order) -> Iterator[str]:
    """Yield what becomes available again, and where."""
    places = locations_of(order)
    parts = [f"{line.full_title}, {listed(places[line.pk])}" for line in order.lines.all() if line.pk in places]
    if parts:
        yield f"These units become available again: {'; '.join(parts)}."


def _cancel(order: Order, by: int, question: CancelQuestion) -> str:
    try:
        cancel_order(order, user_id=by, seen=question.version)
    except CancelRefused as refused:
        raise ActionRefused(str(refused)) from refused
    except StillProcessing as processing:
        sentence = "The shopper's bank is still processing the payment. Try again when it has finished."
        raise ActionRefused(sentence) from processing
    except (GatewayDown, GatewayRefused) as failed:
        sentence = "Stripe did not answer, so nothing was changed. Try again in a minute."
        raise ActionRefused(sentence) from failed
    refunds = listed(f"{refund.amount} to {refund.name}" for refund in question.refunds)
    return f"{order.number} is canceled. Refund: {refunds if question.refunds else 'none, because nothing was paid'}."


CANCEL = Action(
    "cancel",
    "Cancel the order",
    "orders.cancel_order",
    100,
    _refusal,
    _cancel,
    question=_question,
    template="admin/orders/order/cancel.html",
    place=Place.DANGER,
    icon="x",
)
