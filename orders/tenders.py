"""Tenders: the amounts that gift cards and store credit pay of a total."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from django.conf import settings
from django.db.models import Q, Sum

from catalog.markets import Market
from orders.customers import Buyer
from orders.models import Cart, GiftCard

MAX_MOMENT = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True)
class GiftCardBalance:
    """A gift card or store credit that the shopper wants to pay with, and its balance in minor units."""

    id: int
    name: str
    balance_minor: int

    @property
    def key(self) -> str:
        """The gift card's name in forms, which does not reveal its code."""
        return f"card-{self.id}"


@dataclass(frozen=True)
class Tender:
    """The amount in minor units that a gift card or store credit pays."""

    gift_card: GiftCardBalance
    amount_minor: int

    @property
    def name(self) -> str:
        return self.gift_card.name


def split_tenders(
    total_minor: int, gift_cards: Iterable[GiftCardBalance], min_charge: int, step: int = 1
) -> list[Tender]:
    """Split the total over the gift cards in the given sort order; amounts in minor units.

    The rest is 0 or an amount that the payment provider can charge: at least `min_charge` and a multiple of `step`.
    The gift cards pay less if that needs it.
    """
    gift_cards = list(gift_cards)
    payable = min(total_minor, sum(card.balance_minor for card in gift_cards))
    due = _whole_steps(total_minor - payable, step)
    if 0 < due < min_charge:
        due = _whole_steps(min_charge, step)
    payable = max(0, total_minor - due)
    tenders = []
    for card in gift_cards:
        amount = min(payable, card.balance_minor)
        if amount:
            tenders.append(Tender(card, amount))
            payable -= amount
    return tenders


def _whole_steps(amount: int, step: int) -> int:
    """Round the amount up to a multiple of the step."""
    return -(-amount // step) * step


def gift_cards_of(cart: Cart, market: Market, buyer: Buyer, at: datetime) -> list[GiftCardBalance]:
    """Return the cart's gift cards that this buyer can pay with in this market, those that expire first at the front."""
    links = Cart.gift_cards.through.objects.filter(cart_id=cart.pk).select_related("giftcard")
    usable = [link.giftcard for link in links if _is_usable(link.giftcard, market, buyer, at)]
    usable.sort(key=lambda gift_card: (gift_card.expires_at or MAX_MOMENT, gift_card.pk))
    return [GiftCardBalance(gift_card.pk, str(gift_card), gift_card.balance_minor) for gift_card in usable]


def _is_usable(gift_card: GiftCard, market: Market, buyer: Buyer, at: datetime) -> bool:
    is_in_time = gift_card.expires_at is None or gift_card.expires_at > at
    is_own = gift_card.user_id in (None, buyer.user_id)
    is_worth_something = gift_card.balance_minor > 0 and gift_card.currency == market.currency
    is_of_this_mode = gift_card.is_test is settings.IS_TEST_MODE
    return gift_card.is_active and is_in_time and is_own and is_worth_something and is_of_this_mode


def credit_of(buyer: Buyer, market: Market, at: datetime) -> int:
    """Return the buyer's store credit in the market's currency, in minor units. Takes no query without an account."""
    if not buyer.user_id:
        return 0
    usable = GiftCard.objects.filter(
        Q(expires_at=None) | Q(expires_at__gt=at),
        user_id=buyer.user_id,
        kind=GiftCard.Kind.CREDIT,
        is_active=True,
        is_test=settings.IS_TEST_MODE,
        currency=market.currency,
    )
    return usable.aggregate(credit=Sum("balance_minor", default=0))["credit"]
