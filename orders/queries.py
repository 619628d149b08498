"""Reads shaped for pages: what is in a cart and what it costs, a shopper's orders."""

import uuid
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from allauth.account.models import EmailAddress
from django.conf import settings
from django.db.models import Q, QuerySet
from django.utils import timezone

from catalog.browse import collections_holding
from catalog.markets import Market, market_of
from catalog.money import charge_step
from catalog.promises import return_terms
from orders.customers import Buyer
from orders.items import CartItem, State, cart_items, gift_items
from orders.models import Cart, Order
from orders.pricing import Basket, Delivery, Pricing, Reason, Rule, Totals, Treatment
from orders.promotions import gifts_of, rules_of, scoped_collections
from orders.rulebook import Card, Rulebook, read_rulebook
from orders.shipping import AT_ONCE, Offer, Parcel, digital_offer, make_offers

IDLE_CODE = "It has no effect: another of your codes gives the same discount, or this code is no longer valid."


@dataclass(frozen=True)
class Tender:
    """What a gift card pays of a total, in minor units."""

    card: Card
    amount_minor: int

    @property
    def name(self) -> str:
        return self.card.name


@dataclass(frozen=True)
class CodeNote:
    """What a code in the cart does, in one sentence; `is_good` where it takes something off."""

    code: str
    words: str
    is_good: bool

    @property
    def title(self) -> str:
        return self.code if self.is_good else f"{self.code} does not apply right now"


@dataclass(frozen=True)
class FreeDelivery:
    """How far the goods are from free delivery, in minor units; both are the same where nothing is missing."""

    from_minor: int
    reached_minor: int

    @property
    def missing_minor(self) -> int:
        return self.from_minor - self.reached_minor


@dataclass(frozen=True)
class CartContents:
    """A cart with prices of now, for a buyer."""

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
    book: Rulebook
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
        """Whether the checkout speaks of paying: not where gift cards and discounts leave nothing to pay."""
        return bool(self.due_minor) or not self.items

    @property
    def return_terms(self) -> str:
        """How long what is in the cart can be sent back, in a sentence; empty where nothing is sent."""
        days = self.book.return_days
        products = [item.variant.product for item in self.items if item.variant.needs_shipping]
        return return_terms((product.title, product.days_to_return(days)) for product in products)

    @property
    def notices(self) -> list[str]:
        """Why it cannot be ordered as it is, one sentence for each line that stands in the way."""
        return [f"{item.variant.product.title}: {item.notice}" for item in self.items if item.notice]

    @property
    def count(self) -> int:
        return sum(item.quantity for item in self.items)

    @property
    def mark(self) -> str:
        """Names this very state of the cart; the checkout form carries it."""
        return f"{self.cart.pk}:{self.cart.version}"

    @property
    def due_minor(self) -> int:
        """What is left to pay by card, in minor units."""
        return self.totals.total_minor - sum(tender.amount_minor for tender in self.tenders)

    @property
    def free_delivery(self) -> FreeDelivery | None:
        """How much is missing until delivery is free; None where no amount makes it so."""
        offers = [offer for offer in self.offers if offer.free_from_minor and not offer.is_pickup]
        nearest = min(offers, key=lambda offer: offer.until_free_minor, default=None)
        if nearest is None:
            return None
        from_minor = nearest.free_from_minor or 0
        is_free = bool(self.chosen and not self.chosen.is_pickup and not self.chosen.price_minor)
        return FreeDelivery(from_minor, from_minor if is_free else from_minor - nearest.until_free_minor)

    @property
    def needs_address(self) -> bool:
        """Something is sent: not so for digital goods and for pick-up."""
        is_digital = bool(self.items) and not any(item.variant.needs_shipping for item in self.items)
        return not is_digital and not (self.chosen and self.chosen.is_pickup)

    @property
    def is_net(self) -> bool:
        """Prices are shown without the tax that the market's prices contain."""
        return self.market.is_tax_included and self.totals.treatment != Treatment.DOMESTIC

    @property
    def idle_cards(self) -> list[Card]:
        """Gift cards that are with the cart and have nothing to pay."""
        paying = {tender.card.id for tender in self.tenders}
        return [card for card in self.book.cards if card.id not in paying]

    @property
    def code_notes(self) -> list[CodeNote]:
        """Each code of the cart, and what it does or why it does nothing."""
        good = {one.code: one.name for one in self.totals.discounts if one.code}
        why = {one.code: one for one in self.totals.reasons if one.code}
        return [_code_note(code, good, why) for code in self.cart.codes]


