"""The contents of a cart with their current prices, as pages and the checkout need them."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from django.conf import settings
from django.utils import timezone

from catalog.listings.browse import collections_holding
from catalog.listings.rows import lineages
from catalog.markets import Market, market_of
from catalog.money import charge_step
from catalog.products.promises import return_terms
from orders.cart.lines import PricedLine, State, cart_lines, promotion_gifts
from orders.customers import Buyer
from orders.delivery.options import AT_ONCE, ShippingOption, ShippingQuery, digital_option, find_options
from orders.models import Cart
from orders.pricing import Basket, Delivery, Pricing, Reason, Rule, Totals, Treatment
from orders.promotions import gifts_of, scoped_collections
from orders.rulebook import Rulebook, read_rulebook
from orders.tenders import GiftCardBalance, Tender, split_tenders

IDLE_CODE = "It has no effect: another of your codes gives the same discount, or this code is no longer valid."


@dataclass(frozen=True)
class CodeNote:
    """A code in the cart, and a sentence about its effect. `is_good` says whether it gives a discount."""

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
    """A cart with current prices for a buyer: its lines, shipping options, totals and tenders."""

    cart: Cart
    market: Market
    buyer: Buyer
    lines: list[PricedLine]
    saved: list[PricedLine]
    removed: list[PricedLine]
    gifts: list[PricedLine]
    options: list[ShippingOption]
    chosen: ShippingOption | None
    basket: Basket
    totals: Totals
    rulebook: Rulebook
    tenders: list[Tender] = field(default_factory=list)

    @property
    def country(self) -> str:
        return self.buyer.country

    @property
    def can_be_ordered(self) -> bool:
        return bool(self.lines) and not any(line.notice for line in self.lines)

    @property
    def can_be_placed(self) -> bool:
        """Whether the checkout's button works: everything can be ordered, and there is a way to deliver it."""
        return self.can_be_ordered and self.chosen is not None

    @property
    def needs_payment(self) -> bool:
        """Whether something is left to pay after discounts and gift cards. True for an empty cart."""
        return bool(self.due_minor) or not self.lines

    @property
    def return_terms(self) -> str:
        """A sentence about how long the cart's products can be returned; empty if nothing is shipped."""
        days = self.rulebook.return_days
        products = [line.variant.product for line in self.lines if line.variant.needs_shipping]
        return return_terms((product.title, product.days_to_return(days)) for product in products)

    @property
    def notices(self) -> list[str]:
        """A sentence for each line that prevents the cart from being ordered."""
        return [f"{line.variant.product.title}: {line.notice}" for line in self.lines if line.notice]

    @property
    def count(self) -> int:
        return sum(line.quantity for line in self.lines)

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
        options = [option for option in self.options if option.free_from_minor and not option.is_pickup]
        nearest = min(options, key=lambda option: option.until_free_minor, default=None)
        if nearest is None:
            return None
        from_minor = nearest.free_from_minor or 0
        is_free = bool(self.chosen and not self.chosen.is_pickup and not self.chosen.price_minor)
        return FreeDelivery(from_minor, from_minor if is_free else from_minor - nearest.until_free_minor)

    @property
    def needs_address(self) -> bool:
        """Whether a delivery address is needed; not for digital goods or pick-up."""
        is_digital = bool(self.lines) and not any(line.variant.needs_shipping for line in self.lines)
        return not is_digital and not (self.chosen and self.chosen.is_pickup)

    @property
    def is_net(self) -> bool:
        """Whether prices are shown without tax although the market's prices include it."""
        return self.market.is_tax_included and self.totals.treatment != Treatment.DOMESTIC

    @property
    def idle_gift_cards(self) -> list[GiftCardBalance]:
        """Gift cards of the cart that pay nothing, because others already pay the total."""
        paying = {tender.gift_card.id for tender in self.tenders}
        return [card for card in self.rulebook.gift_cards if card.id not in paying]

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
    at, market = timezone.now(), market_of(cart.market)
    stored, version = cart_lines(cart.pk, market, at)
    lines = [line for line in stored if line.state == State.ACTIVE]
    rulebook = read_rulebook(cart, market, buyer, at, version=version)
    gifts = _available_gifts(lines, rulebook, market, at)
    pricing = Pricing(make_basket([*(line for line in lines if line.is_sold), *gifts], market, buyer, rulebook, at))
    options = _options(lines, pricing, rulebook, buyer)
    chosen = _choose(options, shipping_code, is_strict=is_strict)
    pickup_pricing = _pickup_pricing(pricing, market, rulebook, options)
    basket, totals = _total(pickup_pricing if chosen and chosen.is_pickup else pricing, chosen)
    return CartContents(
        cart=cart,
        market=market,
        buyer=buyer,
        lines=_with_subtotals(lines, totals),
        saved=[line for line in stored if line.state == State.SAVED],
        removed=[line for line in stored if line.state == State.REMOVED],
        gifts=_given(gifts, totals),
        options=[_with_final_price(option, pickup_pricing if option.is_pickup else pricing) for option in options],
        chosen=chosen,
        basket=basket,
        totals=totals,
        rulebook=rulebook,
        tenders=_tenders(totals, rulebook, market),
    )


def _choose(options: Sequence[ShippingOption], shipping_code: str, *, is_strict: bool) -> ShippingOption | None:
    """Return the option with this code; without it, the first one, or none if `is_strict`."""
    wanted = next((option for option in options if option.code == shipping_code), None)
    return wanted if wanted or is_strict else next(iter(options), None)


