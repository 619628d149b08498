"""A promotion on an example cart, before it is on: what it would take off, and why not where it does nothing."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from catalog.markets import market_of
from orders.customers import Buyer
from orders.items import example_items
from orders.models import Cart, Promotion
from orders.pricing import Delivery, Pricing, Totals, price
from orders.queries import make_basket
from orders.rulebook import read_rulebook
from orders.shipping import Parcel, make_offers

EXAMPLE_CODE = "EXAMPLE"


@dataclass(frozen=True)
class Trial:
    """What the example cart costs without the promotion and with it; `titles` names its lines."""

    without: Totals
    with_it: Totals
    titles: dict[str, str]
    currency: str

    @property
    def saved_minor(self) -> int:
        return self.without.total_minor - self.with_it.total_minor


def try_promotion(
    promotion: Promotion, things: Mapping[int, int], *, country: str, at: datetime, with_code: bool
) -> Trial:
    """Price these things (variant id → quantity) at a moment, as if the promotion were on."""
    market = market_of(promotion.market)
    buyer = Buyer(country)
    cart = Cart(market=market.code, currency=market.currency)
    book = read_rulebook(cart, market, buyer, at, drafts=[promotion.pk])
    own = {"is_active": True, "code": EXAMPLE_CODE if with_code and promotion.needs_code else None}
    rows = [{**row, **own} if row["id"] == promotion.pk else row for row in book.promotions]
    gifts = {promotion.gift_variant_id: promotion.pk} if promotion.gift_variant_id else {}
    items = example_items(things, gifts, market, at)
    sold = [item for item in items if item.price]
    basket = make_basket(sold, market, buyer, replace(book, promotions=rows), at)
    pricing = Pricing(basket)
    parcel = Parcel(country, "", sum(item.grams for item in sold), pricing.goods_minor)
    offers = make_offers(book.shipping, parcel, at, book.calendar)
    chosen = Delivery(offers[0].code, offers[0].name, offers[0].price_minor) if offers else None
    basket = replace(basket, delivery=chosen)
    others = replace(basket, rules=tuple(rule for rule in basket.rules if rule.id != promotion.pk))
    titles = {item.key: str(item.variant) for item in items}
    return Trial(price(others), pricing.with_delivery(chosen), titles, market.currency)
