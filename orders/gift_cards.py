"""Gift cards and store credit. The only writer of balances, each the sum of an append-only ledger."""

import hashlib
import secrets
import uuid
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.db.models import F, Q, QuerySet, Sum
from django.utils import timezone

from orders.errors import GiftCardRefused, GiftCardSpent
from orders.models import GiftCard, GiftCardMovement, Order, OrderLine
from orders.promotions import plain_code
from orders.tenders import Tender

Kind = GiftCardMovement.Kind
ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"  # no characters that look alike on paper
LENGTH = 16  # characters: 78 random bits, so that codes cannot be guessed
GROUP = 4
MAX_GIFT_CARD_MINOR = 10**9
TEST_CARD = "This is a test gift card, which cannot pay real orders."
REAL_CARD = "The shop is in test mode, where only test gift cards can pay."
REFUND_VALIDITY = timedelta(days=365)  # how long a refund to an expired card can be spent

# The condition uses the row's own columns, so PostgreSQL checks it again after waiting for a lock: when twenty tabs spend
# one card at once, the last ones find too little balance.
HAS_BALANCE = "balance_minor >= %(amount)s"
# One statement writes balance and movement.
TAKE = """
WITH card AS (
  UPDATE orders_giftcard SET balance_minor = balance_minor - %(amount)s
  WHERE id = %(card)s AND is_active AND {has_balance} AND (expires_at IS NULL OR expires_at > now())
  RETURNING id
)
INSERT INTO orders_giftcardmovement (key, card_id, kind, amount_minor, order_id, created_at)
SELECT %(key)s, id, 'redeemed', -%(amount)s, %(order)s, now() FROM card
"""
GIVE = """
WITH card AS (
  UPDATE orders_giftcard SET balance_minor = balance_minor + %(amount)s WHERE id = %(card)s RETURNING id
)
INSERT INTO orders_giftcardmovement (key, card_id, kind, amount_minor, order_id, user_id, created_at)
SELECT %(key)s, id, %(kind)s, %(amount)s, %(order)s, %(user)s, now() FROM card
"""


def new_code() -> str:
    """Return a new random code in the format `7K3M-9QXA-2B4C-8DTF`."""
    text = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
    return "-".join(text[start : start + GROUP] for start in range(0, LENGTH, GROUP))


def code_digest(code: str) -> str:
    """Return the digest under which a code is stored. Codes are random, so a digest does not reveal its code."""
    return hashlib.sha256(plain_code(code).encode()).hexdigest()


def find_card(code: str, currency: str) -> GiftCard:
    """Return the gift card with this code; raise GiftCardRefused with the reason if it cannot pay in this currency."""
    card = GiftCard.objects.filter(code_hash=code_digest(code)).first()
    if not card:
        raise GiftCardRefused("We do not know this code.")
    if not card.is_active:
        raise GiftCardRefused("This gift card is not valid.")
    if card.expires_at and card.expires_at <= timezone.now():
        raise GiftCardRefused("This gift card has expired.")
    if card.is_test is not settings.IS_TEST_MODE:
        raise GiftCardRefused(TEST_CARD if card.is_test else REAL_CARD)
    if card.currency != currency:
        raise GiftCardRefused(f"This gift card is in {card.currency} and cannot be used for an order in {currency}.")
    if not card.balance_minor:
        raise GiftCardRefused("There is nothing left on this gift card.")
    return card


def usable_credit(user_id: int, currency: str) -> QuerySet[GiftCard]:
    """The user's store credit that can pay in this currency now."""
    in_time = Q(expires_at=None) | Q(expires_at__gt=timezone.now())
    return GiftCard.objects.filter(
        in_time,
        user_id=user_id,
        kind=GiftCard.Kind.CREDIT,
        currency=currency,
        is_active=True,
        is_test=settings.IS_TEST_MODE,
        balance_minor__gt=0,
    )


@transaction.atomic
def issue(  # noqa: PLR0913  (each is a field of the card)
    amount_minor: int,
    currency: str,
    *,
    expires_at: datetime | None = None,
    user_id: int | None = None,
    note: str = "",
    by: int | None = None,
    is_test: bool | None = None,
) -> tuple[GiftCard, str]:
    """Issue a gift card and return it with its code, which is not stored. With a user, issue store credit without a code.

    Unless `is_test` is given, the mode of the shop says which orders it can pay. Raise GiftCardRefused for an amount
    outside the allowed range.
    """
    if not 0 < amount_minor <= MAX_GIFT_CARD_MINOR:
        raise GiftCardRefused("A gift card must be worth more than 0 and at most 10,000,000.")
    code = "" if user_id else new_code()
    card = GiftCard.objects.create(
        kind=GiftCard.Kind.CREDIT if user_id else GiftCard.Kind.CARD,
        code_hash=code_digest(code) if code else None,
        last_characters=code[-GROUP:],
        user_id=user_id,
        currency=currency,
        initial_minor=amount_minor,
        balance_minor=amount_minor,
        expires_at=expires_at,
        is_test=settings.IS_TEST_MODE if is_test is None else is_test,
        note=note[:200],
    )
    GiftCardMovement.objects.create(card=card, kind=Kind.ISSUED, amount_minor=amount_minor, user_id=by)
    return card, code


