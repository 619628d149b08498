"""Products as documents: all fields that staff, imports and bulk edits can change, as plain JSON values.

Plans, history, undo and exports all use documents, so they agree on what a product consists of. The plain fields come
from the models: a field that is added to Product, Variant or ProductImage is part of every document from then on.
Amounts are in minor units of their market, times are ISO 8601 in UTC, and decimals are strings.
"""

from collections import defaultdict
from collections.abc import Iterable
from copy import deepcopy
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum
from typing import Any

from django.conf import settings
from django.core.files.storage import default_storage
from django.db import models
from django.utils import timezone

from catalog.formats import moment
from catalog.listings.rows import lineages
from catalog.markets import Market, all_markets, market_of
from catalog.models import Location, Price, Product, ProductImage, Stock, Variant
from catalog.money import format_money
from catalog.prices import current_price

Document = dict[str, Any]


def plain_value(value: Any) -> Any:
    """Convert times, decimals and choices to values that JSON can store."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, Enum):
        return value.value
    return str(value) if isinstance(value, Decimal) else value


def _plain_fields(model: type[models.Model], *others: str) -> tuple[str, ...]:
    """The names of the model's editable fields, without files, references to other rows and these others."""
    return tuple(
        field.name
        for field in model._meta.concrete_fields
        if field.editable
        and field.name not in others
        and not (field.primary_key or field.is_relation or isinstance(field, models.FileField))
    )


def _defaults(model: type[models.Model], names: Iterable[str]) -> Document:
    return {name: plain_value(model._meta.get_field(name).get_default()) for name in names}


PRODUCT_FIELDS = _plain_fields(Product, "handle")
# The option values are the key of a variant, and variants that are not sold are not part of the document.
VARIANT_FIELDS = _plain_fields(Variant, "option1", "option2", "option3", "is_active")
IMAGE_FIELDS = _plain_fields(ProductImage)
NEW_PRODUCT: Document = {
    **_defaults(Product, PRODUCT_FIELDS),
    "category": "",
    "type": "",
    "attributes": [],
    "related": [],
}
NO_PRICES: Document = {"price": None, "sale": None, "sale_until": None, "planned": [], "planned_prices": []}
NEW_VARIANT: Document = {
    **_defaults(Variant, VARIANT_FIELDS),
    "image": "",
    **NO_PRICES,
    "markets": {},
    "on_hand": None,
    "backorder_limit": 0,
}
# `file` says which file is shown. Only the pages and imports that store files change it.
NEW_IMAGE: Document = {**_defaults(ProductImage, IMAGE_FIELDS), "file": ""}
# What the variants of a product usually have in common: how they are taxed, sent and declared.
SHARED_FIELDS = ("is_taxable", "tax_class", "is_gift_card", "needs_shipping", "hs_code", "origin")
PLANS = {"planned": "planned sale", "planned_prices": "planned price"}  # labels by field
CATEGORY_SEPARATOR = " > "


def variant_key(values: Iterable[str]) -> str:
    """The key of a variant in a document: its three option values, separated by line breaks."""
    return "\n".join(values)


def new_document(handle: str) -> Document:
    """An empty document for a new product."""
    return {"handle": handle, "product": deepcopy(NEW_PRODUCT), "options": [], "variants": {}, "images": {}}


def new_variant(product: Document) -> Document:
    """A new variant for the product's document, taxed, sent and declared like the first variant of the product."""
    sibling = next(iter(product["variants"].values()), NEW_VARIANT)
    return {**deepcopy(NEW_VARIANT), **{name: sibling[name] for name in SHARED_FIELDS}}


def image_source(image: ProductImage) -> str:
    """The key of a picture in documents and exports: its source in an import, or its public URL."""
    return image.source or f"{settings.SHOP_URL}{default_storage.url(image.file.name)}"


