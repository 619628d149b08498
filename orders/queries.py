"""Reads shaped for pages: what is in a cart and what it costs, a shopper's orders."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet
from django.utils import timezone

from catalog.availability import available_by_variant
from catalog.markets import Market, all_markets
from catalog.models import ProductImage, Variant
from catalog.prices import CurrentPrice, prices_at
from orders.models import Cart, Order
from orders.pricing import PricedLine, Totals, total_up
from orders.shipping import Offer, offers_for
from orders.tax import rate_for


@dataclass(frozen=True)
class CartItem:
    """One line as the cart shows it."""

    line_id: int
    variant: Variant
    quantity: int
    price: CurrentPrice | None
    available: int | None
    image: ProductImage | None
    at: datetime

    @property
    def is_sold(self) -> bool:
        return self.price is not None and self.variant.is_active and self.variant.product.is_visible(self.at)

    @property
    def notice(self) -> str:
        """What is wrong with this line, in one sentence; empty when nothing is."""
        if not self.is_sold:
            return "This is no longer sold. Please take it out to go on."
        if self.available == 0:
            return "This is sold out. Please take it out to go on."
        if self.available is not None and self.available < self.quantity:
            return f"Only {self.available} left. Please lower the quantity to go on."
        if self.is_too_many:
            return f"At most {self.variant.most_per_order} of this in one order. Please lower the quantity to go on."
        return ""

    @property
    def is_too_many(self) -> bool:
        """More than one order may hold of it."""
        most = self.variant.most_per_order
        return most is not None and self.quantity > most

    @property
    def subtotal_minor(self) -> int:
        return self.price.amount_minor * self.quantity if self.price else 0

    @property
    def priced(self) -> PricedLine:
        if not self.price:
            raise ValueError("a line without a price cannot be priced")
        return PricedLine(self.quantity, self.price.amount_minor, self.variant.is_taxable, self.price.price_id)


@dataclass(frozen=True)
class CartContents:
    """A cart with prices of now, for a country."""

    cart: Cart
    market: Market
    items: list[CartItem]
    country: str
    offers: list[Offer]
    chosen: Offer | None
    totals: Totals

    @property
    def can_be_ordered(self) -> bool:
        return bool(self.items) and not any(item.notice for item in self.items)

    @property
    def count(self) -> int:
        return sum(item.quantity for item in self.items)

    @property
    def mark(self) -> str:
        """Names this very state of the cart; the checkout form carries it."""
        return f"{self.cart.pk}:{self.cart.version}"


def cart_items(cart: Cart, market: Market, at: datetime) -> list[CartItem]:
    """The lines with their prices and stock: four queries, however many lines."""
    lines = list(cart.lines.select_related("variant__product", "variant__image").order_by("pk"))
    variant_ids = [line.variant_id for line in lines]
    prices = prices_at(variant_ids, market, at)
    available = available_by_variant(variant_ids)
    pictures = _first_pictures([line.variant.product_id for line in lines if not line.variant.image_id])
    return [
        CartItem(
            line_id=line.pk,
            variant=line.variant,
            quantity=line.quantity,
            price=prices.get(line.variant_id),
            available=available.get(line.variant_id, 0) if line.variant.is_tracked else None,
            image=line.variant.image or pictures.get(line.variant.product_id),
            at=at,
        )
        for line in lines
    ]


def _first_pictures(product_ids: Sequence[int]) -> dict[int, ProductImage]:
    if not product_ids:
        return {}
    images = ProductImage.objects.filter(product_id__in=product_ids).exclude(file="")
    return {image.product_id: image for image in images.order_by("-position", "-pk")}


def price_cart(cart: Cart, *, country: str, shipping_code: str = "", is_strict: bool = False) -> CartContents:
    """What the cart costs now if it goes to this country by this method.

    Where the method is not offered, the cheapest one counts; if strict, none does.
    """
    at = timezone.now()
    market = all_markets()[cart.market]
    items = cart_items(cart, market, at)
    sold = [item for item in items if item.is_sold]
    goods = sum(item.subtotal_minor for item in sold)
    offers = offers_for(country, market, goods, at=at)
    if any(not item.variant.needs_shipping for item in sold) and not any(item.variant.needs_shipping for item in sold):
        offers = [Offer("none", "No delivery needed", 0, at.date(), at.date())]
    chosen = next((offer for offer in offers if offer.code == shipping_code), None)
    if not chosen and offers and not is_strict:
        chosen = offers[0]
    totals = total_up(
        [item.priced for item in sold],
        shipping_minor=chosen.price_minor if chosen and sold else 0,
        tax_rate=rate_for(country, at),
        is_tax_included=market.is_tax_included,
    )
    return CartContents(cart, market, items, country, offers, chosen, totals)


def order_for_page(public_id: uuid.UUID) -> Order | None:
    """An order by its secret, with what its page shows."""
    return (
        Order.objects.prefetch_related("lines", "events", "fulfillments__lines__line")
        .filter(public_id=public_id)
        .first()
    )


def orders_of(user_id: int) -> QuerySet[Order]:
    return Order.objects.filter(user_id=user_id).order_by("-placed_at")
