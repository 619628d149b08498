"""Try a promotion on an example cart before it is switched on."""

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
from orders.rulebook import read_rulebook

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


def try_promotion(
    promotion: Promotion, quantities: Mapping[int, int], *, country: str, at: datetime, with_code: bool
) -> Trial:
    """Price an example cart as if the promotion were switched on.

    `quantities` maps variant id to quantity. If `with_code`, the cart has a code of the promotion.
    """
    market = market_of(promotion.market)
    buyer = Buyer(country)
    cart = Cart(market=market.code, currency=market.currency)
    rulebook = read_rulebook(cart, market, buyer, at, drafts=[promotion.pk])
    promotions = [
        replace(candidate, rule=replace(candidate.rule, code=EXAMPLE_CODE))
        if candidate.id == promotion.pk and with_code and promotion.needs_code
        else candidate
        for candidate in rulebook.promotions
    ]
    gifts = {promotion.pk: promotion.gift_variant_id} if promotion.gift_variant_id else {}
    lines = example_lines(quantities, gifts, market, at)
    priced = [line for line in lines if line.price]
    basket = make_basket(priced, market, buyer, replace(rulebook, promotions=promotions), at)
    pricing = Pricing(basket)
    query = ShippingQuery(country, "", sum(line.grams for line in priced), pricing.goods_minor)
    options = find_options(rulebook.shipping, query, at, rulebook.calendar)
    chosen = Delivery(options[0].code, options[0].name, options[0].price_minor) if options else None
    basket = replace(basket, delivery=chosen)
    basket_without = replace(basket, rules=tuple(rule for rule in basket.rules if rule.id != promotion.pk))
    titles = {line.key: str(line.variant) for line in lines}
    return Trial(price(basket_without), pricing.with_delivery(chosen), titles, market.currency)