def _code_note(code: str, good: dict[str, str], why: dict[str, Reason]) -> CodeNote:
    if code in good:
        return CodeNote(code, good[code], is_good=True)
    reason = why.get(code)
    return CodeNote(code, f"{reason.name}: {reason.why}" if reason else IDLE_CODE, is_good=False)


def price_cart(cart: Cart, buyer: Buyer, *, shipping_code: str = "", is_strict: bool = False) -> CartContents:
    """What the cart costs now for this buyer by this method.

    Where the method is not offered, the cheapest one counts; if strict, none does.
    """
    at = timezone.now()
    market = market_of(cart.market)
    lines = cart_items(cart.pk, market, at)
    items = [item for item in lines if item.state == State.ACTIVE]
    book = read_rulebook(cart, market, buyer, at)
    gifts = _gifts_with(items, gift_items(wanted, market, at)) if (wanted := gifts_of(book)) else []
    basket = make_basket([*(item for item in items if item.is_sold), *gifts], market, buyer, book, at)
    pricing = Pricing(basket)
    offers = _offers(items, pricing, book, buyer)
    chosen = next((offer for offer in offers if offer.code == shipping_code), None)
    if not chosen and offers and not is_strict:
        chosen = offers[0]
    pricing_here = _pricing_here(pricing, market, book, offers)
    priced = pricing_here if chosen and chosen.is_pickup else pricing
    basket = replace(priced.basket, delivery=_delivery(chosen))
    totals = priced.with_delivery(basket.delivery)
    granted = {line.gift_of for line in totals.lines if line.gift_of}
    shown = {line.key: line.subtotal_minor for line in totals.lines}
    return CartContents(
        cart=cart,
        market=market,
        buyer=buyer,
        items=[replace(item, shown_minor=shown.get(item.key)) for item in items],
        saved=[item for item in lines if item.state == State.SAVED],
        removed=[item for item in lines if item.state == State.REMOVED],
        gifts=[gift for gift in gifts if gift.gift_of in granted],
        offers=[_as_sold(offer, pricing_here if offer.is_pickup else pricing) for offer in offers],
        chosen=chosen,
        basket=basket,
        totals=totals,
        book=book,
        tenders=split_tenders(
            totals.total_minor,
            book.cards,
            settings.MIN_CHARGE_MINOR.get(market.currency, 0),
            charge_step(market.currency),
        ),
    )


def _pricing_here(pricing: Pricing, market: Market, book: Rulebook, offers: Iterable[Offer]) -> Pricing:
    """What is picked up is taxed where the shop is; an address that nothing is sent to makes nothing cheaper."""
    is_here = settings.SHOP_COUNTRY in market.countries and any(offer.is_pickup for offer in offers)
    if not is_here or book.tax_here == book.tax:
        return pricing
    tax = book.tax_here
    return Pricing(replace(pricing.basket, treatment=tax.treatment, rates=tax.rates, home_rates=tax.home_rates))


def _gifts_with(items: Sequence[CartItem], gifts: Iterable[CartItem]) -> list[CartItem]:
    """The gifts that can come with these items: of what the items leave in stock, sent only where something is sent.

    A gift card is money and no gift.
    """
    sold = [item for item in items if item.is_sold]
    is_sent = any(item.variant.needs_shipping for item in sold)
    taken = Counter({item.variant.pk: item.quantity for item in sold})
    given = []
    for gift in gifts:
        is_left = gift.available is None or gift.available > taken[gift.variant.pk]
        if is_left and not gift.variant.is_gift_card and (is_sent or not gift.variant.needs_shipping):
            taken[gift.variant.pk] += 1
            given.append(gift)
    return given


