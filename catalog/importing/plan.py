"""Plan an import or a bulk edit: compare products with what they should become, without writing anything."""

import hashlib
import json
import re
from collections.abc import Iterable
from copy import deepcopy
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from catalog.formats import NOTHING, moment
from catalog.importing.cells import RefusedRow
from catalog.importing.shopify import FileProduct, FileVariant, Problem, Reading
from catalog.markets import Market
from catalog.models import Category, Location
from catalog.products.categories import category_path
from catalog.products.document import (
    CATEGORY_SEPARATOR,
    NEW_IMAGE,
    NO_PRICES,
    Difference,
    Document,
    category_names,
    differences,
    is_priced,
    new_document,
    new_variant,
    read_documents,
    variant_key,
)

# The file's "Continue selling when out of stock" has no limit, so this one is too high to be reached by accident.
OVERSELL_LIMIT = 10_000
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?[+-]\d\d:\d\d")  # the format of times in documents
CHUNK = 500  # products compared at a time


@dataclass
class PlannedChange:
    """One product before and after the change; None if it does not exist then. `line` is its line in the file."""

    handle: str
    line: int
    before: Document | None
    after: Document | None
    differences: list[Difference]

    @property
    def is_new(self) -> bool:
        return self.before is None


@dataclass
class Plan:
    """The changes of one import or edit, the handles of unchanged products, and the problems found."""

    changes: list[PlannedChange] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    @property
    def new(self) -> list[PlannedChange]:
        return [change for change in self.changes if change.is_new]

    @property
    def changed(self) -> list[PlannedChange]:
        return [change for change in self.changes if not change.is_new]

    @property
    def skipped(self) -> list[Problem]:
        return [problem for problem in self.problems if problem.is_fatal]

    @property
    def counts(self) -> dict[str, int]:
        return {
            "new": len(self.new),
            "changed": len(self.changed),
            "unchanged": len(self.unchanged),
            "skipped": len(self.skipped),
        }

    def __str__(self) -> str:
        return "{new} new, {changed} changed, {unchanged} unchanged, {skipped} refused".format(**self.counts)

    def as_json(self) -> str:
        return json.dumps(asdict(self))

    @staticmethod
    def from_json(text: str) -> "Plan":
        stored = json.loads(text)
        return Plan(
            changes=[PlannedChange(**change) for change in stored["changes"]],
            unchanged=stored["unchanged"],
            problems=[Problem(**problem) for problem in stored["problems"]],
        )


def plan_import(reading: Reading, market: Market, location: Location) -> Plan:
    """Plan the import of these products. Writes nothing."""
    plan = Plan(problems=list(reading.problems))
    _unify_category_names(reading.products)
    for start in range(0, len(reading.products), CHUNK):
        group = reading.products[start : start + CHUNK]
        existing = read_documents((product.handle for product in group), market, location)
        for product in group:
            _plan_product(plan, product, existing.get(product.handle), market)
    return plan


def _unify_category_names(products: list[FileProduct]) -> None:
    """Spell each category one way: as it is stored, or as the file first spells it (`Ear hook` and `Ear Hook`)."""
    categorized = [product.fields for product in products if product.fields.get("category")]
    spellings: dict[str, str] = {}
    for fields in categorized:
        spellings.setdefault(category_path(fields["category"].split(CATEGORY_SEPARATOR)), fields["category"])
    existing = Category.objects.filter(path__in=spellings)
    names = category_names([category.pk for category in existing])
    spellings |= {category.path: names[category.pk] for category in existing}
    for fields in categorized:
        fields["category"] = spellings[category_path(fields["category"].split(CATEGORY_SEPARATOR))]


def _plan_product(plan: Plan, product: FileProduct, before: Document | None, market: Market) -> None:
    try:
        after = merge(before, product)
    except RefusedRow as refused:
        plan.problems.append(Problem(refused.line, product.handle, str(refused)))
        return
    changed_fields = differences(before, after, market.currency)
    if changed_fields:
        plan.changes.append(PlannedChange(product.handle, product.line, before, after, changed_fields))
    else:
        plan.unchanged.append(product.handle)


def plan_changes(pairs: Iterable[tuple[Document, Document]], market: Market) -> Plan:
    """Plan the changes between pairs of documents (before, after)."""
    plan = Plan()
    for before, after in pairs:
        changed_fields = differences(before, after, market.currency)
        if changed_fields:
            plan.changes.append(PlannedChange(before["handle"], 0, before, after, changed_fields))
        else:
            plan.unchanged.append(before["handle"])
    return plan


