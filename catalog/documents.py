"""A product as one document: everything that staff, imports and bulk edits may change of it, as plain values.

Plans, histories, undo and exports all speak of documents, so they cannot disagree about what a product is. Money is
in minor units of the default market, times are ISO 8601 in UTC, decimals are text.
"""

from collections import defaultdict
from collections.abc import Iterable
from copy import deepcopy
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.core.files.storage import default_storage
from django.utils import timezone

from catalog.formats import moment
from catalog.markets import Market
from catalog.models import Category, Location, Price, Product, ProductImage, Stock, Variant
from catalog.money import format_money
from catalog.prices import current_price

Document = dict[str, Any]

PRODUCT_FIELDS = (
    "slug",
    "title",
    "status",
    "vendor",
    "description",
    "tags",
    "seo_title",
    "seo_description",
    "publish_at",
    "unpublish_at",
    "maker_details",
    "safety_text",
    "position",
)
VARIANT_FIELDS = (
    "position",
    "sku",
    "barcode",
    "grams",
    "length_mm",
    "width_mm",
    "height_mm",
    "hs_code",
    "origin",
    "content",
    "content_unit",
    "base",
    "base_unit",
    "is_tracked",
    "low_stock_at",
    "most_per_order",
    "is_taxable",
    "needs_shipping",
)
NEW_PRODUCT: Document = {
    "title": "",
    "status": "draft",
    "category": "",
    "type": "",
    "attributes": [],
    "vendor": "",
    "description": "",
    "tags": [],
    "seo_title": "",
    "seo_description": "",
    "publish_at": None,
    "unpublish_at": None,
    "maker_details": "",
    "safety_text": "",
    "position": 0,
    "slug": "",
}
NEW_VARIANT: Document = {
    "position": 1,
    "sku": "",
    "barcode": "",
    "grams": 0,
    "length_mm": None,
    "width_mm": None,
    "height_mm": None,
    "hs_code": "",
    "origin": "",
    "content": None,
    "content_unit": "",
    "base": None,
    "base_unit": "",
    "is_tracked": True,
    "low_stock_at": 5,
    "most_per_order": None,
    "is_taxable": True,
    "needs_shipping": True,
    "image": "",
    "price": None,
    "sale": None,
    "sale_until": None,
    "planned": [],
    "on_hand": None,
    "backorder_limit": 0,
}
CATEGORY_SEPARATOR = " > "


def variant_key(values: Iterable[str]) -> str:
    """How a document names a variant: its three option values, one a line."""
    return "\n".join(values)


def new_document(handle: str) -> Document:
    """A product that does not exist yet, as empty as can be."""
    return {"handle": handle, "product": deepcopy(NEW_PRODUCT), "options": [], "variants": {}, "images": {}}


def image_source(image: ProductImage) -> str:
    """How documents and exports name a picture: where an import said it comes from, else its public address."""
    return image.source or f"{settings.SHOP_URL}{default_storage.url(image.file.name)}"


def read_documents(handles: Iterable[str], market: Market, location: Location) -> dict[str, Document]:
    """The documents of those products that there are, by handle: a constant number of queries."""
    products = (
        Product.objects.kept()
        .filter(handle__in=list(handles))
        .select_related("type")
        .prefetch_related("options", "images", "attribute_values__attribute", "variants__image")
        .order_by("pk")
    )
    found = list(products)
    variants = [variant for product in found for variant in product.variants.all() if variant.is_active]
    shelf = _Shelf(variants, {product.category_id for product in found if product.category_id}, market, location)
    return {product.handle: shelf.document(product) for product in found}