def read_documents(handles: Iterable[str], market: Market, location: Location) -> dict[str, Document]:
    """Documents of the existing products by handle, with a constant number of queries."""
    queryset = (
        Product.objects.not_withdrawn()
        .filter(handle__in=list(handles))
        .select_related("type")
        .prefetch_related(
            "options", "images", "attribute_values__attribute", "variants__image", "related_rows__related"
        )
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
        self.market = market.code
        ids = [variant.pk for variant in variants]
        self.prices: dict[int, dict[str, list[Price]]] = defaultdict(lambda: defaultdict(list))
        for price in Price.objects.filter(variant_id__in=ids, market__in=all_markets()).order_by("valid"):
            self.prices[price.variant_id][price.market].append(price)
        self.stock = {stock.variant_id: stock for stock in Stock.objects.filter(variant_id__in=ids, location=location)}
        self.categories = category_names(category_ids)

    def document(self, product: Product) -> Document:
        fields = {name: plain_value(getattr(product, name)) for name in PRODUCT_FIELDS}
        fields["category"] = self.categories.get(product.category_id, "") if product.category_id else ""
        fields["type"] = product.type.name if product.type else ""
        fields["attributes"] = sorted(f"{v.attribute.code}={v.slug}" for v in product.attribute_values.all())
        fields["related"] = [row.related.handle for row in product.related_rows.all()]
        return {
            "handle": product.handle,
            "product": fields,
            "options": [option.name for option in product.options.all()],
            "variants": {
                variant_key((variant.option1, variant.option2, variant.option3)): self._variant(variant)
                for variant in product.variants.all()
                if variant.is_active
            },
            "images": {image_source(image): self._image(image) for image in product.images.all()},
        }

    def _variant(self, variant: Variant) -> Document:
        fields = {name: plain_value(getattr(variant, name)) for name in VARIANT_FIELDS}
        fields["image"] = image_source(variant.image) if variant.image else ""
        stock = self.stock.get(variant.pk) if variant.is_tracked else None
        fields["on_hand"] = stock.on_hand if stock else None
        fields["backorder_limit"] = stock.backorder_limit if stock else 0
        rows = self.prices[variant.pk]
        fields |= self._prices(rows[self.market])
        prices = {code: self._prices(rows[code]) for code in sorted(rows) if code != self.market}
        fields["markets"] = {code: in_market for code, in_market in prices.items() if in_market != NO_PRICES}
        return fields

    def _image(self, image: ProductImage) -> Document:
        return {**{name: plain_value(getattr(image, name)) for name in IMAGE_FIELDS}, "file": image.file.name or ""}

    def _prices(self, rows: list[Price]) -> Document:
        price = current_price(rows, self.now)
        is_sale = price is not None and price.is_on_sale
        return {
            "price": price.regular_minor if price else None,
            "sale": price.amount_minor if price and is_sale else None,
            "sale_until": plain_value(price.ends_at) if price and is_sale else None,
            "planned": self._planned(rows, Price.Kind.SALE),
            "planned_prices": self._planned(rows, Price.Kind.REGULAR),
        }

    def _planned(self, rows: list[Price], kind: Price.Kind) -> list[list[Any]]:
        """The prices of this kind that have not begun, as [minor units, begins, ends]."""
        return [
            [row.amount_minor, plain_value(row.valid.lower), plain_value(row.valid.upper)]
            for row in rows
            if row.kind == kind and row.valid.lower and row.valid.lower > self.now
        ]


def category_names(category_ids: Iterable[int]) -> dict[int, str]:
    """The names of each category from the root down, by id: `Home > Mugs`."""
    lines = lineages(category_ids)
    return {pk: CATEGORY_SEPARATOR.join(category.name for category in line) for pk, line in lines.items()}


def known_part(present: Document | None, stored: Document | None) -> Document | None:
    """The present document with only those fields that the stored one has.

    Documents in runs are older than the fields that were added since. They say nothing about those.
    """
    if present is None or stored is None:
        return present
    return {
        **present,
        "product": _known_fields(present["product"], stored["product"]),
        **{
            kind: {key: _known_fields(fields, stored[kind].get(key, fields)) for key, fields in present[kind].items()}
            for kind in ("variants", "images")
        },
    }


def _known_fields(present: Document, stored: Document) -> Document:
    known = {name: value for name, value in present.items() if name in stored}
    if "markets" in known:
        known["markets"] = {
            code: _known_fields(prices, stored["markets"].get(code, prices))
            for code, prices in known["markets"].items()
        }
    return known


def is_priced(document: Document) -> bool:
    """Whether one of the variants has a price in the default market."""
    return any(variant["price"] is not None for variant in document["variants"].values())


Difference = list[Any]  # [label, before, after]; a list because it is stored as JSON


def differences(before: Document | None, after: Document | None, currency: str) -> list[Difference]:
    """The differences between two documents, with labels and amounts formatted for staff."""
    if before is None and after is None:
        return []
    if before is None or after is None:
        return [["product", "–", "new"] if before is None else ["product", "existing", "–"]]
    rows = [] if before["handle"] == after["handle"] else [["handle", before["handle"], after["handle"]]]
    rows += [
        [_label(name), before["product"].get(name), value]
        for name, value in after["product"].items()
        if before["product"].get(name) != value
    ]
    if before["options"] != after["options"]:
        rows.append(["options", ", ".join(before["options"]), ", ".join(after["options"])])
    rows += _part_differences("variant", before["variants"], after["variants"], currency)
    rows += _part_differences("picture", before["images"], after["images"], currency)
    return rows


def _part_differences(kind: str, before: Document, after: Document, currency: str) -> list[Difference]:
    rows: list[Difference] = []
    for key in [*after, *(key for key in before if key not in after)]:
        name = f"{kind} {_part_name(key)}"
        if key not in before:
            rows.append([name, "–", "new"])
        elif key not in after:
            rows.append([name, "existing", "–"])
        else:
            fields = _field_differences(before[key], after[key], currency)
            rows += [[f"{name}: {label}", *values] for label, *values in fields]
    return rows


def _field_differences(before: Document, after: Document, currency: str) -> list[Difference]:
    """The differences of one variant or picture, with the prices in each market."""
    rows = [
        [
            _label(field),
            _display_value(field, before.get(field), currency),
            _display_value(field, value, currency),
        ]
        for field, value in after.items()
        if field != "markets" and before.get(field) != value
    ]
    prices_before, prices_after = before.get("markets", {}), after.get("markets", {})
    for code in sorted({*prices_before, *prices_after}):
        was, becomes = prices_before.get(code, NO_PRICES), prices_after.get(code, NO_PRICES)
        rows += [
            [f"{label} ({code})", *values]
            for label, *values in _field_differences(was, becomes, market_of(code).currency)
        ]
    return rows


def _part_name(key: str) -> str:
    """The option values on one line, or the last part of a picture's URL."""
    text = key.rsplit("/", 1)[-1] if "://" in key else key
    return text.strip().replace("\n", " · ") or "(the only one)"


def _planned_text(amount: int, begins: str, ends: str | None, currency: str) -> str:
    """`€19.20 from 1 Dec 2026, 00:00 to 24 Dec 2026, 00:00`, in the shop's time zone."""
    times = [moment(datetime.fromisoformat(time)) for time in (begins, ends) if time]
    return f"{format_money(amount, currency)} from {' to '.join(times)}"


def _label(name: str) -> str:
    if name in PLANS:
        return PLANS[name]
    return name.removesuffix("_minor").replace("_", " ")


def _display_value(name: str, value: Any, currency: str) -> Any:
    if name in PLANS:
        return "; ".join(_planned_text(*plan, currency) for plan in value or [])
    return format_money(value, currency) if name in ("price", "sale") and value is not None else value