@transaction.atomic
def issue_ordered(order: Order) -> list[tuple[GiftCard, str]]:
    """Issue every gift card that the order bought; return those due today with their codes.

    The code of a card for a later day is not known to anybody; `renew_code` replaces it on that day. Calling this twice
    issues each card once.
    """
    issued, now = [], timezone.now()
    for line in order.lines.filter(is_gift_card=True):
        worth = line.total_minor // line.quantity
        for serial in range(1, line.quantity + 1):
            if worth <= 0 or GiftCard.objects.filter(order_line=line, serial=serial).exists():
                continue
            code = new_code()
            card = GiftCard.objects.create(
                code_hash=code_digest(code),
                last_characters=code[-GROUP:],
                currency=order.currency,
                initial_minor=worth,
                balance_minor=worth,
                order_line=line,
                serial=serial,
                is_test=order.is_test,
                sent_at=now if is_due(line.send_on) else None,
            )
            GiftCardMovement.objects.create(card=card, kind=Kind.ISSUED, amount_minor=worth, order=order)
            if card.sent_at:
                issued.append((card, code))
    return issued


def is_due(send_on: date | None) -> bool:
    """Return whether a gift card for this day is sent now, in the shop's time zone."""
    return send_on is None or send_on <= timezone.localdate()


def has_unsent_codes(order: Order) -> bool:
    """Return whether a code of a gift card still goes to the order's own e-mail address: unpaid, or for a later day."""
    lines = order.lines.filter(is_gift_card=True, recipient_email="")
    bought = sum(lines.values_list("quantity", flat=True))
    return bought > GiftCard.objects.filter(order_line__in=lines).exclude(sent_at=None).count()


def due_card_ids() -> list[int]:
    """Return the ids of paid cards that are due and whose codes have not been sent yet."""
    paid = [Order.Status.CONFIRMED, Order.Status.COMPLETED]
    cards = GiftCard.objects.filter(sent_at=None, is_active=True, order_line__order__status__in=paid)
    return list(cards.filter(order_line__send_on__lte=timezone.localdate()).values_list("pk", flat=True))


@transaction.atomic
def renew_code(card_id: int) -> tuple[GiftCard, str] | None:
    """Give a card that has not been sent a new code, for the caller to send in the same transaction.

    Return None if the card has been sent or voided meanwhile, so that a code is sent once.
    """
    unsent = GiftCard.objects.select_for_update(of=("self",)).filter(pk=card_id, sent_at=None, is_active=True)
    card = unsent.select_related("order_line__order").first()
    if not card:
        return None
    code = new_code()
    card.code_hash, card.last_characters, card.sent_at = code_digest(code), code[-GROUP:], timezone.now()
    card.save(update_fields=["code_hash", "last_characters", "sent_at"])
    return card, code


def redeem(order: Order, tenders: Sequence[Tender]) -> None:
    """Take what each tender pays from its gift card, in the order's transaction.

    Raise GiftCardSpent if the balance of a card has become too small.
    """
    # Always lock cards in the same sort order, so that two tabs cannot deadlock.
    for tender in sorted(tenders, key=lambda tender: tender.gift_card.id):
        _take(order, tender.gift_card.id, tender.amount_minor)


def _take(order: Order, card_id: int, amount_minor: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            TAKE.format(has_balance=HAS_BALANCE),
            {"card": card_id, "amount": amount_minor, "order": order.pk, "key": uuid.uuid4()},
        )
        if not cursor.rowcount:
            raise GiftCardSpent(f"gift card {card_id}")


def _give(card_id: int, amount_minor: int, kind: Kind, key: uuid.UUID, references: dict[str, int | None]) -> None:
    parameters: dict[str, Any] = {
        "card": card_id,
        "amount": amount_minor,
        "kind": kind.value,
        "key": key,
        "order": None,
        "user": None,
    }
    with connection.cursor() as cursor:
        cursor.execute(GIVE, {**parameters, **references})


def amounts_taken_by(order: Order) -> dict[int, int]:
    """Return {card id: minor units} that the order has taken from gift cards and not released."""
    rows = GiftCardMovement.objects.filter(order=order, kind__in=[Kind.REDEEMED, Kind.RELEASED]).order_by("card")
    sums = rows.values_list("card").annotate(held=-Sum("amount_minor"))
    return {card: held for card, held in sums if held}


