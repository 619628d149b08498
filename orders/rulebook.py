"""What the price of a cart depends on besides its lines: the shop's rules, and what belongs to the buyer."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.contrib.auth import get_user_model

from catalog.markets import Market
from orders.customers import Buyer, has_ordered
from orders.delivery.dates import Calendar
from orders.delivery.options import calendar_for
from orders.models import Cart
from orders.pricing import Rule
from orders.promotions import CartPromotion, entered_coupons, promotions_for
from orders.rules import ShippingRule, Version, current_rules
from orders.tax import TaxRules, choose_pickup_tax, choose_tax
from orders.tenders import GiftCardBalance, credit_of, gift_cards_of


@dataclass(frozen=True)
class Rulebook:
    """The rules that apply to one cart and buyer at one moment, and the buyer's gift cards and groups.

    Groups and earlier orders are read only if a promotion depends on them.
    """

    tax: TaxRules
    pickup_tax: TaxRules  # for pick-up
    shipping: tuple[ShippingRule, ...]
    calendar: Calendar
    return_days: int
    promotions: list[CartPromotion]
    gift_cards: list[GiftCardBalance]
    groups: tuple[int, ...]
    is_first_order: bool
    credit_minor: int
    terms_version: str
    terms_id: int | None

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The promotions as rules for pricing."""
        return tuple(promotion.rule for promotion in self.promotions)


def read_rulebook(  # noqa: PLR0913  (each decides which rules apply)
    cart: Cart,
    market: Market,
    buyer: Buyer,
    at: datetime,
    *,
    drafts: Collection[int] = (),
    version: Version | None = None,
) -> Rulebook:
    """Return what applies to this cart and buyer at this moment.

    Promotions whose ids are in `drafts` count as switched on. Pass the `version` of the rules if it has been read already.
    """
    coupons = entered_coupons(cart.codes, market)
    rules = current_rules({*coupons, *drafts}, version)
    promotions = promotions_for(rules, coupons, market, buyer, at, drafts)
    tax = choose_tax(rules, buyer, at)
    terms = rules.terms_at(at)
    has_first_order = any(promotion.rule.is_first_order_only for promotion in promotions)
    return Rulebook(
        tax=tax,
        pickup_tax=choose_pickup_tax(tax),
        shipping=rules.shipping.get(market.code, ()),
        calendar=calendar_for(rules, buyer.country, at),
        return_days=rules.return_days,
        promotions=promotions,
        gift_cards=gift_cards_of(cart, market, buyer, at),
        groups=_groups_of(buyer) if any(promotion.rule.groups for promotion in promotions) else (),
        is_first_order=not (has_first_order and has_ordered(buyer)),
        credit_minor=credit_of(buyer, market, at),
        terms_version=terms.label if terms else rules.terms_version or settings.TERMS_VERSION,
        terms_id=terms.id if terms else None,
    )


def _groups_of(buyer: Buyer) -> tuple[int, ...]:
    if not buyer.user_id:
        return ()
    users = get_user_model().objects.filter(pk=buyer.user_id, groups__isnull=False)
    return tuple(sorted(users.values_list("groups", flat=True)))
