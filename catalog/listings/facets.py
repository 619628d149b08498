"""Facets: the attribute values that shoppers filter by, with cached counts of products per value."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from django.db import DatabaseError, connection, transaction
from django.db.models import QuerySet, prefetch_related_objects
from django.utils import timezone
from django.utils.text import slugify

from catalog.models import Attribute, AttributeValue, FacetCount, Listing, Product, Swatch

WHOLE_SHOP = 0
# Exact counting takes time in proportion to the number of products. Counts of whole categories are cached per version.
# Filtered listings are counted only up to this number; beyond it, the page says "at least".
MAX_COUNTED = 5_000
MAX_CACHE_AGE = timedelta(minutes=5)
# Visitors can put any filters and words in a URL, so the counts of these share a limited number of rows.
SLOTS = 4_096

CACHED_COUNTS = """
SELECT coalesce((SELECT max(id) FROM catalog_categorychange WHERE category_id = %(scope)s), 0),
       kept.version, kept.counts::text, kept.counted_at
FROM (VALUES (1)) AS one LEFT JOIN catalog_facetcount AS kept
  ON kept.key = %(key)s AND kept.counts->>'of' = %(name)s
"""

Selection = Mapping[str, list[str]]  # attribute code → slugs of the chosen values


def value_key(text: str) -> str:
    """The value as it appears in URLs."""
    return slugify(text, allow_unicode=True)[:120] or "-"


def facet_ids(products: Iterable[Product]) -> dict[int, list[int]]:
    """The ids of each product's attribute values, including those from its options. Creates missing values.

    Prefetch the `variants` of the products.
    """
    products = list(products)
    ids_by_product: dict[int, set[int]] = {product.pk: set() for product in products}
    links = Product.attribute_values.through.objects.filter(product_id__in=list(ids_by_product))
    for product_id, value_id in links.values_list("product_id", "attributevalue_id"):
        ids_by_product[product_id].add(value_id)
    for value_id, product_ids in _values_of_options(products):
        for product_id in product_ids:
            ids_by_product[product_id].add(value_id)
    return {pk: sorted(ids) for pk, ids in ids_by_product.items()}


def _values_of_options(products: list[Product]) -> Iterator[tuple[int, set[int]]]:
    """Yield the ids of the attribute values that are options of products, with the ids of these products."""
    with_options = [
        product
        for product in products
        if any(variant.option1 or variant.option2 or variant.option3 for variant in product.variants.all())
    ]
    if not with_options:
        return
    by_option = {name.casefold(): attribute for attribute in Attribute.objects.all() for name in attribute.option_names}
    if not by_option:
        return
    prefetch_related_objects(with_options, "options")
    wanted: dict[tuple[int, str], str] = {}
    uses: dict[tuple[int, str], set[int]] = defaultdict(set)
    for product in with_options:
        for index, option in enumerate(product.options.all(), start=1):
            attribute = by_option.get(option.name.casefold())
            for variant in product.variants.all() if attribute else []:
                label = getattr(variant, f"option{index}")
                if attribute and label and variant.is_active:
                    key = (attribute.pk, value_key(label))
                    wanted.setdefault(key, label)
                    uses[key].add(product.pk)
    for key, value_id in _ensure_values(wanted).items():
        yield value_id, uses[key]


def _ensure_values(wanted: Mapping[tuple[int, str], str]) -> dict[tuple[int, str], int]:
    """The ids of the values by (attribute id, slug). Creates missing ones with the labels given."""
    if not wanted:
        return {}
    scope = AttributeValue.objects.filter(attribute_id__in={attribute_id for attribute_id, _ in wanted})
    existing = {(value.attribute_id, value.slug): value.pk for value in scope}
    missing = [key for key in wanted if key not in existing]
    if missing:
        colours = dict(Swatch.objects.values_list("name", "colour"))
        rows = [
            AttributeValue(attribute_id=key[0], slug=key[1], label=label[:255], colour=colours.get(label, ""))
            for key, label in ((key, wanted[key]) for key in missing)
        ]
        AttributeValue.objects.bulk_create(rows, ignore_conflicts=True)
        existing = {(value.attribute_id, value.slug): value.pk for value in scope.all()}
    return {key: existing[key] for key in wanted}


@dataclass(frozen=True)
class FacetValue:
    """One value of a facet. Its count ignores the values chosen in the same facet."""

    slug: str
    label: str
    colour: str
    count: int
    is_chosen: bool


@dataclass(frozen=True)
class Facet:
    """An attribute to filter by, with its values."""

    code: str
    name: str
    values: list[FacetValue]
    is_at_least: bool

    @property
    def is_open(self) -> bool:
        return any(value.is_chosen for value in self.values)


@dataclass
class FacetDefinitions:
    """The facet attributes and their values, read once per page."""

    attributes: list[Attribute] = field(default_factory=list)
    values: dict[int, list[AttributeValue]] = field(default_factory=dict)

    def chosen_ids(self, selection: Selection) -> dict[str, list[int]]:
        """The ids of the selected values by attribute code. Unknown slugs are left out."""
        chosen = {}
        for attribute in self.attributes:
            slugs = set(selection.get(attribute.code, []))
            ids = [value.pk for value in self.values.get(attribute.pk, []) if value.slug in slugs]
            if ids:
                chosen[attribute.code] = ids
        return chosen


def facet_definitions(asked: Iterable[str] = ()) -> FacetDefinitions:
    """All facet attributes, with the values of those whose code is in `asked`."""
    attributes = list(Attribute.objects.filter(is_facet=True))
    definitions = FacetDefinitions(attributes)
    wanted = {attribute.pk for attribute in attributes if attribute.code in set(asked)}
    if wanted:
        for value in AttributeValue.objects.filter(attribute_id__in=wanted):
            definitions.values.setdefault(value.attribute_id, []).append(value)
    return definitions


def filter_by_facets(listings: QuerySet[Listing], chosen: Mapping[str, list[int]]) -> QuerySet[Listing]:
    """Filter by the chosen values: OR within a facet, AND across facets."""
    for ids in chosen.values():
        listings = listings.filter(facets__overlap=ids)
    return listings


@dataclass(frozen=True)
class Counts:
    """The number of products per value id, by the facet whose own filter was ignored ('' for all other facets)."""

    by_facet: dict[str, dict[int, int]]
    total: int
    is_at_least: bool

    def as_json(self) -> dict:
        return {"facets": self.by_facet, "total": self.total, "is_at_least": self.is_at_least}

    @staticmethod
    def from_json(text: str) -> "Counts":
        stored = json.loads(text)
        facets = {code: {int(value): n for value, n in counts.items()} for code, counts in stored["facets"].items()}
        return Counts(facets, stored["total"], stored["is_at_least"])


def count_facets(
    listings: QuerySet[Listing], chosen: Mapping[str, list[int]], *, max_counted: int | None = MAX_COUNTED
) -> Counts:
    """Count the products per value: once with all filters, and once per chosen facet without its own filter."""
    by_facet: dict[str, dict[int, int]] = {}
    total, is_at_least = 0, False
    for left_out in ["", *chosen]:
        scope = filter_by_facets(listings, {code: ids for code, ids in chosen.items() if code != left_out})
        counts, scope_total = _count(scope, max_counted)
        by_facet[left_out] = counts
        total = scope_total if not left_out else total
        is_at_least = is_at_least or (max_counted is not None and scope_total >= max_counted)
    return Counts(by_facet, total, is_at_least)


def _count(scope: QuerySet[Listing], max_counted: int | None) -> tuple[dict[int, int], int]:
    """The number of products per value id, and the number of products. The SQL counts the latter under the value 0."""
    rows = scope.order_by().values("facets")
    text, parameters = (rows[:max_counted] if max_counted else rows).query.sql_with_params()
    statement = (
        "SELECT value, count(*) FROM (SELECT unnest(0 || facets) AS value"  # noqa: S608  (Django's own text)
        f" FROM ({text}) AS listing) AS held GROUP BY value"
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        counts = dict(cursor.fetchall())
    return counts, counts.pop(0, 0)


@dataclass(frozen=True)
class Scope:
    """The listing whose counts are cached: a category (0 is the whole shop) in a market, or the matches of a search."""

    category_id: int
    market: str
    search: str = ""

    def name(self, filters: str, chosen: Mapping[str, list[int]]) -> str:
        parts = [self.category_id, self.market, self.search, filters, sorted((c, sorted(v)) for c, v in chosen.items())]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()

    def key(self, filters: str, chosen: Mapping[str, list[int]]) -> str:
        """The primary key of the cache row: unique for a whole category, shared with others for filters and searches."""
        name = self.name(filters, chosen)
        return f"slot {int(name, 16) % SLOTS}" if self.search or filters or chosen else name


def cached_counts(
    scope: Scope, filters: str, listings: QuerySet[Listing], chosen: Mapping[str, list[int]], max_counted: int | None
) -> Counts:
    """The cached counts of a scope with these filters and values, counted again if the scope has a newer version."""
    key, name = scope.key(filters, chosen), scope.name(filters, chosen)
    now = timezone.now()
    with connection.cursor() as cursor:
        cursor.execute(CACHED_COUNTS, {"scope": scope.category_id, "key": key, "name": name})
        version, counted_for, stored, counted_at = cursor.fetchone()
    # The time limit covers changes that raise no version: a period that begins, a transaction that commits late.
    if counted_for == version and now - counted_at < MAX_CACHE_AGE:
        return Counts.from_json(stored)
    counts = count_facets(listings, chosen, max_counted=max_counted)
    _keep(FacetCount(pk=key, version=version, counted_at=now, counts={**counts.as_json(), "of": name}))
    return counts


def old_counts() -> QuerySet[FacetCount]:
    """Cached counts older than a day."""
    return FacetCount.objects.filter(counted_at__lt=timezone.now() - timedelta(days=1))


def _keep(row: FacetCount) -> None:
    try:
        with transaction.atomic():
            FacetCount.objects.bulk_create(
                [row],
                update_conflicts=True,
                unique_fields=["key"],
                update_fields=["version", "counts", "counted_at"],
            )
    except DatabaseError:  # a read-only replica or a locked row; the page has its counts anyway
        return


def facets_to_show(
    definitions: FacetDefinitions, counts: Counts, chosen: Mapping[str, list[int]], max_values: int = 40
) -> list[Facet]:
    """The facets of a page with the values that lead to products. Chosen values are always included."""
    missing = [attribute.pk for attribute in definitions.attributes if attribute.pk not in definitions.values]
    used = {value_id for ids in counts.by_facet.values() for value_id in ids}
    for value in AttributeValue.objects.filter(attribute_id__in=missing, pk__in=used) if missing and used else []:
        definitions.values.setdefault(value.attribute_id, []).append(value)
    facets = []
    for attribute in definitions.attributes:
        numbers = counts.by_facet.get(attribute.code, counts.by_facet[""])
        ids = set(chosen.get(attribute.code, []))
        values = [
            FacetValue(value.slug, _label(value, attribute), value.colour, numbers.get(value.pk, 0), value.pk in ids)
            for value in definitions.values.get(attribute.pk, [])
            if numbers.get(value.pk) or value.pk in ids
        ]
        if len(values) > 1 or any(value.is_chosen for value in values):
            facets.append(Facet(attribute.code, attribute.name, values[:max_values], counts.is_at_least))
    return facets


def _label(value: AttributeValue, attribute: Attribute) -> str:
    return f"{value.label} {attribute.unit}".strip()