@transaction.atomic
def release(order: Order) -> None:
    """Return what an unpaid order took from gift cards to their balances. The caller holds the order's lock."""
    for card_id, amount in amounts_taken_by(order).items():
        _give(card_id, amount, Kind.RELEASED, uuid.uuid4(), {"order": order.pk})


@transaction.atomic
def redeem_again(order: Order) -> None:
    """Take from gift cards again what a canceled order released; raise GiftCardSpent if a balance is too small."""
    rows = GiftCardMovement.objects.filter(order=order, kind=Kind.RELEASED).order_by("card")
    for card_id, amount in rows.values_list("card").annotate(amount=Sum("amount_minor")):
        _take(order, card_id, amount)


@transaction.atomic
def refund_to(card_id: int, amount_minor: int, *, order: Order, key: uuid.UUID, user_id: int | None = None) -> bool:
    """Add a refund to the card's balance; return False if a refund with this key exists already.

    An expired card becomes valid for another year, so that the refund can be spent.
    """
    try:
        with transaction.atomic():
            _give(card_id, amount_minor, Kind.REFUNDED, key, {"order": order.pk, "user": user_id})
            now = timezone.now()
            expired = GiftCard.objects.filter(pk=card_id, expires_at__lte=now)
            expired.update(expires_at=now + REFUND_VALIDITY, is_active=True)
    except IntegrityError:
        if GiftCardMovement.objects.filter(key=key).exists():
            return False
        raise
    return True


@transaction.atomic
def void_ordered(order: Order, *, user_id: int | None = None) -> None:
    """Void the gift cards that this order bought; raise GiftCardRefused if one of them has been used."""
    refunded = set(GiftCardMovement.objects.filter(order=order, kind=Kind.VOIDED).values_list("card", flat=True))
    for card in lock_cards_of(order):
        if not card.order_line or card.order_line.order_id != order.pk or card.pk in refunded:
            continue
        if card.balance_minor != card.initial_minor:
            raise GiftCardRefused("A gift card that this order bought has been used, so the order cannot be canceled.")
        _empty(card, Kind.VOIDED, order_id=order.pk, user_id=user_id)


def lock_cards_of(order: Order) -> list[GiftCard]:
    """Return the gift cards that the order bought or was paid with, locked in one sort order, so that nobody deadlocks."""
    paid_with = GiftCardMovement.objects.filter(order=order).values("card")
    involved = GiftCard.objects.filter(Q(order_line__order=order) | Q(pk__in=paid_with))
    return list(involved.order_by("pk").select_for_update(of=("self",)).select_related("order_line"))


@transaction.atomic
def void_units(line: OrderLine, quantity: int, *, user_id: int | None = None) -> None:
    """Void this many gift cards of an order line, unused ones; raise GiftCardRefused if too few are unused."""
    cards = GiftCard.objects.filter(order_line=line, balance_minor=F("initial_minor")).order_by("-serial")
    unused = sorted(cards.select_for_update(of=("self",))[:quantity], key=lambda card: card.pk)
    if len(unused) < quantity:
        raise GiftCardRefused(f"Only {len(unused)} gift cards of this line are unused. Used ones cannot be refunded.")
    for card in unused:
        _empty(card, Kind.VOIDED, order_id=line.order_id, user_id=user_id)


def _empty(card: GiftCard, kind: Kind, *, order_id: int | None = None, user_id: int | None = None) -> None:
    GiftCardMovement.objects.create(
        card=card, kind=kind, amount_minor=-card.balance_minor, order_id=order_id, user_id=user_id
    )
    GiftCard.objects.filter(pk=card.pk).update(balance_minor=0, is_active=False)


def set_active(cards: QuerySet[GiftCard], *, is_active: bool) -> int:
    """Block or unblock gift cards, keeping their balances; return how many changed. Empty cards stay blocked."""
    changing = cards.exclude(is_active=is_active)
    if is_active:
        changing = changing.filter(balance_minor__gt=0)
    return changing.update(is_active=is_active)


@transaction.atomic
def expire(card_id: int, at: datetime) -> GiftCard | None:
    """Empty the card if it has expired, and return it as it was before; return None if nothing changed."""
    due = Q(expires_at__lte=at, balance_minor__gt=0)
    card = GiftCard.objects.select_for_update(of=("self",)).filter(due, pk=card_id).first()
    if card:
        _empty(card, Kind.EXPIRED)
    return card


def expired_card_ids(at: datetime) -> Iterable[int]:
    """Ids of expired cards that still have a balance."""
    return list(GiftCard.objects.filter(expires_at__lte=at, balance_minor__gt=0).values_list("pk", flat=True))
