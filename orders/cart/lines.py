"""Read the lines of a cart with their current prices, stock and images, in one query for any number of lines."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import connection
from django.db.models import Model
from django.utils import timezone

from catalog.inventory.availability import UNLIMITED, StockRow, Supply, supply_of
from catalog.markets import Market
from catalog.models import Product, ProductImage, Variant
from catalog.money import format_money
from catalog.prices import CurrentPrice, price_from_rows
from catalog.products.promises import backorder_promise, dispatch_promise
from orders.delivery.dates import Dispatch
from orders.models import CartLine
from orders.pricing import Line

State = CartLine.State
CART_LIMIT = 99  # units of one variant in a cart, as the table's constraint says


@dataclass(frozen=True)
class PricedLine:
    """A cart line as pages show it. A free gift of a promotion has no cart line: its `line_id` is 0."""

    line_id: int
    variant: Variant
    quantity: int
    price: CurrentPrice | None
    available: int | None
    image: ProductImage | None
    at: datetime
    supply: Supply = UNLIMITED
    state: str = State.ACTIVE
    changed_at: datetime | None = None
    seen_minor: int | None = None
    asked_quantity: int | None = None
    elsewhere: int = 0  # units of the same variant in other lines: gift cards for other people
    categories: tuple[int, ...] = ()
    gift_of: int | None = None
    shown_minor: int | None = None

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
        return max(0, min([CART_LIMIT, *(number - self.elsewhere for number in limits)]))

    @property
    def limit_sentence(self) -> str:
        """A sentence about the limit of this line, for cart, drawer and checkout."""
        numbers = (self.available, self.variant.most_per_order)
        most = min(CART_LIMIT if number is None else number for number in numbers)
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

    def as_pricing_line(self, collections: Iterable[int] = ()) -> Line:
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
            categories=self.categories,
            collections=tuple(collections),
            tax_class=variant.tax_class if variant.is_taxable and not variant.is_gift_card else "",
            is_on_sale=self.price.is_on_sale,
            is_gift_card=variant.is_gift_card,
            gift_of=self.gift_of,
        )


def cart_lines(cart_id: Any, market: Market, at: datetime) -> list[PricedLine]:
    """Return all lines of the cart, in any state, in the order in which they were added, with one query."""
    rows = list(_read(OF_A_CART, {"cart": cart_id}, market, at))
    units: Counter[int] = Counter()
    for row in rows:
        units[row.variant.pk] += row.quantity if row.state == State.ACTIVE else 0
    return [
        PricedLine(
            line_id=row.line_id,
            variant=row.variant,
            quantity=row.quantity,
            at=at,
            state=row.state,
            changed_at=row.changed_at,
            seen_minor=row.seen_minor,
            asked_quantity=row.asked_quantity,
            elsewhere=units[row.variant.pk] - row.quantity if row.state == State.ACTIVE else 0,
            **row.line_fields,
        )
        for row in rows
    ]


def promotion_gifts(gifts: dict[int, int], market: Market, at: datetime) -> list[PricedLine]:
    """Return one unit of each gift that is available now, with one query. `gifts` maps promotion id to variant id."""
    lines = _gifts(
        {variant: promotion for promotion, variant in gifts.items()}, _variants(gifts.values(), market, at), at
    )
    return [line for line in lines if line.is_sold and line.available != 0]


def example_lines(
    quantities: Mapping[int, int], gifts: Mapping[int, int], market: Market, at: datetime
) -> list[PricedLine]:
    """Return lines for a trial, which are in no cart and ignore stock.

    `quantities` maps variant id to quantity, `gifts` maps variant id to promotion id.
    """
    rows = _variants([*quantities, *gifts], market, at)
    lines = [
        PricedLine(line_id=pk, variant=rows[pk].variant, quantity=quantity, at=at, **rows[pk].line_fields)
        for pk, quantity in quantities.items()
        if pk in rows
    ]
    return lines + _gifts(gifts, rows, at)


def _gifts(gifts: Mapping[int, int], rows: Mapping[int, "_Row"], at: datetime) -> list[PricedLine]:
    return [
        PricedLine(line_id=0, variant=rows[pk].variant, quantity=1, at=at, gift_of=promotion, **rows[pk].line_fields)
        for pk, promotion in gifts.items()
        if pk in rows
    ]


def _variants(ids: Iterable[int], market: Market, at: datetime) -> dict[int, "_Row"]:
    return {row.variant.pk: row for row in _read(BY_ID, {"variants": list(ids)}, market, at)}


def _columns(model: type[Model], alias: str, names: Iterable[str] = ()) -> tuple[list[str], str]:
    """Return the attribute names of a model's fields (all, or those in `names`) and the SQL that selects them."""
    selected = list(names)
    fields = [field for field in model._meta.concrete_fields if not selected or field.attname in selected]
    return [field.attname for field in fields], ", ".join(f"{alias}.{field.column}" for field in fields)


