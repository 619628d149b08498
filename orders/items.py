"""What lies in a cart, with price, stock and picture of now: one query, however many lines."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import CharField, ExpressionWrapper, F, OuterRef, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Coalesce, Concat, Greatest, JSONObject

from catalog.markets import Market
from catalog.models import Category, ProductImage, Stock, Variant
from catalog.money import format_money
from catalog.prices import CurrentPrice, price_facts, price_of_facts
from orders.models import CartLine
from orders.pricing import Line

PICTURE = ("id", "product_id", "position", "alt", "file", "focus_x", "focus_y", "width", "height", "rendered_widths")
State = CartLine.State


@dataclass(frozen=True)
class CartItem:
    """One line as the cart shows it; a gift of a promotion has no line of its own."""

    line_id: int
    variant: Variant
    quantity: int
    price: CurrentPrice | None
    available: int | None
    image: ProductImage | None
    at: datetime
    state: str = State.ACTIVE
    changed_at: datetime | None = None
    seen_minor: int | None = None
    categories: tuple[int, ...] = ()
    gift_of: int | None = None
    shown_minor: int | None = None

    @property
    def key(self) -> str:
        """What names this line in a pricing."""
        return f"gift:{self.gift_of}" if self.gift_of else str(self.line_id)

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
    def news(self) -> str:
        """What the shopper should know, and which stops nothing: another price than when it was put in."""
        if not self.price or self.seen_minor is None or self.seen_minor == self.price.amount_minor:
            return ""
        before, now = (format_money(minor, self.price.currency) for minor in (self.seen_minor, self.price.amount_minor))
        return f"The price was {before} when you put this in, and is {now} now."

    @property
    def is_too_many(self) -> bool:
        """More than one order may hold of it."""
        most = self.variant.most_per_order
        return most is not None and self.quantity > most

    @property
    def subtotal_minor(self) -> int:
        """What the line is shown to cost before discounts: without tax where none is charged."""
        if self.shown_minor is not None:
            return self.shown_minor
        return self.price.amount_minor * self.quantity if self.price else 0

    @property
    def grams(self) -> int:
        return self.variant.grams * self.quantity if self.variant.needs_shipping else 0

    def line(self, collections: Iterable[int] = ()) -> Line:
        """This line as pricing sees it; raises ValueError for one without a price."""
        if not self.price:
            raise ValueError("a line without a price cannot be priced")
        variant = self.variant
        return Line(
            key=self.key,
            quantity=self.quantity,
            unit_minor=self.price.amount_minor,
            price_id=self.price.price_id,
            product_id=variant.product_id,
            categories=self.categories,
            collections=tuple(collections),
            tax_class=variant.tax_class if variant.is_taxable and not variant.is_gift_card else "",
            is_on_sale=self.price.is_on_sale,
            is_gift_card=variant.is_gift_card,
            gift_of=self.gift_of,
        )


def cart_items(cart_id: Any, market: Market, at: datetime) -> list[CartItem]:
    """All lines of the cart in the order in which they were put in, whatever their state, by one query."""
    lines = CartLine.objects.filter(cart_id=cart_id).select_related("variant__product__category", "variant__image")
    return [
        CartItem(
            line_id=line.pk,
            variant=line.variant,
            quantity=line.quantity,
            at=at,
            state=line.state,
            changed_at=line.changed_at,
            seen_minor=line.seen_minor,
            **_facts(line, line.variant),
        )
        for line in _annotated(lines, "variant__", market, at).order_by("pk")
    ]


def gift_items(gifts: dict[int, int], market: Market, at: datetime) -> list[CartItem]:
    """One unit of each gift that can be given now: {promotion id: variant id}. One query."""
    found = _variants(gifts.values(), market, at)
    items = [
        CartItem(line_id=0, variant=found[pk], quantity=1, at=at, gift_of=promotion, **_facts(found[pk], found[pk]))
        for promotion, pk in gifts.items()
        if pk in found
    ]
    return [item for item in items if item.is_sold and item.available != 0]


def example_items(things: Mapping[int, int], gifts: Mapping[int, int], market: Market, at: datetime) -> list[CartItem]:
    """Items that are in no cart, whatever stock there is: {variant id: quantity}, gifts as {variant id: promotion id}."""
    found = _variants([*things, *gifts], market, at)
    items = [
        CartItem(line_id=pk, variant=found[pk], quantity=quantity, at=at, **_facts(found[pk], found[pk]))
        for pk, quantity in things.items()
        if pk in found
    ]
    return items + [
        CartItem(line_id=0, variant=found[pk], quantity=1, at=at, gift_of=promotion, **_facts(found[pk], found[pk]))
        for pk, promotion in gifts.items()
        if pk in found
    ]


def _variants(ids: Iterable[int], market: Market, at: datetime) -> dict[int, Any]:
    variants = Variant.objects.filter(pk__in=list(ids)).select_related("product__category", "image")
    return {variant.pk: variant for variant in _annotated(variants, "", market, at)}


def _annotated(rows: QuerySet, path: str, market: Market, at: datetime) -> QuerySet:
    """Rows with the facts of the variant that `path` leads to."""
    variant = OuterRef(f"{path}pk")
    free = Greatest(Value(0), F("on_hand") - F("reserved") + F("backorder_limit"))
    stock = Stock.objects.filter(variant=variant, location__is_active=True).order_by().values("variant")
    pictures = ProductImage.objects.filter(product=OuterRef(f"{path}product")).exclude(file="")
    shelf = ExpressionWrapper(OuterRef(f"{path}product__category__path"), output_field=CharField())
    shelves = Category.objects.annotate(whole=Concat(shelf, Value("/"))).filter(
        whole__startswith=Concat("path", Value("/"))
    )
    return rows.annotate(
        price_facts=price_facts(variant, market, at),
        free=Coalesce(Subquery(stock.annotate(free=Sum(free)).values("free")), 0),
        picture=Subquery(pictures.order_by("position", "pk").values(facts=JSONObject(**{n: n for n in PICTURE}))[:1]),
        shelves=ArraySubquery(shelves.order_by("path").values("pk")),
    )


def _facts(row: Any, variant: Variant) -> dict[str, Any]:
    return {
        "price": price_of_facts(row.price_facts),
        "available": row.free if variant.is_tracked else None,
        "image": variant.image or (ProductImage(**row.picture) if row.picture else None),
        "categories": tuple(row.shelves),
    }
