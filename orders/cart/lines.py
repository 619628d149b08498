"""The lines of a cart with their current prices, stock and pictures, with one query for any number of lines."""

import uuid
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from django.db.models.expressions import RawSQL

from catalog.inventory.availability import ACTIVE_STOCK_ROWS, UNLIMITED, Supply, supply_from_rows
from catalog.markets import Market
from catalog.models import Variant
from catalog.models.image import PICTURE_ROW, picture_of
from catalog.money import format_money
from catalog.prices import CurrentPrice, price_from_rows, valid_price_rows
from catalog.products.promises import backorder_promise, dispatch_promise
from orders.cart.editing import MAX_LINE_QUANTITY
from orders.delivery.dates import Dispatch
from orders.models import CartLine
from orders.pricing import Line
from orders.rules import MARKS, Version

State = CartLine.State


@dataclass(frozen=True)
class PricedLine:
    """A cart line as pages show it. A free gift of a promotion has no cart line: its `line_id` is 0."""

    line_id: int
    variant: Variant
    quantity: int
    price: CurrentPrice | None
    at: datetime
    image: dict[str, Any] = field(default_factory=dict)  # for the template tag `picture`
    supply: Supply = UNLIMITED
    state: str = State.ACTIVE
    changed_at: datetime | None = None
    seen_minor: int | None = None
    asked_quantity: int | None = None
    elsewhere: int = 0  # units of the same variant in other lines: gift cards for other people
    gift_of: int | None = None
    shown_minor: int | None = None

    @property
    def available(self) -> int | None:
        """Units of the variant that can be sold now; None means no limit."""
        return self.supply.available

    @property
    def key(self) -> str:
        """The key of this line in a pricing."""
        return f"gift:{self.gift_of}" if self.gift_of else str(self.line_id)

    @property
    def variant_title(self) -> str:
        """The chosen option values, or the value of a gift card, like "€25.00"."""
        if self.variant.is_gift_card and self.price:
            return format_money(self.price.amount_minor, self.price.currency)
        return self.variant.title

    @property
    def full_title(self) -> str:
        """`Mug (Moss)`: the product, and what was chosen of it."""
        title = self.variant.product.title
        return f"{title} ({self.variant_title})" if self.variant_title else title

    @property
    def is_sold(self) -> bool:
        return self.price is not None and self.variant.is_active and self.variant.product.is_visible(self.at)

    @property
    def notice(self) -> str:
        """A sentence about why this line cannot be ordered; empty if it can."""
        if not self.is_sold:
            return "This is no longer sold. Please remove it to continue."
        if self.available == 0:
            return "This is sold out. Please remove it to continue."
        if self.limit < self.quantity:
            return f"{self.limit_sentence}. Please lower the quantity to continue."
        return ""

    @property
    def limit(self) -> int:
        """The largest quantity that this line can have now."""
        limits = [number for number in (self.available, self.variant.most_per_order) if number is not None]
        return max(0, min([MAX_LINE_QUANTITY, *(number - self.elsewhere for number in limits)]))

    @property
    def limit_sentence(self) -> str:
        """A sentence about the limit of this line, for cart, drawer and checkout."""
        numbers = (self.available, self.variant.most_per_order)
        most = min(MAX_LINE_QUANTITY if number is None else number for number in numbers)
        return f"Only {most} left" if most == self.available else f"At most {most} of this per order"

    @property
    def is_backordered(self) -> bool:
        """Whether some units are not in stock and on order."""
        return self.supply.is_backordered(self.quantity)

    @property
    def expected_on(self) -> date | None:
        """The day from which missing units can be shipped; None if nothing is missing or the day is unknown."""
        return self.supply.expected_on(self.quantity)

    @property
    def backorder_promise(self) -> str:
        """A sentence about when a backordered line can be shipped; empty for other lines."""
        return backorder_promise(self.expected_on) if self.is_backordered else ""

    @property
    def dispatch_promise(self) -> str:
        """A sentence about the product's own dispatch weekdays; empty if it has none."""
        days = self.variant.product.dispatch_days
        return dispatch_promise(days) if days and self.variant.needs_shipping else ""

    @property
    def unavailable_reason(self) -> str:
        """Why a line saved for later cannot be moved to the cart; empty if it can."""
        if not self.is_sold:
            return "This is no longer sold."
        return "This is sold out." if self.available == 0 else ""

    @property
    def dispatch(self) -> Dispatch:
        """The dispatch rules of this line."""
        is_dated = not self.is_backordered or self.expected_on is not None
        return Dispatch(tuple(self.variant.product.dispatch_days), self.expected_on, has_date=is_dated)

    @property
    def news(self) -> list[str]:
        """Sentences about changes that the shopper should know and that do not prevent the order."""
        return [sentence for sentence in (self._quantity_news, self._price_news) if sentence]

    @property
    def _quantity_news(self) -> str:
        """A sentence if the quantity is lower than the shopper asked for."""
        if self.asked_quantity is None or self.quantity < self.limit or self.quantity >= self.asked_quantity:
            return ""
        return f"{self.limit_sentence}: your cart holds {self.quantity} instead of {self.asked_quantity}."

    @property
    def _price_news(self) -> str:
        """A sentence if the price has changed since the shopper added the line."""
        if not self.price or self.seen_minor is None or self.seen_minor == self.price.amount_minor:
            return ""
        before, now = (format_money(minor, self.price.currency) for minor in (self.seen_minor, self.price.amount_minor))
        return f"The price was {before} when you added this, and is now {now}."

    @property
    def is_too_many(self) -> bool:
        """Whether the cart has more units of the variant than one order may have."""
        most = self.variant.most_per_order
        return most is not None and self.quantity + self.elsewhere > most

    @property
    def subtotal_minor(self) -> int:
        """The displayed price of the line before discounts, in minor units; excludes tax if none is charged."""
        if self.shown_minor is not None:
            return self.shown_minor
        return self.price.amount_minor * self.quantity if self.price else 0

    @property
    def grams(self) -> int:
        return self.variant.grams * self.quantity if self.variant.needs_shipping else 0

    def as_pricing_line(self, categories: Iterable[int] = (), collections: Iterable[int] = ()) -> Line:
        """Return this line as an input of pricing; raise ValueError if it has no price."""
        if not self.price:
            raise ValueError("a line without a price cannot be priced")
        variant = self.variant
        return Line(
            key=self.key,
            quantity=self.quantity,
            unit_minor=self.price.amount_minor,
            price_id=self.price.price_id,
            product_id=variant.product_id,
            categories=tuple(categories),
            collections=tuple(collections),
            tax_class=variant.tax_class if variant.is_taxable and not variant.is_gift_card else "",
            is_on_sale=self.price.is_on_sale,
            is_gift_card=variant.is_gift_card,
            gift_of=self.gift_of,
        )