class _Shelf:
    """What the documents of many products share, read once."""

    def __init__(self, variants: list[Variant], category_ids: set[int], market: Market, location: Location) -> None:
        self.now = timezone.now()
        ids = [variant.pk for variant in variants]
        self.prices: dict[int, list[Price]] = defaultdict(list)
        for price in Price.objects.filter(variant_id__in=ids, market=market.code).order_by("valid"):
            self.prices[price.variant_id].append(price)
        self.stock = {stock.variant_id: stock for stock in Stock.objects.filter(variant_id__in=ids, location=location)}
        self.categories = category_names(category_ids)

    def document(self, product: Product) -> Document:
        facts = {name: plain_value(getattr(product, name)) for name in PRODUCT_FIELDS}
        facts["category"] = self.categories.get(product.category_id, "") if product.category_id else ""
        facts["type"] = product.type.name if product.type else ""
        facts["attributes"] = sorted(f"{v.attribute.code}={v.slug}" for v in product.attribute_values.all())
        return {
            "handle": product.handle,
            "product": facts,
            "options": [option.name for option in product.options.all()],
            "variants": {
                variant_key((variant.option1, variant.option2, variant.option3)): self._variant(variant)
                for variant in product.variants.all()
                if variant.is_active
            },
            "images": {
                image_source(image): {"position": image.position, "alt": image.alt} for image in product.images.all()
            },
        }

    def _variant(self, variant: Variant) -> Document:
        facts = {name: plain_value(getattr(variant, name)) for name in VARIANT_FIELDS}
        facts["image"] = image_source(variant.image) if variant.image else ""
        stock = self.stock.get(variant.pk) if variant.is_tracked else None
        facts["on_hand"] = stock.on_hand if stock else None
        facts["backorder_limit"] = stock.backorder_limit if stock else 0
        return facts | self._prices(self.prices[variant.pk])

    def _prices(self, rows: list[Price]) -> Document:
        price = current_price(rows, self.now)
        is_sale = price is not None and price.is_on_sale
        return {
            "price": price.regular_minor if price else None,
            "sale": price.amount_minor if price and is_sale else None,
            "sale_until": plain_value(price.ends_at) if price and is_sale else None,
            "planned": [
                [row.amount_minor, plain_value(row.valid.lower), plain_value(row.valid.upper)]
                for row in rows
                if row.kind == Price.Kind.SALE and row.valid.lower and row.valid.lower > self.now
            ],
        }


def plain_value(value: Any) -> Any:
    """The value as JSON can hold it."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    return str(value) if isinstance(value, Decimal) else value


def category_names(category_ids: Iterable[int]) -> dict[int, str]:
    """Each category by the names from the root down: `Home > Mugs`."""
    paths = dict(Category.objects.filter(pk__in=list(category_ids)).values_list("pk", "path"))
    above = {"/".join(path.split("/")[: n + 1]) for path in paths.values() for n in range(path.count("/") + 1)}
    names = dict(Category.objects.filter(path__in=above).values_list("path", "name"))
    return {
        pk: CATEGORY_SEPARATOR.join(names["/".join(path.split("/")[: n + 1])] for n in range(path.count("/") + 1))
        for pk, path in paths.items()
    }


Difference = list[Any]  # [what, before, after], as JSON keeps it


def differences(before: Document | None, after: Document | None, currency: str) -> list[Difference]:
    """What one has and the other has not, in the words that staff read."""
    if before is None or after is None:
        return [["product", "–" if before is None else "there", "–" if after is None else "there"]]
    rows = [
        [_words(name), before["product"].get(name), value]
        for name, value in after["product"].items()
        if before["product"].get(name) != value
    ]
    if before["options"] != after["options"]:
        rows.append(["options", ", ".join(before["options"]), ", ".join(after["options"])])
    rows += _group("variant", before["variants"], after["variants"], currency)
    rows += _group("picture", before["images"], after["images"], currency)
    return rows


def _group(kind: str, before: Document, after: Document, currency: str) -> list[Difference]:
    rows: list[Difference] = []
    for key in [*after, *(key for key in before if key not in after)]:
        name = f"{kind} {_short(key)}"
        if key not in before:
            rows.append([name, "–", "new"])
        elif key not in after:
            rows.append([name, "there", "–"])
        else:
            rows += [
                [
                    f"{name}: {_words(field)}",
                    _shown(field, before[key].get(field), currency),
                    _shown(field, value, currency),
                ]
                for field, value in after[key].items()
                if before[key].get(field) != value
            ]
    return rows


def _short(key: str) -> str:
    """Option values on one line; of a picture's address the end."""
    text = key.rsplit("/", 1)[-1] if "://" in key else key
    return text.strip().replace("\n", " · ") or "(the only one)"


def _sale_in_words(amount: int, begins: str, ends: str | None, currency: str) -> str:
    """`€19.20 from 1 Dec 2026, 00:00 to 24 Dec 2026, 00:00`, in the shop's own time."""
    times = [moment(datetime.fromisoformat(time)) for time in (begins, ends) if time]
    return f"{format_money(amount, currency)} from {' to '.join(times)}"


def _words(name: str) -> str:
    if name == "planned":
        return "planned sale"
    return name.removesuffix("_minor").replace("_", " ")


def _shown(name: str, value: Any, currency: str) -> Any:
    if name == "planned":
        return "; ".join(_sale_in_words(*sale, currency) for sale in value or [])
    return format_money(value, currency) if name in ("price", "sale") and value is not None else value
