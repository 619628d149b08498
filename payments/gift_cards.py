"""Gift cards as payments, booked in the ledger: capture, refund, issue and expire them."""

import uuid
from datetime import datetime

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from orders import gift_cards
from orders.models import GiftCard, Order
from payments import ledger
from payments.models import Payment, Refund
from payments.sweep import for_each


@transaction.atomic
def capture_gift_cards(order: Order) -> None:
    """Record a captured payment for each gift card that pays for a confirmed order; calling it again changes nothing."""
    for card_id, amount in gift_cards.amounts_taken_by(order).items():
        payment, is_new = Payment.objects.get_or_create(
            order=order,
            gift_card_id=card_id,
            defaults={
                "method": Payment.Method.GIFT_CARD,
                "status": Payment.Status.CAPTURED,
                "currency": order.currency,
                "amount_minor": amount,
                "captured_minor": amount,
                "captured_at": timezone.now(),
            },
        )
        if is_new:
            ledger.book_capture(payment, amount, f"gift-card-{card_id}-{order.number}")


@transaction.atomic
def refund_to_gift_card(refund: Refund) -> Refund:
    """Save and book a refund to its new gift card, which holds the amount already, or to the card that paid.

    The caller has checked what is left to refund and holds the payment's lock.
    """
    payment = refund.payment
    refund.status = Refund.Status.SUCCEEDED
    refund.save()
    if not refund.gift_card:
        assert payment.gift_card_id  # noqa: S101  (such payments have one)
        gift_cards.refund_to(
            payment.gift_card_id, refund.amount_minor, order=payment.order, key=refund.key, user_id=refund.user_id
        )
    Payment.objects.filter(pk=payment.pk).update(refunded_minor=F("refunded_minor") + refund.amount_minor)
    ledger.book_refund(refund, f"gift-card-refund-{refund.key}")
    return refund


@transaction.atomic
def issue_gift_card(
    amount_minor: int,
    currency: str,
    *,
    expires_at: datetime | None = None,
    user_id: int | None = None,
    note: str = "",
    by: int | None = None,
) -> tuple[GiftCard, str]:
    """Issue a gift card, or store credit to a user, and book it; return the card and its code."""
    card, code = gift_cards.issue(amount_minor, currency, expires_at=expires_at, user_id=user_id, note=note, by=by)
    ledger.book_issue(card)
    return card, code


def expire_gift_cards() -> int:
    """Empty every expired gift card and book its balance as breakage; return how many."""
    now = timezone.now()
    return for_each(list(gift_cards.expired_card_ids(now)), lambda card_id: _expire(card_id, now))


@transaction.atomic
def _expire(card_id: int, at: datetime) -> bool:
    card = gift_cards.expire(card_id, at)
    if card:
        ledger.book_expiry(card, uuid.uuid4())
    return card is not None
