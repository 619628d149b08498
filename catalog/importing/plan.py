"""What a file would change, product by product, before anything is changed."""

import hashlib
import json
import re
from collections.abc import Iterable
from copy import deepcopy
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from catalog.categories import category_path
from catalog.documents import (
    CATEGORY_SEPARATOR,
    NEW_VARIANT,
    Difference,
    Document,
    category_names,
    differences,
    new_document,
    read_documents,
    variant_key,
)
from catalog.formats import NOTHING, moment
from catalog.importing.shopify import Problem, ProductFacts, Reading, VariantFacts
from catalog.markets import Market
from catalog.models import Category, Location

# "Continue selling when out of stock" has no limit in the file; ours is one that nobody reaches by accident.
OVERSELL_LIMIT = 10_000
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?[+-]\d\d:\d\d")  # as documents keep it
CHUNK = 500  # products compared at a time


@dataclass
class PlannedChange:
    """One product before and after; None where it does not exist. `line` is where the file speaks of it."""

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
    """Every change of one import or edit, what stays as it is, and what cannot be taken."""

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
        facts = json.loads(text)
        return Plan(
            changes=[PlannedChange(**change) for change in facts["changes"]],
            unchanged=facts["unchanged"],
            problems=[Problem(**problem) for problem in facts["problems"]],
        )