def merge(before: Document | None, product: FileProduct) -> Document:
    """The document after the import. What the file does not mention stays as it was."""
    after = deepcopy(before) if before else new_document(product.handle)
    if before is None and "title" not in product.fields:
        raise RefusedRow(product.line, "a new product needs a title")
    after["product"] |= product.fields
    _refuse_reversed_times(after["product"], product.line)
    if product.options is not None:
        after["options"] = product.options
    merged_keys: set[str] = set()
    for variant in product.variants:
        _merge_variant(after, variant, merged_keys)
    if after["product"]["status"] in ("active", "unlisted") and not (is_priced(after) or _has_price_column(product)):
        # Neither the shop nor the file has a price, so nobody could buy it: it becomes no more visible than it was.
        after["product"]["status"] = before["product"]["status"] if before else "draft"
    for image in product.images:
        existing_image = after["images"].get(image.source) or {**NEW_IMAGE, "position": len(after["images"]) + 1}
        after["images"][image.source] = {
            **existing_image,
            **image.fields,
            "position": image.position or existing_image["position"],
            "alt": image.alt or existing_image["alt"],
        }
    for variant_fields in after["variants"].values():
        # A variant's picture always belongs to the product, even if the file does not list it there.
        if source := variant_fields["image"]:
            after["images"].setdefault(source, {**NEW_IMAGE, "position": len(after["images"]) + 1})
    return after


def _refuse_reversed_times(fields: Document, line: int) -> None:
    begins, ends = fields["publish_at"], fields["unpublish_at"]
    if begins and ends and datetime.fromisoformat(ends) <= datetime.fromisoformat(begins):
        raise RefusedRow(line, "'Product Unpublish At' must be after 'Product Publish At'")


def _has_price_column(product: FileProduct) -> bool:
    return any("price" in variant.fields for variant in product.variants)


def _merge_variant(after: Document, variant: FileVariant, merged_keys: set[str]) -> None:
    key = _key_of(after, variant)
    if key in merged_keys:
        raise RefusedRow(variant.line, "the file has no options, so a new product can have only one variant")
    merged_keys.add(key)
    fields = dict(variant.fields)
    existing = after["variants"].get(key)
    if existing is None:
        existing = {**new_variant(after), "position": len(after["variants"]) + 1, "is_tracked": False}
        after["variants"][key] = existing
    prices = {name: fields.pop(name) for name in ("price", "compare_at") if name in fields}
    market_prices = fields.pop("markets", {})
    quantity = fields.pop("quantity", None)
    may_be_oversold = fields.pop("may_be_oversold", None)
    if quantity is not None and "is_tracked" not in fields:
        fields["is_tracked"] = True
    existing |= fields
    _merge_price(existing, prices)
    _merge_market_prices(existing, market_prices)
    _merge_stock(existing, quantity, may_be_oversold)


def _key_of(after: Document, variant: FileVariant) -> str:
    """The key of the variant that the row means: by option values, else by SKU, else the only variant."""
    if variant.values is not None:
        return variant_key(variant.values)
    sku = variant.fields.get("sku")
    by_sku = [key for key, fields in after["variants"].items() if sku and fields["sku"] == sku]
    if by_sku:
        return by_sku[0]
    if len(after["variants"]) > 1:
        raise RefusedRow(
            variant.line, f"the file has no options, and none of several variants has the SKU '{sku or ''}'"
        )
    return next(iter(after["variants"]), variant_key(("", "", "")))


def _merge_price(existing: Document, prices: dict[str, int | None]) -> None:
    """Set the prices: `price` is what is paid, and a `compare_at` above it makes it a sale."""
    if "price" not in prices:
        return
    paid = prices["price"]
    compare = prices["compare_at"] if "compare_at" in prices else existing["price"] if existing["sale"] else None
    if paid is None:
        existing |= {"price": None, "sale": None, "sale_until": None}
    elif compare is not None and compare > paid:
        until = existing["sale_until"] if existing["sale"] == paid else None
        existing |= {"price": compare, "sale": paid, "sale_until": until}
    else:
        existing |= {"price": paid, "sale": None, "sale_until": None}


def _merge_market_prices(existing: Document, market_prices: dict[str, dict[str, int | None]]) -> None:
    merged = dict(existing["markets"])
    for code, prices in market_prices.items():
        merged[code] = {**NO_PRICES, **merged.get(code, {})}
        _merge_price(merged[code], prices)
    existing["markets"] = {code: prices for code, prices in merged.items() if prices != NO_PRICES}


def _merge_stock(existing: Document, quantity: int | None, may_be_oversold: bool | None) -> None:
    if not existing["is_tracked"]:
        existing |= {"on_hand": None, "backorder_limit": 0}
        return
    if quantity is not None:
        existing["on_hand"] = max(0, quantity)
    if may_be_oversold is not None:
        limit = (existing["backorder_limit"] or OVERSELL_LIMIT) if may_be_oversold else 0
        existing["backorder_limit"] = limit
    if existing["on_hand"] is None and existing["backorder_limit"]:
        existing["on_hand"] = 0


def digest(document: Document | None, *, with_stock: bool = True) -> str:
    """A hash of the product's state, for detecting changes. Without stock, sales do not count as a change."""
    if document is None:
        return ""
    copy = deepcopy(document)
    if not with_stock:
        for variant in copy["variants"].values():
            del variant["on_hand"]
    return hashlib.sha256(json.dumps(copy, sort_keys=True).encode()).hexdigest()


def short_text(value: Any) -> str:
    """A value of a difference as one short line, for terminals and tables."""
    if value in (None, "", []):
        return NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    if TIME.fullmatch(text):
        return moment(datetime.fromisoformat(text))
    text = " ".join(text.split())
    return text if len(text) <= 120 else f"{text[:117]}…"
