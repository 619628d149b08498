"""Check what is missing on a product's page: pictures, texts, prices, weights."""

from dataclasses import dataclass

from django.db.models import Count, Q

from catalog.models import Product


@dataclass(frozen=True)
class Part:
    """One requirement of a complete product page."""

    label: str
    is_there: bool


@dataclass(frozen=True)
class Completeness:
    """The requirements of a complete product page, fulfilled and missing ones."""

    parts: list[Part]

    @property
    def percent(self) -> int:
        return round(100 * sum(part.is_there for part in self.parts) / len(self.parts))

    @property
    def missing(self) -> list[str]:
        return [part.label for part in self.parts if not part.is_there]


def completeness(product: Product) -> Completeness:
    """Check the product's pictures, texts, category, prices and weights with two queries."""
    images = product.images.aggregate(all=Count("id"), without_text=Count("id", filter=Q(alt="")))
    active = product.variants.filter(is_active=True)
    variants = active.aggregate(
        all=Count("id", distinct=True),
        without_weight=Count("id", distinct=True, filter=Q(grams=0, needs_shipping=True)),
        priced=Count("id", distinct=True, filter=Q(prices__isnull=False)),
    )
    return Completeness(
        [
            Part("a picture", images["all"] > 0),
            Part("a text for every picture", images["all"] > 0 and not images["without_text"]),
            Part("a description", bool(product.description)),
            Part("a category", product.category_id is not None),
            Part("a price for every variant", bool(variants["all"]) and variants["priced"] == variants["all"]),
            Part("a weight for every shipped variant", bool(variants["all"]) and not variants["without_weight"]),
            Part("the maker's address", bool(product.maker_details)),
            Part("a description for search engines", bool(product.seo_description)),
        ]
    )
