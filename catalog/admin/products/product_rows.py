"""The rows of the product list: what a row shows of a product, in words."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Count, F, Max, Q, Sum

from catalog.admin.products.badges import Badge, badges_of
from catalog.clock import shop_now
from catalog.formats import NOTHING, count_of, money
from catalog.inventory.availability import stock_class
from catalog.markets import default_market
from catalog.models import Price, Product, ProductImage, Variant
from catalog.products.completeness import Completeness, completeness_of


@dataclass(frozen=True)
class StockCell:
    """How many units are available, with the colour of its urgency."""

    text: str
    look: str = ""


NOT_COUNTED = StockCell("Not counted", "muted")


@dataclass(frozen=True)
class PriceCell:
    """The price or the range of prices, and the price before a sale."""

    text: str = NOTHING
    before: str = ""
    is_on_sale: bool = False


@dataclass(frozen=True)
class Row:
    """What the list shows of one product."""

    product: Product
    image: ProductImage | None
    facts: str
    badges: Sequence[Badge]
    price: PriceCell
    stock: StockCell
    completeness: Completeness


def _category_of(product: Product) -> str:
    return product.category.name if product.category else "No category"


def rows_of(products: Sequence[Product]) -> list[Row]:
    """The rows of these products, with a constant number of queries."""
    ids = [product.pk for product in products]
    if not ids:
        return []
    prices, variants, complete = _prices(ids), _variants(ids), completeness_of(products)
    return [
        Row(
            product,
            _first_image(product),
            f"{variants.get(product.pk, _Variants()).text} · {_category_of(product)}",
            badges_of(product, is_on_sale=prices.get(product.pk, PriceCell()).is_on_sale),
            prices.get(product.pk, PriceCell()),
            variants.get(product.pk, _Variants()).stock,
            complete[product.pk],
        )
        for product in products
    ]


def _first_image(product: Product) -> ProductImage | None:
    return next((image for image in product.images.all() if image.file), None)


@dataclass(frozen=True)
class _Variants:
    """What a row says of the variants for sale: their number, or the SKU of the only one, and their stock."""

    text: str = "No variants"
    stock: StockCell = NOT_COUNTED


def _variants(ids: Iterable[int]) -> dict[int, _Variants]:
    is_counted = Q(is_tracked=True, stock__location__is_active=True)
    rows = Variant.objects.filter(product_id__in=ids, is_active=True).order_by().values("product_id")
    sums = rows.annotate(
        count=Count("id", distinct=True),
        only_sku=Max("sku"),
        available=Sum(F("stock__on_hand") - F("stock__reserved"), filter=is_counted),
    )
    return {
        row["product_id"]: _Variants(
            row["only_sku"] if row["count"] == 1 and row["only_sku"] else count_of(row["count"], "variant"),
            NOT_COUNTED if row["available"] is None else stock_cell(row["available"]),
        )
        for row in sums
    }


def stock_cell(available: int) -> StockCell:
    """`184 available`, `4 left` or `Out of stock`."""
    kind = stock_class(available)
    if kind == "out":
        return StockCell("Out of stock", "red strong")
    return StockCell(f"{available:,} left", "amber strong") if kind == "low" else StockCell(f"{available:,} available")


def _prices(ids: Sequence[int]) -> dict[int, PriceCell]:
    """The current prices of the variants for sale in the default market, by product id."""
    market = default_market()
    rows = Price.objects.filter(
        variant__product_id__in=ids, variant__is_active=True, market=market.code, valid__contains=shop_now()
    )
    variants: dict[int, dict[int, dict[str, int]]] = {}
    for product_id, variant_id, kind, amount in rows.values_list(
        "variant__product_id", "variant_id", "kind", "amount_minor"
    ):
        variants.setdefault(product_id, {}).setdefault(variant_id, {})[kind] = amount
    priced = {pk: [row for row in found.values() if Price.Kind.REGULAR in row] for pk, found in variants.items()}
    return {pk: _price_cell(found, market.currency) for pk, found in priced.items() if found}


def _price_cell(variants: Sequence[Mapping[str, int]], currency: str) -> PriceCell:
    """The prices of variants by kind, with the price before a sale if there is only one."""
    paid = [min(prices.values()) for prices in variants]
    regular = [prices[Price.Kind.REGULAR] for prices in variants]
    is_on_sale = paid != regular
    is_one_price = is_on_sale and len({*zip(paid, regular, strict=True)}) == 1
    return PriceCell(
        price_range(*paid, currency=currency), money(regular[0], currency) if is_one_price else "", is_on_sale
    )


def price_range(*amounts: int, currency: str) -> str:
    """`€24.00` or `€24.00 – €28.00`."""
    lowest, highest = min(amounts), max(amounts)
    text = money(lowest, currency)
    return text if lowest == highest else f"{text} – {money(highest, currency)}"