VARIANT, OF_VARIANT = _columns(Variant, "v")
PRODUCT, OF_PRODUCT = _columns(
    Product, "p", ("id", "handle", "slug", "title", "status", "category_id", "publish_at", "unpublish_at", "vendor",
     "dispatch_days", "is_returnable", "return_days"),
)  # fmt: skip
PICTURE, OF_PICTURE = _columns(ProductImage, "i")

# Plain SQL composed once at import: building the query with the ORM for each page took longer than running it.
READ = f"""
SELECT wanted.*, {OF_VARIANT}, {OF_PRODUCT}, {OF_PICTURE},
  (SELECT coalesce(json_agg(json_build_object('id', x.id, 'kind', x.kind, 'minor', x.amount_minor, 'currency', x.currency)),
     '[]') FROM catalog_price x WHERE x.variant_id = v.id AND x.market = %(market)s AND x.valid @> %(at)s),
  (SELECT coalesce(json_agg(json_build_array(s.on_hand - s.reserved, s.backorder_limit, s.backorder_date)), '[]')
     FROM catalog_stock s JOIN catalog_location o ON o.id = s.location_id AND o.is_active WHERE s.variant_id = v.id),
  ARRAY(SELECT a.id FROM catalog_category a WHERE starts_with(c.path || '/', a.path || '/') ORDER BY a.path)
FROM ({{rows}}) AS wanted
JOIN catalog_variant v ON v.id = wanted.variant_id
JOIN catalog_product p ON p.id = v.product_id
LEFT JOIN catalog_category c ON c.id = p.category_id
LEFT JOIN LATERAL (
  SELECT * FROM catalog_productimage i WHERE i.id = v.image_id
  UNION ALL
  (SELECT * FROM catalog_productimage i WHERE v.image_id IS NULL AND i.product_id = p.id AND i.file <> ''
   ORDER BY i.position, i.id LIMIT 1)
) i ON true
ORDER BY wanted.line_id
"""  # noqa: S608  (names of our own columns)
LINE = ("line_id", "variant_id", "quantity", "state", "changed_at", "seen_minor", "asked_quantity")
OF_A_CART = READ.replace(
    "{rows}",
    "SELECT id AS line_id, variant_id, quantity, state, changed_at, seen_minor, asked_quantity FROM orders_cartline"
    " WHERE cart_id = %(cart)s",
)
BY_ID = READ.replace(
    "{rows}",
    "SELECT 0::bigint AS line_id, id AS variant_id, 1 AS quantity, '' AS state, now() AS changed_at, NULL::bigint AS"
    " seen_minor, NULL::int AS asked_quantity FROM unnest(%(variants)s::bigint[]) AS id",
)


@dataclass(frozen=True)
class _Row:
    """A row of the query. `line_fields` are further arguments of PricedLine."""

    line_id: int
    quantity: int
    state: str
    changed_at: datetime
    seen_minor: int | None
    asked_quantity: int | None
    variant: Variant
    line_fields: dict[str, Any]


def _read(statement: str, parameters: dict[str, Any], market: Market, at: datetime) -> list[_Row]:
    with connection.cursor() as cursor:
        cursor.execute(statement, {**parameters, "market": market.code, "at": at})
        return [_row(values) for values in cursor.fetchall()]


def _row(values: tuple[Any, ...]) -> _Row:
    parts, start = [], 0
    for length in (len(LINE), len(VARIANT), len(PRODUCT), len(PICTURE)):
        parts.append(values[start : start + length])
        start += length
    line, of_variant, of_product, of_picture = parts
    prices, stock, category_ids = values[start:]
    variant = Variant.from_db("default", VARIANT, of_variant)
    variant.product = Product.from_db("default", PRODUCT, of_product)
    supply = supply_of(map(_stock_row, stock), timezone.localdate()) if variant.is_tracked else UNLIMITED
    line_fields = {
        "price": price_from_rows(prices),
        "available": supply.available,
        "supply": supply,
        "image": ProductImage.from_db("default", PICTURE, of_picture) if of_picture[0] else None,
        "categories": tuple(category_ids),
    }
    line_id, _, quantity, state, changed_at, seen_minor, asked_quantity = line
    return _Row(line_id, quantity, state, changed_at, seen_minor, asked_quantity, variant, line_fields)


def _stock_row(row: tuple[int, int, str | None]) -> StockRow:
    """Convert a row of JSON: units on hand minus reserved, backorder limit, and the day of the next delivery."""
    unreserved, limit, day = row
    return StockRow(unreserved, limit, date.fromisoformat(day) if day else None)
