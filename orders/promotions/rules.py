"""The promotions that may apply to a cart, as rules for pricing."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.db.models import Count

from catalog.markets import Market
from orders.customers import Buyer, customer_key, unpaid_elsewhere
from orders.models import Coupon, Promotion, PromotionCustomer, PromotionUse
from orders.pricing import Rule
from orders.rules import PromotionRule, ShopRules

SWITCHED_OFF = "It is switched off at the moment."
USED_UP = "It has been used up."
USED_BY_YOU = "You have used it as often as each customer may."


@dataclass(frozen=True)
class CartPromotion:
    """A promotion that may apply to a cart, and the coupon that the shopper entered for it.

    Its rule knows the coupon's code, and why it cannot be used if its limits are reached.
    """

    rule: Rule
    coupon_id: int | None = None
    gift_variant_id: int | None = None

    @property
    def id(self) -> int:
        return self.rule.id


@dataclass(frozen=True)
class EnteredCoupon:
    """A coupon whose code is in a cart, with the uses of it and of its promotion, where those are counted."""

    id: int
    code: str
    promotion_id: int
    most_uses: int | None
    uses: int
    promotion_uses: int

    @property
    def is_used_up(self) -> bool:
        return self.most_uses is not None and self.uses >= self.most_uses


def entered_coupons(codes: Collection[str], market: Market) -> dict[int, EnteredCoupon]:
    """Return the coupons with these codes by promotion. Of two for one promotion, prefer one that has uses left."""
    if not codes:
        return {}
    found = Coupon.objects.filter(code__in=codes, promotion__market=market.code).values_list(
        "id", "code", "promotion_id", "most_uses", "uses", "promotion__uses"
    )
    coupons = sorted((EnteredCoupon(*row) for row in found), key=lambda coupon: (coupon.is_used_up, coupon.id))
    return {coupon.promotion_id: coupon for coupon in reversed(coupons)}


def promotions_for(  # noqa: PLR0913  (each decides which promotions apply)
    rules: ShopRules,
    coupons: dict[int, EnteredCoupon],
    market: Market,
    buyer: Buyer,
    at: datetime,
    drafts: Collection[int] = (),
) -> list[CartPromotion]:
    """Return the promotions that may apply: automatic ones, those of the coupons, and `drafts`, which count as switched on.

    Counters are read for promotions with limits only.
    """
    chosen = [
        promotion
        for promotion in rules.promotions.values()
        if promotion.id in coupons or promotion.id in drafts or promotion.is_automatic(market.code, at)
    ]
    limited = [promotion for promotion in chosen if promotion.most_uses is not None and promotion.id not in coupons]
    uses = {pk: coupon.promotion_uses for pk, coupon in coupons.items()} | _uses_of(limited)
    uses_each = _uses_by(buyer, [promotion for promotion in chosen if promotion.most_each])
    return [
        _cart_promotion(
            replace(promotion, is_active=True) if promotion.id in drafts else promotion,
            coupons.get(promotion.id),
            uses.get(promotion.id, 0),
            uses_each.get(promotion.id, 0),
        )
        for promotion in chosen
    ]


def _uses_of(promotions: Sequence[PromotionRule]) -> dict[int, int]:
    """Return how often each promotion has been used."""
    if not promotions:
        return {}
    return dict(Promotion.objects.filter(pk__in=[promotion.id for promotion in promotions]).values_list("pk", "uses"))


def _uses_by(buyer: Buyer, promotions: Sequence[PromotionRule]) -> dict[int, int]:
    """Return how often the buyer has used each promotion, without unpaid orders that somebody else may have placed."""
    customer = customer_key(buyer.email)
    if not promotions or not customer:
        return {}
    ids = [promotion.id for promotion in promotions]
    uses = dict(
        PromotionCustomer.objects.filter(promotion__in=ids, customer=customer).values_list("promotion_id", "uses")
    )
    elsewhere = PromotionUse.objects.filter(
        promotion__in=list(uses), given_back_at=None, order__in=unpaid_elsewhere(buyer)
    )
    for promotion_id, count in elsewhere.order_by().values_list("promotion_id").annotate(count=Count("pk")):
        uses[promotion_id] -= count
    return uses


def _cart_promotion(promotion: PromotionRule, coupon: EnteredCoupon | None, uses: int, uses_each: int) -> CartPromotion:
    code = coupon.code if coupon else ""
    refusal = _refusal(promotion, coupon, uses, uses_each)
    rule = replace(promotion.rule, code=code, refusal=refusal) if code or refusal else promotion.rule
    return CartPromotion(rule, coupon.id if coupon else None, promotion.gift_variant_id)


def _refusal(promotion: PromotionRule, coupon: EnteredCoupon | None, uses: int, uses_each: int) -> str:
    """Return why the promotion is off or used up, in a sentence for the shopper; empty if it can be used."""
    if not promotion.is_active:
        return SWITCHED_OFF
    if (promotion.most_uses is not None and uses >= promotion.most_uses) or (coupon and coupon.is_used_up):
        return USED_UP
    return USED_BY_YOU if promotion.most_each and uses_each >= promotion.most_each else ""


def gifts_of(promotions: Iterable[CartPromotion]) -> dict[int, int]:
    """Return {promotion id: variant id} for the promotions with a gift."""
    return {promotion.id: promotion.gift_variant_id for promotion in promotions if promotion.gift_variant_id}


def scoped_collections(rules: Iterable[Rule]) -> set[int]:
    """Return the ids of the collections that limit any of these rules."""
    return {pk for rule in rules for pk in rule.scope.collections}
