"""Try a promotion on an example cart before it is switched on, or before it is saved."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from catalog.markets import market_of
from orders.cart.contents import make_basket
from orders.cart.lines import example_lines
from orders.customers import Buyer
from orders.delivery.options import ShippingQuery, find_options
from orders.models import Cart, Promotion
from orders.pricing import Delivery, Pricing, Totals, price
from orders.promotions import CartPromotion
from orders.promotions.rules import USED_UP
from orders.rulebook import read_rulebook
from orders.rules import PromotionRule, promotion_rules

EXAMPLE_CODE = "EXAMPLE"


@dataclass(frozen=True)
class Trial:
    """The totals of the example cart without and with the promotion. `titles` maps line keys to titles."""

    without: Totals
    with_it: Totals
    titles: dict[str, str]
    currency: str

    @property
    def saved_minor(self) -> int:
        return self.without.total_minor - self.with_it.total_minor


def try_promotion(  # noqa: PLR0913  (each is a part of the example)
    promotion: Promotion,
    quantities: Mapping[int, int],
    *,
    country: str,
    at: datetime,
    with_code: bool,
    is_member: bool = False,
) -> Trial:
    """Price an example cart as if the promotion, as it is stored, were switched on; see try_draft()."""
    (draft,) = promotion_rules(Promotion.objects.filter(pk=promotion.pk))
    return try_draft(draft, quantities, country=country, at=at, with_code=with_code, is_member=is_member)


def try_draft(  # noqa: PLR0913  (each is a part of the example)
    draft: PromotionRule,
    quantities: Mapping[int, int],
    *,
    country: str,
    at: datetime,
    with_code: bool,
    is_member: bool = False,
) -> Trial:
    """Price an example cart as if this promotion were switched on.

    `quantities` maps variant id to quantity. If `with_code`, the cart has a code of the promotion; if `is_member`, the
    customer is in its groups.
    """
    market = market_of(draft.market)
    buyer = Buyer(country)
    rulebook = read_rulebook(Cart(market=market.code, currency=market.currency), market, buyer, at)
    others = [candidate for candidate in rulebook.promotions if candidate.id != draft.id]
    rulebook = replace(
        rulebook,
        promotions=[*others, _in_cart(draft, with_code=with_code)],
        groups=draft.rule.groups if is_member else rulebook.groups,
    )
    gifts = {draft.id: draft.gift_variant_id} if draft.gift_variant_id else {}
    lines = example_lines(quantities, gifts, market, at)
    priced = [line for line in lines if line.price]
    basket = make_basket(priced, market, buyer, rulebook, at)
    pricing = Pricing(basket)
    query = ShippingQuery(country, "", sum(line.grams for line in priced), pricing.goods_minor)
    options = find_options(rulebook.shipping, query, at, rulebook.calendar)
    chosen = Delivery(options[0].code, options[0].name, options[0].price_minor) if options else None
    basket = replace(basket, delivery=chosen)
    basket_without = replace(basket, rules=tuple(rule for rule in basket.rules if rule.id != draft.id))
    titles = {line.key: line.full_title for line in lines}
    return Trial(price(basket_without), pricing.with_delivery(chosen), titles, market.currency)


def _in_cart(draft: PromotionRule, *, with_code: bool) -> CartPromotion:
    """The promotion in the example cart, switched on and with a code if it needs one."""
    uses = Promotion.objects.filter(pk=draft.id).values_list("uses", flat=True).first() or 0
    is_used_up = draft.most_uses is not None and uses >= draft.most_uses
    code = EXAMPLE_CODE if with_code and draft.rule.needs_code else ""
    rule = replace(draft.rule, code=code, refusal=USED_UP if is_used_up else "")
    return CartPromotion(rule, gift_variant_id=draft.gift_variant_id)
