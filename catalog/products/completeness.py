"""Check what is missing on a product's page: pictures, texts, prices, weights, and the facts of its type."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Exists, F, OuterRef, Q, prefetch_related_objects

from catalog.models import AttributeValue, Product, Variant


@dataclass(frozen=True)
class Part:
    """One requirement of a complete product page, and the section of the product's form in which it is fulfilled."""

    label: str
    is_there: bool
    section: str


@dataclass(frozen=True)
class Completeness:
    """The requirements of a complete product page, fulfilled and missing ones."""

    parts: list[Part]

    @property
    def percent(self) -> int:
        return round(100 * sum(part.is_there for part in self.parts) / len(self.parts))

    @property
    def missing_parts(self) -> list[Part]:
        return [part for part in self.parts if not part.is_there]

    @property
    def missing(self) -> list[str]:
        return [part.label for part in self.missing_parts]

    @property
    def summary(self) -> str:
        """What is missing, in a few words: `a picture and 2 more`."""
        if not self.missing:
            return "Nothing missing"
        more = len(self.missing) - 1
        return f"{self.missing[0]} and {more} more" if more else self.missing[0]


def completeness(product: Product) -> Completeness:
    """Check one product with three queries."""
    return completeness_of([product])[product.pk]


def completeness_of(products: Sequence[Product]) -> dict[int, Completeness]:
    """Check the pictures, texts, category, prices, weights and facts of products with three queries, by product id."""
    ids = [product.pk for product in products]
    prefetch_related_objects(products, "images")
    variants = _by_product(
        Variant.objects.filter(product_id__in=ids, is_active=True),
        all=Count("id", distinct=True),
        without_weight=Count("id", distinct=True, filter=Q(grams=0, needs_shipping=True)),
        priced=Count("id", distinct=True, filter=Q(prices__isnull=False)),
    )
    facts = _required_facts([product.pk for product in products if product.type_id])
    return {
        product.pk: Completeness([*_parts(product, variants[product.pk]), *facts[product.pk]]) for product in products
    }


def _parts(product: Product, variants: dict[str, int]) -> list[Part]:
    texts = [image.alt for image in product.images.all()]
    has_texts = [Part("a text for every picture", all(texts), "pictures")] if texts else []
    has_variants = variants["all"] > 0
    return [
        Part("a picture", bool(texts), "pictures"),
        *has_texts,
        Part("a description", bool(product.description), "basics"),
        Part("a category", product.category_id is not None, "organisation"),
        Part("a price for every variant", has_variants and variants["priced"] == variants["all"], "variants"),
        Part("a weight for every shipped variant", has_variants and not variants["without_weight"], "variants"),
        Part("the maker's address", bool(product.maker_details), "safety"),
        Part("a description for search engines", bool(product.seo_description), "search-engines"),
    ]


def _required_facts(ids: Sequence[int]) -> dict[int, list[Part]]:
    """Whether the products have the attributes that their types require."""
    is_known = Exists(AttributeValue.objects.filter(products=OuterRef("pk"), attribute=OuterRef("type__attributes")))
    rows = (
        Product.objects.filter(pk__in=ids, type__attributes__is_required=True)
        .annotate(fact=F("type__attributes__name"), is_known=is_known)
        .order_by("type__attributes__position", "type__attributes")
    )
    parts: dict[int, list[Part]] = defaultdict(list)
    if not ids:
        return parts
    for pk, name, is_there in rows.values_list("pk", "fact", "is_known"):
        parts[pk].append(Part(name, is_there, "facts"))
    return parts


def _by_product(rows: Any, **counts: Count) -> dict[int, dict[str, int]]:
    """The counts of the rows by product id; zeros for a product without rows."""
    found: dict[int, dict[str, int]] = defaultdict(lambda: dict.fromkeys(counts, 0))
    for row in rows.order_by().values("product_id").annotate(**counts):
        found[row["product_id"]] = row
    return found