def cart_lines(cart_id: uuid.UUID, market: Market, at: datetime) -> tuple[list[PricedLine], Version | None]:
    """Return all lines of the cart, in any state, in the order in which they were added, with one query.

    The same query reads the version of the rules, so that both are of one moment; None for a cart without lines.
    """
    stored = CartLine.objects.filter(cart_id=cart_id).select_related("variant__product").order_by("pk")
    rows = list(stored.annotate(**_annotations(market, at), marks=MARKS).defer(*_long_texts("variant__product")))
    units: Counter[int] = Counter()
    for row in rows:
        units[row.variant_id] += row.quantity if row.state == State.ACTIVE else 0
    lines = [
        PricedLine(
            line_id=row.pk,
            variant=row.variant,
            quantity=row.quantity,
            at=at,
            state=row.state,
            changed_at=row.changed_at,
            seen_minor=row.seen_minor,
            asked_quantity=row.asked_quantity,
            elsewhere=units[row.variant_id] - row.quantity if row.state == State.ACTIVE else 0,
            price=price_from_rows(row.price_rows),
            supply=supply_from_rows(row.stock_rows) if row.variant.is_tracked else UNLIMITED,
            image=picture_of(row.picture_row),
        )
        for row in rows
    ]
    return lines, frozenset(rows[0].marks) if rows else None


def promotion_gifts(gifts: Mapping[int, int], market: Market, at: datetime) -> list[PricedLine]:
    """Return one unit of each gift that is available now, with one query. `gifts` maps promotion id to variant id."""
    units = _units(gifts.values(), market, at)
    lines = [replace(units[pk], gift_of=promotion) for promotion, pk in gifts.items() if pk in units]
    return [line for line in lines if line.is_sold and line.available != 0]


def example_lines(
    quantities: Mapping[int, int], gifts: Mapping[int, int], market: Market, at: datetime
) -> list[PricedLine]:
    """Return lines for the trial of a promotion. They belong to no cart and ignore stock.

    `quantities` maps variant id to quantity, `gifts` maps promotion id to variant id.
    """
    units = _units([*quantities, *gifts.values()], market, at)
    lines = [replace(units[pk], line_id=pk, quantity=quantity) for pk, quantity in quantities.items() if pk in units]
    return lines + [replace(units[pk], gift_of=promotion) for promotion, pk in gifts.items() if pk in units]


def _units(variant_ids: Iterable[int], market: Market, at: datetime) -> dict[int, PricedLine]:
    """Return a line with one unit of each variant, belonging to no cart, with one query."""
    variants = Variant.objects.filter(pk__in=list(variant_ids)).select_related("product")
    return {
        variant.pk: PricedLine(
            line_id=0,
            variant=variant,
            quantity=1,
            at=at,
            price=price_from_rows(variant.price_rows),
            supply=supply_from_rows(variant.stock_rows) if variant.is_tracked else UNLIMITED,
            image=picture_of(variant.picture_row),
        )
        for variant in variants.annotate(**_annotations(market, at)).defer(*_long_texts("product"))
    }


def _annotations(market: Market, at: datetime) -> dict[str, RawSQL]:
    """Return annotations with the price, stock and picture of the variant in a query."""
    return {
        "price_rows": valid_price_rows(market, at),
        "stock_rows": ACTIVE_STOCK_ROWS,
        "picture_row": PICTURE_ROW,
    }


def _long_texts(product: str) -> list[str]:
    """Return the names of a product's long texts, which no cart shows; `product` is the path to it."""
    return [f"{product}__{name}" for name in ("description", "safety_text", "maker_details")]