def make_basket(items: Iterable[CartItem], market: Market, buyer: Buyer, book: Rulebook, at: datetime) -> Basket:
    """What pricing wants to know of these items, without a delivery yet."""
    items = list(items)
    rules = rules_of(book)
    shelves = _collections(items, rules, market)
    return Basket(
        lines=tuple(item.line(shelves.get(item.variant.product_id, ())) for item in items),
        at=at,
        market=market.code,
        currency=market.currency,
        country=buyer.country,
        is_tax_included=market.is_tax_included,
        treatment=book.tax.treatment,
        rates=book.tax.rates,
        home_rates=book.tax.home_rates,
        rules=rules,
        groups=book.groups,
        is_first_order=not book.live_orders,
        is_never_dearer=True,
    )


def _collections(items: Sequence[CartItem], rules: Iterable[Rule], market: Market) -> dict[int, tuple[int, ...]]:
    wanted = scoped_collections(rules)
    return collections_holding({item.variant.product_id for item in items}, wanted, market) if wanted else {}


def _offers(items: Sequence[CartItem], pricing: Pricing, book: Rulebook, buyer: Buyer) -> list[Offer]:
    sold, at = [item for item in items if item.is_sold], pricing.basket.at
    if sold and not any(item.variant.needs_shipping for item in sold):
        return [digital_offer(at, is_mailed=all(item.variant.is_gift_card for item in sold))]
    dispatches = tuple(item.dispatch for item in sold if item.variant.needs_shipping) or AT_ONCE
    parcel = Parcel(buyer.country, buyer.postcode, sum(item.grams for item in sold), pricing.goods_minor, dispatches)
    return make_offers(book.shipping, parcel, at, book.calendar)


def _delivery(offer: Offer | None) -> Delivery | None:
    return Delivery(offer.code, offer.name, offer.price_minor) if offer else None


def _as_sold(offer: Offer, pricing: Pricing) -> Offer:
    """The offer at what it really costs: after promotions, and without tax where none is charged."""
    return replace(offer, price_minor=pricing.with_delivery(_delivery(offer)).shipping_minor)


def split_tenders(total_minor: int, cards: Iterable[Card], smallest_charge: int, step: int = 1) -> list[Tender]:
    """Gift cards pay first, those that expire first before others.

    What is left is either nothing or an amount that the payment provider charges, in whole steps, so the cards pay a
    little less where they have to.
    """
    cards = list(cards)
    payable = min(total_minor, sum(card.balance_minor for card in cards))
    due = _whole_steps(total_minor - payable, step)
    if 0 < due < smallest_charge:
        due = _whole_steps(smallest_charge, step)
    payable = max(0, total_minor - due)
    tenders = []
    for card in cards:
        amount = min(payable, card.balance_minor)
        if amount:
            tenders.append(Tender(card, amount))
            payable -= amount
    return tenders


def _whole_steps(amount: int, step: int) -> int:
    """The amount, or what it takes to make it a whole number of steps."""
    return -(-amount // step) * step


def order_for_page(public_id: uuid.UUID) -> Order | None:
    """An order by its secret, with what its page shows."""
    return (
        Order.objects.prefetch_related("lines", "events", "fulfillments__lines__line")
        .filter(public_id=public_id)
        .first()
    )


def orders_of(user_id: int) -> QuerySet[Order]:
    """The orders of an account, newest first: its own, and those placed without logging in from its confirmed mailbox."""
    confirmed = EmailAddress.objects.filter(user_id=user_id, verified=True).values("email")
    return Order.objects.filter(Q(user_id=user_id) | Q(user=None, email__in=confirmed)).order_by("-placed_at")