def _total(pricing: Pricing, chosen: ShippingOption | None) -> tuple[Basket, Totals]:
    """Return the complete input of pricing with the chosen delivery, and its result."""
    delivery = _delivery(chosen)
    return replace(pricing.basket, delivery=delivery), pricing.with_delivery(delivery)


def _with_subtotals(lines: Iterable[PricedLine], totals: Totals) -> list[PricedLine]:
    """Return the lines with the subtotals that pages show."""
    subtotals = {line.key: line.subtotal_minor for line in totals.lines}
    return [replace(line, shown_minor=subtotals.get(line.key)) for line in lines]


def _given(gifts: Iterable[PricedLine], totals: Totals) -> list[PricedLine]:
    """Return the gifts that the promotions have added."""
    granted = {line.gift_of for line in totals.lines if line.gift_of}
    return [gift for gift in gifts if gift.gift_of in granted]


def _tenders(totals: Totals, rulebook: Rulebook, market: Market) -> list[Tender]:
    """Return what the cart's gift cards pay of the total."""
    min_charge = settings.MIN_CHARGE_MINOR.get(market.currency, 0)
    return split_tenders(totals.total_minor, rulebook.gift_cards, min_charge, charge_step(market.currency))


def _pickup_pricing(pricing: Pricing, market: Market, rulebook: Rulebook, options: Iterable[ShippingOption]) -> Pricing:
    """Return the pricing for pick-up, which is taxed where the shop is, whatever address was entered."""
    has_pickup = settings.SHOP_COUNTRY in market.countries and any(option.is_pickup for option in options)
    if not has_pickup or rulebook.pickup_tax == rulebook.tax:
        return pricing
    tax = rulebook.pickup_tax
    return Pricing(replace(pricing.basket, treatment=tax.treatment, rates=tax.rates, home_rates=tax.home_rates))


def _available_gifts(lines: Iterable[PricedLine], rulebook: Rulebook, market: Market, at: datetime) -> list[PricedLine]:
    """Return the gifts of promotions that can be added to these lines.

    There must be stock left after the lines, a gift that is shipped needs another shipped line, and gift cards are never
    gifts.
    """
    wanted = gifts_of(rulebook.promotions)
    if not wanted:
        return []
    sold = [line for line in lines if line.is_sold]
    is_shipped = any(line.variant.needs_shipping for line in sold)
    taken = Counter({line.variant.pk: line.quantity for line in sold})
    available = []
    for gift in promotion_gifts(wanted, market, at):
        is_left = gift.available is None or gift.available > taken[gift.variant.pk]
        if is_left and not gift.variant.is_gift_card and (is_shipped or not gift.variant.needs_shipping):
            taken[gift.variant.pk] += 1
            available.append(gift)
    return available


def make_basket(lines: Iterable[PricedLine], market: Market, buyer: Buyer, rulebook: Rulebook, at: datetime) -> Basket:
    """Return the input of pricing for these lines, without a delivery."""
    lines = list(lines)
    categories = _categories(lines, rulebook.rules)
    collections = _collections(lines, rulebook.rules, market)
    return Basket(
        lines=tuple(
            line.as_pricing_line(
                categories.get(line.variant.product.category_id or 0, ()),
                collections.get(line.variant.product_id, ()),
            )
            for line in lines
        ),
        at=at,
        market=market.code,
        currency=market.currency,
        country=buyer.country,
        is_tax_included=market.is_tax_included,
        treatment=rulebook.tax.treatment,
        rates=rulebook.tax.rates,
        home_rates=rulebook.tax.home_rates,
        rules=rulebook.rules,
        groups=rulebook.groups,
        is_first_order=rulebook.is_first_order,
        is_never_dearer=True,
    )


def _categories(lines: Iterable[PricedLine], rules: Iterable[Rule]) -> dict[int, list[int]]:
    """Return the ids of each category and of those above it, if a promotion is limited to categories."""
    if not any(rule.scope.categories for rule in rules):
        return {}
    category_ids = {line.variant.product.category_id for line in lines if line.variant.product.category_id}
    return {pk: [category.pk for category in above] for pk, above in lineages(category_ids).items()}


def _collections(lines: Sequence[PricedLine], rules: Iterable[Rule], market: Market) -> dict[int, tuple[int, ...]]:
    collection_ids = scoped_collections(rules)
    product_ids = {line.variant.product_id for line in lines}
    return collections_holding(product_ids, collection_ids, market) if collection_ids else {}


def _options(lines: Sequence[PricedLine], pricing: Pricing, rulebook: Rulebook, buyer: Buyer) -> list[ShippingOption]:
    sold, at = [line for line in lines if line.is_sold], pricing.basket.at
    if sold and not any(line.variant.needs_shipping for line in sold):
        return [digital_option(at, is_mailed=all(line.variant.is_gift_card for line in sold))]
    dispatches = tuple(line.dispatch for line in sold if line.variant.needs_shipping) or AT_ONCE
    query = ShippingQuery(
        buyer.country, buyer.postcode, sum(line.grams for line in sold), pricing.goods_minor, dispatches
    )
    return find_options(rulebook.shipping, query, at, rulebook.calendar)


def _delivery(option: ShippingOption | None) -> Delivery | None:
    return Delivery(option.code, option.name, option.price_minor) if option else None


def _with_final_price(option: ShippingOption, pricing: Pricing) -> ShippingOption:
    """Return the option with its price after promotions, and without tax if none is charged."""
    return replace(option, price_minor=pricing.with_delivery(_delivery(option)).shipping_minor)
