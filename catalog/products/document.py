"""Products as documents: all fields that staff, imports and bulk edits can change, as plain JSON values.

Plans, history, undo and exports all use documents, so they agree on what a product consists of. Amounts are in minor
units of the default market, times are ISO 8601 in UTC, and decimals are strings.
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
    """The key of a variant in a document: its three option values, separated by line breaks."""
    return "\n".join(values)


def new_document(handle: str) -> Document:
    """An empty document for a new product."""
    return {"handle": handle, "product": deepcopy(NEW_PRODUCT), "options": [], "variants": {}, "images": {}}


def image_source(image: ProductImage) -> str:
    """The key of a picture in documents and exports: its source in an import, or its public URL."""
    return image.source or f"{settings.SHOP_URL}{default_storage.url(image.file.name)}"


def read_documents(handles: Iterable[str], market: Market, location: Location) -> dict[str, Document]:
    """Documents of the existing products by handle, with a constant number of queries."""
    queryset = (
        Product.objects.not_withdrawn()
        .filter(handle__in=list(handles))
        .select_related("type")
        .prefetch_related("options", "images", "attribute_values__attribute", "variants__image")
        .order_by("pk")
    )
    products = list(queryset)
    variants = [variant for product in products for variant in product.variants.all() if variant.is_active]
    category_ids = {product.category_id for product in products if product.category_id}
    builder = _DocumentBuilder(variants, category_ids, market, location)
    return {product.handle: builder.document(product) for product in products}


class _DocumentBuilder:
    """Builds documents from prices, stock and category names that are read once for many products."""

    def __init__(self, variants: list[Variant], category_ids: set[int], market: Market, location: Location) -> None:
        self.now = timezone.now()
        ids = [variant.pk for variant in variants]
        self.prices: dict[int, list[Price]] = defaultdict(list)
        for price in Price.objects.filter(variant_id__in=ids, market=market.code).order_by("valid"):
            self.prices[price.variant_id].append(price)
        self.stock = {stock.variant_id: stock for stock in Stock.objects.filter(variant_id__in=ids, location=location)}
        self.categories = category_names(category_ids)

    def document(self, product: Product) -> Document:
        fields = {name: plain_value(getattr(product, name)) for name in PRODUCT_FIELDS}
        fields["category"] = self.categories.get(product.category_id, "") if product.category_id else ""
        fields["type"] = product.type.name if product.type else ""
        fields["attributes"] = sorted(f"{v.attribute.code}={v.slug}" for v in product.attribute_values.all())
        return {
            "handle": product.handle,
            "product": fields,
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
        fields = {name: plain_value(getattr(variant, name)) for name in VARIANT_FIELDS}
        fields["image"] = image_source(variant.image) if variant.image else ""
        stock = self.stock.get(variant.pk) if variant.is_tracked else None
        fields["on_hand"] = stock.on_hand if stock else None
        fields["backorder_limit"] = stock.backorder_limit if stock else 0
        return fields | self._prices(self.prices[variant.pk])

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
    """Convert times and decimals to strings, which JSON can store."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    return str(value) if isinstance(value, Decimal) else value


def category_names(category_ids: Iterable[int]) -> dict[int, str]:
    """The names of each category from the root down, by id: `Home > Mugs`."""
    paths = dict(Category.objects.filter(pk__in=list(category_ids)).values_list("pk", "path"))
    above = {"/".join(path.split("/")[: n + 1]) for path in paths.values() for n in range(path.count("/") + 1)}
    names = dict(Category.objects.filter(path__in=above).values_list("path", "name"))
    return {
        pk: CATEGORY_SEPARATOR.join(names["/".join(path.split("/")[: n + 1])] for n in range(path.count("/") + 1))
        for pk, path in paths.items()
    }


Difference = list[Any]  # [label, before, after]; a list because it is stored as JSON


def differences(before: Document | None, after: Document | None, currency: str) -> list[Difference]:
    """The differences between two documents, with labels and amounts formatted for staff."""
    if before is None or after is None:
        return [["product", "–", "new"] if before is None else ["product", "existing", "–"]]
    rows = [
        [_label(name), before["product"].get(name), value]
        for name, value in after["product"].items()
        if before["product"].get(name) != value
    ]
    if before["options"] != after["options"]:
        rows.append(["options", ", ".join(before["options"]), ", ".join(after["options"])])
    rows += _item_differences("variant", before["variants"], after["variants"], currency)
    rows += _item_differences("picture", before["images"], after["images"], currency)
    return rows


def _item_differences(kind: str, before: Document, after: Document, currency: str) -> list[Difference]:
    rows: list[Difference] = []
    for key in [*after, *(key for key in before if key not in after)]:
        name = f"{kind} {_item_name(key)}"
        if key not in before:
            rows.append([name, "–", "new"])
        elif key not in after:
            rows.append([name, "existing", "–"])
        else:
            rows += [
                [
                    f"{name}: {_label(field)}",
                    _display_value(field, before[key].get(field), currency),
                    _display_value(field, value, currency),
                ]
                for field, value in after[key].items()
                if before[key].get(field) != value
            ]
    return rows


def _item_name(key: str) -> str:
    """The option values on one line, or the last part of a picture's URL."""
    text = key.rsplit("/", 1)[-1] if "://" in key else key
    return text.strip().replace("\n", " · ") or "(the only one)"


def _sale_text(amount: int, begins: str, ends: str | None, currency: str) -> str:
    """`€19.20 from 1 Dec 2026, 00:00 to 24 Dec 2026, 00:00`, in the shop's time zone."""
    times = [moment(datetime.fromisoformat(time)) for time in (begins, ends) if time]
    return f"{format_money(amount, currency)} from {' to '.join(times)}"


def _label(name: str) -> str:
    if name == "planned":
        return "planned sale"
    return name.removesuffix("_minor").replace("_", " ")


def _display_value(name: str, value: Any, currency: str) -> Any:
    if name == "planned":
        return "; ".join(_sale_text(*sale, currency) for sale in value or [])
    return format_money(value, currency) if name in ("price", "sale") and value is not None else value