class _Skipped(Exception):
    """A product that cannot be taken as the file has it."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line


def plan_import(reading: Reading, market: Market, location: Location) -> Plan:
    """What taking this reading over would do; nothing is written."""
    plan = Plan(problems=list(reading.problems))
    _name_categories_alike(reading.products)
    for start in range(0, len(reading.products), CHUNK):
        group = reading.products[start : start + CHUNK]
        standing = read_documents((product.handle for product in group), market, location)
        for product in group:
            _plan_product(plan, product, standing.get(product.handle), market)
    return plan


def _name_categories_alike(products: list[ProductFacts]) -> None:
    """One category, one name: the one it has, else the first spelling in the file (`Ear hook` is `Ear Hook`)."""
    named = [product.facts for product in products if product.facts.get("category")]
    spelled: dict[str, str] = {}
    for facts in named:
        spelled.setdefault(category_path(facts["category"].split(CATEGORY_SEPARATOR)), facts["category"])
    standing = Category.objects.filter(path__in=spelled)
    names = category_names([category.pk for category in standing])
    spelled |= {category.path: names[category.pk] for category in standing}
    for facts in named:
        facts["category"] = spelled[category_path(facts["category"].split(CATEGORY_SEPARATOR))]


def _plan_product(plan: Plan, product: ProductFacts, before: Document | None, market: Market) -> None:
    try:
        after = merge(before, product)
    except _Skipped as skipped:
        plan.problems.append(Problem(skipped.line, product.handle, str(skipped)))
        return
    found = differences(before, after, market.currency)
    if found:
        plan.changes.append(PlannedChange(product.handle, product.line, before, after, found))
    else:
        plan.unchanged.append(product.handle)


def plan_changes(pairs: Iterable[tuple[Document, Document]], market: Market) -> Plan:
    """A plan from documents before and after, as a bulk edit makes them."""
    plan = Plan()
    for before, after in pairs:
        found = differences(before, after, market.currency)
        if found:
            plan.changes.append(PlannedChange(before["handle"], 0, before, after, found))
        else:
            plan.unchanged.append(before["handle"])
    return plan


def merge(before: Document | None, product: ProductFacts) -> Document:
    """The document as it is after the file has said what it says; what it does not name stays."""
    after = deepcopy(before) if before else new_document(product.handle)
    if before is None and "title" not in product.facts:
        raise _Skipped(product.line, "a new product needs a title")
    after["product"] |= product.facts
    if product.options is not None:
        after["options"] = product.options
    seen: set[str] = set()
    for variant in product.variants:
        _merge_variant(after, variant, seen)
    if after["product"]["status"] in ("active", "unlisted") and not _is_priced(after, product):
        # Without a price nobody could buy it, and the file knows of none: it becomes no more visible than it was.
        after["product"]["status"] = before["product"]["status"] if before else "draft"
    for image in product.images:
        kept = after["images"].get(image.source)
        position = image.position or (kept["position"] if kept else len(after["images"]) + 1)
        after["images"][image.source] = {"position": position, "alt": image.alt or (kept["alt"] if kept else "")}
    for facts in after["variants"].values():
        # A variant's picture is one of its product's, whether the file lists it there or not.
        if facts["image"]:
            after["images"].setdefault(facts["image"], {"position": len(after["images"]) + 1, "alt": ""})
    return after


def _is_priced(after: Document, product: ProductFacts) -> bool:
    """Whether a variant has a price, or the file at least has a column for it."""
    has_column = any("price" in variant.facts for variant in product.variants)
    return has_column or any(variant["price"] is not None for variant in after["variants"].values())


def _merge_variant(after: Document, variant: VariantFacts, seen: set[str]) -> None:
    key = _key_of(after, variant)
    if key in seen:
        raise _Skipped(variant.line, "the file has no options, so a new product can have only one variant")
    seen.add(key)
    facts = dict(variant.facts)
    standing = after["variants"].get(key)
    if standing is None:
        standing = {**deepcopy(NEW_VARIANT), "position": len(after["variants"]) + 1, "is_tracked": False}
        after["variants"][key] = standing
    prices = {name: facts.pop(name) for name in ("price", "compare_at") if name in facts}
    quantity = facts.pop("quantity", None)
    may_be_oversold = facts.pop("may_be_oversold", None)
    if quantity is not None and "is_tracked" not in facts:
        facts["is_tracked"] = True
    standing |= facts
    _merge_price(standing, prices)
    _merge_stock(standing, quantity, may_be_oversold)


def _key_of(after: Document, variant: VariantFacts) -> str:
    """Option values say which variant it is; in a file without them the SKU does, or there is only one."""
    if variant.values is not None:
        return variant_key(variant.values)
    sku = variant.facts.get("sku")
    by_sku = [key for key, facts in after["variants"].items() if sku and facts["sku"] == sku]
    if by_sku:
        return by_sku[0]
    if len(after["variants"]) > 1:
        raise _Skipped(variant.line, f"the file has no options, and none of several variants has the SKU '{sku or ''}'")
    return next(iter(after["variants"]), variant_key(("", "", "")))


def _merge_price(standing: Document, said: dict[str, int | None]) -> None:
    """`price` is what is paid; a `compare_at` above it is the regular price. Anything else is no sale."""
    if "price" not in said:
        return
    paid = said["price"]
    compare = said["compare_at"] if "compare_at" in said else standing["price"] if standing["sale"] else None
    if paid is None:
        standing |= {"price": None, "sale": None, "sale_until": None}
    elif compare is not None and compare > paid:
        until = standing["sale_until"] if standing["sale"] == paid else None
        standing |= {"price": compare, "sale": paid, "sale_until": until}
    else:
        standing |= {"price": paid, "sale": None, "sale_until": None}


def _merge_stock(standing: Document, quantity: int | None, may_be_oversold: bool | None) -> None:
    if not standing["is_tracked"]:
        standing |= {"on_hand": None, "backorder_limit": 0}
        return
    if quantity is not None:
        standing["on_hand"] = max(0, quantity)
    if may_be_oversold is not None:
        limit = (standing["backorder_limit"] or OVERSELL_LIMIT) if may_be_oversold else 0
        standing["backorder_limit"] = limit
    if standing["on_hand"] is None and standing["backorder_limit"]:
        standing["on_hand"] = 0


def digest(document: Document | None, *, with_stock: bool = True) -> str:
    """Names a state of a product, to see whether it has moved; without stock, sales do not count as a move."""
    if document is None:
        return ""
    copy = deepcopy(document)
    if not with_stock:
        for variant in copy["variants"].values():
            del variant["on_hand"]
    return hashlib.sha256(json.dumps(copy, sort_keys=True).encode()).hexdigest()


def said(value: Any) -> str:
    """A value of a difference on one line of a terminal or a table."""
    if value in (None, "", []):
        return NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    if TIME.fullmatch(text):
        return moment(datetime.fromisoformat(text))
    text = " ".join(text.split())
    return text if len(text) <= 120 else f"{text[:117]}…"
