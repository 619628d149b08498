"""The contents of a cart with their current prices, as pages and the checkout need them."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from django.conf import settings
from django.utils import timezone

from catalog.listings.browse import collections_holding
from catalog.markets import Market, market_of
from catalog.money import charge_step
from catalog.products.promises import return_terms
from orders.cart.lines import CartItem, State, cart_items, gift_items
from orders.customers import Buyer
from orders.delivery.options import AT_ONCE, Offer, Parcel, digital_offer, make_offers
from orders.models import Cart
from orders.pricing import Basket, Delivery, Pricing, Reason, Rule, Totals, Treatment
from orders.promotions import gifts_of, rules_of, scoped_collections
from orders.rulebook import Card, Rulebook, read_rulebook
from orders.tenders import Tender, split_tenders

IDLE_CODE = "It has no effect: another of your codes gives the same discount, or this code is no longer valid."


@dataclass(frozen=True)
class CodeNote:
    """A code in the cart and a sentence about its effect. `is_good` if it gives a discount."""

    code: str
    sentence: str
    is_good: bool

    @property
    def title(self) -> str:
        return self.code if self.is_good else f"{self.code} does not apply right now"


@dataclass(frozen=True)
class FreeDelivery:
    """The goods value that makes delivery free and the value reached, in minor units; equal if delivery is free."""

    from_minor: int
    reached_minor: int

    @property
    def missing_minor(self) -> int:
        return self.from_minor - self.reached_minor


@dataclass(frozen=True)
class CartContents:
    """A cart with current prices for a buyer: its items, shipping options, totals and tenders."""

    cart: Cart
    market: Market
    buyer: Buyer
    items: list[CartItem]
    saved: list[CartItem]
    removed: list[CartItem]
    gifts: list[CartItem]
    offers: list[Offer]
    chosen: Offer | None
    basket: Basket
    totals: Totals
    rulebook: Rulebook
    tenders: list[Tender] = field(default_factory=list)

    @property
    def country(self) -> str:
        return self.buyer.country

    @property
    def can_be_ordered(self) -> bool:
        return bool(self.items) and not any(item.notice for item in self.items)

    @property
    def can_be_placed(self) -> bool:
        """Whether the checkout's button works: everything can be ordered, and there is a way to deliver it."""
        return self.can_be_ordered and self.chosen is not None

    @property
    def needs_payment(self) -> bool:
        """Whether something is left to pay after discounts and gift cards. True for an empty cart."""
        return bool(self.due_minor) or not self.items

    @property
    def return_terms(self) -> str:
        """A sentence about how long the cart's products can be returned; empty if nothing is shipped."""
        days = self.rulebook.return_days
        products = [item.variant.product for item in self.items if item.variant.needs_shipping]
        return return_terms((product.title, product.days_to_return(days)) for product in products)

    @property
    def notices(self) -> list[str]:
        """A sentence for each line that prevents the cart from being ordered."""
        return [f"{item.variant.product.title}: {item.notice}" for item in self.items if item.notice]

    @property
    def count(self) -> int:
        return sum(item.quantity for item in self.items)

    @property
    def mark(self) -> str:
        """The cart's id and version, which the checkout form sends back to detect changes."""
        return f"{self.cart.pk}:{self.cart.version}"

    @property
    def due_minor(self) -> int:
        """The amount left to pay after gift cards and store credit, in minor units."""
        return self.totals.total_minor - sum(tender.amount_minor for tender in self.tenders)

    @property
    def free_delivery(self) -> FreeDelivery | None:
        """How far the goods are from free delivery; None if no amount makes it free."""
        offers = [offer for offer in self.offers if offer.free_from_minor and not offer.is_pickup]
        nearest = min(offers, key=lambda offer: offer.until_free_minor, default=None)
        if nearest is None:
            return None
        from_minor = nearest.free_from_minor or 0
        is_free = bool(self.chosen and not self.chosen.is_pickup and not self.chosen.price_minor)
        return FreeDelivery(from_minor, from_minor if is_free else from_minor - nearest.until_free_minor)

    @property
    def needs_address(self) -> bool:
        """Whether a delivery address is needed; not for digital goods or pick-up."""
        is_digital = bool(self.items) and not any(item.variant.needs_shipping for item in self.items)
        return not is_digital and not (self.chosen and self.chosen.is_pickup)

    @property
    def is_net(self) -> bool:
        """Whether prices are shown without tax although the market's prices include it."""
        return self.market.is_tax_included and self.totals.treatment != Treatment.DOMESTIC

    @property
    def idle_cards(self) -> list[Card]:
        """Gift cards of the cart that pay nothing, because others already pay the total."""
        paying = {tender.card.id for tender in self.tenders}
        return [card for card in self.rulebook.cards if card.id not in paying]

    @property
    def code_notes(self) -> list[CodeNote]:
        """A note for each code of the cart: what it does, or why it has no effect."""
        applied = {discount.code: discount.name for discount in self.totals.discounts if discount.code}
        reasons = {reason.code: reason for reason in self.totals.reasons if reason.code}
        return [_code_note(code, applied, reasons) for code in self.cart.codes]


def _code_note(code: str, applied: dict[str, str], reasons: dict[str, Reason]) -> CodeNote:
    if code in applied:
        return CodeNote(code, applied[code], is_good=True)
    reason = reasons.get(code)
    return CodeNote(code, f"{reason.name}: {reason.why}" if reason else IDLE_CODE, is_good=False)


