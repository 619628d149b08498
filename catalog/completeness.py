"""What a product's page still lacks before it is good."""

from dataclasses import dataclass

from django.db.models import Count, Q

from catalog.models import Product


@dataclass(frozen=True)
class Part:
    """One thing that a good product page has."""

    words: str
    is_there: bool


@dataclass(frozen=True)
class Completeness:
    parts: list[Part]

    @property
    def percent(self) -> int:
        return round(100 * sum(part.is_there for part in self.parts) / len(self.parts))

    @property
    def missing(self) -> list[str]:
        return [part.words for part in self.parts if not part.is_there]


def completeness(product: Product) -> Completeness:
    """Pictures, their texts, description, category, weights, price, maker and search texts: two queries."""
    images = product.images.aggregate(all=Count("id"), silent=Count("id", filter=Q(alt="")))
    sold = product.variants.filter(is_active=True)
    variants = sold.aggregate(
        all=Count("id", distinct=True),
        light=Count("id", distinct=True, filter=Q(grams=0, needs_shipping=True)),
        priced=Count("id", distinct=True, filter=Q(prices__isnull=False)),
    )
    return Completeness(
        [
            Part("a picture", images["all"] > 0),
            Part("a text for every picture", images["all"] > 0 and not images["silent"]),
            Part("a description", bool(product.description)),
            Part("a category", product.category_id is not None),
            Part("a price for every variant", bool(variants["all"]) and variants["priced"] == variants["all"]),
            Part("a weight for every shipped variant", bool(variants["all"]) and not variants["light"]),
            Part("the maker's address", bool(product.maker_details)),
            Part("a description for search engines", bool(product.seo_description)),
        ]
    )
