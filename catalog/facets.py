"""The values that shoppers filter by: which ones a product has, and how many products each one has in a scope."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from django.db import DatabaseError, connection, transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.text import slugify

from catalog.models import Attribute, AttributeValue, FacetCount, Listing, Product, Swatch

WHOLE_SHOP = 0
# Counting exactly takes as long as there are products. Whole categories are counted once per version and kept; what is
# left after filters is counted up to here, and beyond it the page says "at least".
MAX_COUNTED = 5_000
LIFE = timedelta(minutes=5)
# Filters and words are whatever a visitor writes into an address: their counts share so many rows, and no more.
SLOTS = 4_096

KEPT = """
SELECT coalesce((SELECT max(id) FROM catalog_categorychange WHERE category_id = %(scope)s), 0),
       kept.version, kept.counts::text, kept.counted_at
FROM (VALUES (1)) AS one LEFT JOIN catalog_facetcount AS kept
  ON kept.key = %(key)s AND kept.counts->>'of' = %(name)s
"""

Selection = Mapping[str, list[str]]  # attribute code → slugs of the chosen values


def value_key(text: str) -> str:
    """A value as it stands in an address."""
    return slugify(text, allow_unicode=True)[:120] or "-"


def facet_ids(products: Iterable[Product]) -> dict[int, list[int]]:
    """The attribute values of each product, those that its options name included; missing values are made.

    The products come with `options`, `variants` and `attribute_values` read ahead.
    """
    products = list(products)
    found = {product.pk: {value.pk for value in product.attribute_values.all()} for product in products}
    by_option = {name.casefold(): attribute for attribute in Attribute.objects.all() for name in attribute.option_names}
    wanted: dict[tuple[int, str], str] = {}
    uses: dict[tuple[int, str], set[int]] = defaultdict(set)
    for product in products if by_option else []:
        for index, option in enumerate(product.options.all(), start=1):
            attribute = by_option.get(option.name.casefold())
            for variant in product.variants.all() if attribute else []:
                label = getattr(variant, f"option{index}")
                if attribute and label and variant.is_active:
                    key = (attribute.pk, value_key(label))
                    wanted.setdefault(key, label)
                    uses[key].add(product.pk)
    for key, value_id in _ensured(wanted).items():
        for product_id in uses[key]:
            found[product_id].add(value_id)
    return {pk: sorted(ids) for pk, ids in found.items()}


def _ensured(wanted: Mapping[tuple[int, str], str]) -> dict[tuple[int, str], int]:
    if not wanted:
        return {}
    scope = AttributeValue.objects.filter(attribute_id__in={attribute_id for attribute_id, _ in wanted})
    standing = {(value.attribute_id, value.slug): value.pk for value in scope}
    missing = [key for key in wanted if key not in standing]
    if missing:
        colours = dict(Swatch.objects.values_list("name", "colour"))
        rows = [
            AttributeValue(attribute_id=key[0], slug=key[1], label=label[:255], colour=colours.get(label, ""))
            for key, label in ((key, wanted[key]) for key in missing)
        ]
        AttributeValue.objects.bulk_create(rows, ignore_conflicts=True)
        standing = {(value.attribute_id, value.slug): value.pk for value in scope.all()}
    return {key: standing[key] for key in wanted}


@dataclass(frozen=True)
class FacetValue:
    """One value to filter by: its count ignores what is chosen in its own facet."""

    slug: str
    label: str
    colour: str
    count: int
    is_chosen: bool


@dataclass(frozen=True)
class Facet:
    """One attribute to filter by, with its values."""

    code: str
    name: str
    values: list[FacetValue]
    is_at_least: bool

    @property
    def is_open(self) -> bool:
        return any(value.is_chosen for value in self.values)


@dataclass
class FacetBoard:
    """The facet attributes and their values, read once for a page."""

    attributes: list[Attribute] = field(default_factory=list)
    values: dict[int, list[AttributeValue]] = field(default_factory=dict)

    def chosen_ids(self, selection: Selection) -> dict[str, list[int]]:
        """The ids behind the slugs of an address, by attribute; what is not known is left out."""
        chosen = {}
        for attribute in self.attributes:
            slugs = set(selection.get(attribute.code, []))
            ids = [value.pk for value in self.values.get(attribute.pk, []) if value.slug in slugs]
            if ids:
                chosen[attribute.code] = ids
        return chosen


def facet_board(asked: Iterable[str] = ()) -> FacetBoard:
    """Every facet, with the values of those attributes that the address may name."""
    attributes = list(Attribute.objects.filter(is_facet=True))
    board = FacetBoard(attributes)
    wanted = {attribute.pk for attribute in attributes if attribute.code in set(asked)}
    if wanted:
        for value in AttributeValue.objects.filter(attribute_id__in=wanted):
            board.values.setdefault(value.attribute_id, []).append(value)
    return board


def narrowed(listings: QuerySet[Listing], chosen: Mapping[str, list[int]]) -> QuerySet[Listing]:
    """OR inside a facet, AND across facets."""
    for ids in chosen.values():
        listings = listings.filter(facets__overlap=ids)
    return listings


@dataclass(frozen=True)
class Counts:
    """Products per value id, by the facet that leaves itself out ('' for all others)."""

    by_facet: dict[str, dict[int, int]]
    total: int
    is_at_least: bool

    def as_json(self) -> dict:
        return {"facets": self.by_facet, "total": self.total, "is_at_least": self.is_at_least}

    @staticmethod
    def from_json(text: str) -> "Counts":
        kept = json.loads(text)
        facets = {code: {int(value): n for value, n in counts.items()} for code, counts in kept["facets"].items()}
        return Counts(facets, kept["total"], kept["is_at_least"])


def count_facets(
    listings: QuerySet[Listing], chosen: Mapping[str, list[int]], *, most: int | None = MAX_COUNTED
) -> Counts:
    """Count the values among these listings: once for all, and once more for each facet that something is chosen in."""
    by_facet: dict[str, dict[int, int]] = {}
    total, is_at_least = 0, False
    for left_out in ["", *chosen]:
        scope = narrowed(listings, {code: ids for code, ids in chosen.items() if code != left_out})
        counts, seen = _count(scope, most)
        by_facet[left_out] = counts
        total = seen if not left_out else total
        is_at_least = is_at_least or (most is not None and seen >= most)
    return Counts(by_facet, total, is_at_least)


def _count(scope: QuerySet[Listing], most: int | None) -> tuple[dict[int, int], int]:
    """Products per value, and of how many products; the 0 stands for the products themselves."""
    rows = scope.order_by().values("facets")
    text, parameters = (rows[:most] if most else rows).query.sql_with_params()
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
    """What counts are kept for: a category (0 is the whole shop) in a market, or the matches of some words in it."""

    category_id: int
    market: str
    words: str = ""

    def name(self, narrower: str, chosen: Mapping[str, list[int]]) -> str:
        parts = [self.category_id, self.market, self.words, narrower, sorted((c, sorted(v)) for c, v in chosen.items())]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()

    def key(self, narrower: str, chosen: Mapping[str, list[int]]) -> str:
        """The row that the counts are kept in: one of their own for a whole category, else one that others may take."""
        name = self.name(narrower, chosen)
        return f"slot {int(name, 16) % SLOTS}" if self.words or narrower or chosen else name


def kept_counts(
    scope: Scope, narrower: str, listings: QuerySet[Listing], chosen: Mapping[str, list[int]], most: int | None
) -> Counts:
    """The counts of a scope, narrowed by these words of a filter and these values; counted anew when its version moves."""
    key, name = scope.key(narrower, chosen), scope.name(narrower, chosen)
    now = timezone.now()
    with connection.cursor() as cursor:
        cursor.execute(KEPT, {"scope": scope.category_id, "key": key, "name": name})
        version, counted_for, kept, counted_at = cursor.fetchone()
    # The life ends what a version cannot see: a span that begins by itself, a change that committed late.
    if counted_for == version and now - counted_at < LIFE:
        return Counts.from_json(kept)
    counts = count_facets(listings, chosen, most=most)
    _keep(FacetCount(pk=key, version=version, counted_at=now, counts={**counts.as_json(), "of": name}))
    return counts


def old_counts() -> QuerySet[FacetCount]:
    """Counts that nobody has asked for since yesterday."""
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
    except DatabaseError:  # a read-only replica or a busy row: the page has its counts all the same
        return


def facets_to_show(
    board: FacetBoard, counts: Counts, chosen: Mapping[str, list[int]], most_values: int = 40
) -> list[Facet]:
    """The facets of a page: values that somebody could choose, the chosen ones always among them."""
    missing = [attribute.pk for attribute in board.attributes if attribute.pk not in board.values]
    used = {value_id for ids in counts.by_facet.values() for value_id in ids}
    for value in AttributeValue.objects.filter(attribute_id__in=missing, pk__in=used) if missing and used else []:
        board.values.setdefault(value.attribute_id, []).append(value)
    shown = []
    for attribute in board.attributes:
        numbers = counts.by_facet.get(attribute.code, counts.by_facet[""])
        ids = set(chosen.get(attribute.code, []))
        values = [
            FacetValue(value.slug, _label(value, attribute), value.colour, numbers.get(value.pk, 0), value.pk in ids)
            for value in board.values.get(attribute.pk, [])
            if numbers.get(value.pk) or value.pk in ids
        ]
        if len(values) > 1 or any(value.is_chosen for value in values):
            shown.append(Facet(attribute.code, attribute.name, values[:most_values], counts.is_at_least))
    return shown


def _label(value: AttributeValue, attribute: Attribute) -> str:
    return f"{value.label} {attribute.unit}".strip()