def price_cart(cart: Cart, buyer: Buyer, *, shipping_code: str = "", is_strict: bool = False) -> CartContents:
    """Return the cart with its current prices for this buyer and shipping method.

    If the method is not offered, choose the cheapest one, or none if `is_strict`.
    """
    at = timezone.now()
    market = market_of(cart.market)
    lines = cart_items(cart.pk, market, at)
    items = [item for item in lines if item.state == State.ACTIVE]
    rulebook = read_rulebook(cart, market, buyer, at)
    gifts = _available_gifts(items, gift_items(wanted, market, at)) if (wanted := gifts_of(rulebook)) else []
    basket = make_basket([*(item for item in items if item.is_sold), *gifts], market, buyer, rulebook, at)
    pricing = Pricing(basket)
    offers = _offers(items, pricing, rulebook, buyer)
    chosen = next((offer for offer in offers if offer.code == shipping_code), None)
    if not chosen and offers and not is_strict:
        chosen = offers[0]
    pickup_pricing = _pickup_pricing(pricing, market, rulebook, offers)
    chosen_pricing = pickup_pricing if chosen and chosen.is_pickup else pricing
    basket = replace(chosen_pricing.basket, delivery=_delivery(chosen))
    totals = chosen_pricing.with_delivery(basket.delivery)
    granted = {line.gift_of for line in totals.lines if line.gift_of}
    subtotals = {line.key: line.subtotal_minor for line in totals.lines}
    return CartContents(
        cart=cart,
        market=market,
        buyer=buyer,
        items=[replace(item, shown_minor=subtotals.get(item.key)) for item in items],
        saved=[item for item in lines if item.state == State.SAVED],
        removed=[item for item in lines if item.state == State.REMOVED],
        gifts=[gift for gift in gifts if gift.gift_of in granted],
        offers=[_with_final_price(offer, pickup_pricing if offer.is_pickup else pricing) for offer in offers],
        chosen=chosen,
        basket=basket,
        totals=totals,
        rulebook=rulebook,
        tenders=split_tenders(
            totals.total_minor,
            rulebook.cards,
            settings.MIN_CHARGE_MINOR.get(market.currency, 0),
            charge_step(market.currency),
        ),
    )


def _pickup_pricing(pricing: Pricing, market: Market, rulebook: Rulebook, offers: Iterable[Offer]) -> Pricing:
    """Return the pricing for pick-up, which is taxed where the shop is, whatever address was entered."""
    has_pickup = settings.SHOP_COUNTRY in market.countries and any(offer.is_pickup for offer in offers)
    if not has_pickup or rulebook.pickup_tax == rulebook.tax:
        return pricing
    tax = rulebook.pickup_tax
    return Pricing(replace(pricing.basket, treatment=tax.treatment, rates=tax.rates, home_rates=tax.home_rates))


def _available_gifts(items: Sequence[CartItem], gifts: Iterable[CartItem]) -> list[CartItem]:
    """Return the gifts that can be added to these items.

    There must be stock left after the items, a gift that is shipped needs another shipped item, and gift cards are never
    gifts.
    """
    sold = [item for item in items if item.is_sold]
    is_shipped = any(item.variant.needs_shipping for item in sold)
    taken = Counter({item.variant.pk: item.quantity for item in sold})
    available = []
    for gift in gifts:
        is_left = gift.available is None or gift.available > taken[gift.variant.pk]
        if is_left and not gift.variant.is_gift_card and (is_shipped or not gift.variant.needs_shipping):
            taken[gift.variant.pk] += 1
            available.append(gift)
    return available


def make_basket(items: Iterable[CartItem], market: Market, buyer: Buyer, rulebook: Rulebook, at: datetime) -> Basket:
    """Return the input of pricing for these items, without a delivery."""
    items = list(items)
    rules = rules_of(rulebook)
    collections = _collections(items, rules, market)
    return Basket(
        lines=tuple(item.line(collections.get(item.variant.product_id, ())) for item in items),
        at=at,
        market=market.code,
        currency=market.currency,
        country=buyer.country,
        is_tax_included=market.is_tax_included,
        treatment=rulebook.tax.treatment,
        rates=rulebook.tax.rates,
        home_rates=rulebook.tax.home_rates,
        rules=rules,
        groups=rulebook.groups,
        is_first_order=not rulebook.live_orders,
        is_never_dearer=True,
    )


def _collections(items: Sequence[CartItem], rules: Iterable[Rule], market: Market) -> dict[int, tuple[int, ...]]:
    collection_ids = scoped_collections(rules)
    product_ids = {item.variant.product_id for item in items}
    return collections_holding(product_ids, collection_ids, market) if collection_ids else {}


def _offers(items: Sequence[CartItem], pricing: Pricing, rulebook: Rulebook, buyer: Buyer) -> list[Offer]:
    sold, at = [item for item in items if item.is_sold], pricing.basket.at
    if sold and not any(item.variant.needs_shipping for item in sold):
        return [digital_offer(at, is_mailed=all(item.variant.is_gift_card for item in sold))]
    dispatches = tuple(item.dispatch for item in sold if item.variant.needs_shipping) or AT_ONCE
    parcel = Parcel(buyer.country, buyer.postcode, sum(item.grams for item in sold), pricing.goods_minor, dispatches)
    return make_offers(rulebook.shipping, parcel, at, rulebook.calendar)


def _delivery(offer: Offer | None) -> Delivery | None:
    return Delivery(offer.code, offer.name, offer.price_minor) if offer else None


def _with_final_price(offer: Offer, pricing: Pricing) -> Offer:
    """Return the offer with its price after promotions, and without tax if none is charged."""
    return replace(offer, price_minor=pricing.with_delivery(_delivery(offer)).shipping_minor)
