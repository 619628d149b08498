"""What the catalogue's pages show: few queries, the same number for one row and for a hundred."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import F, Prefetch, QuerySet
from django.utils import timezone
from django.utils.text import slugify

from catalog.availability import available_by_variant
from catalog.markets import Market
from catalog.models import Category, Listing, Product, ProductImage, Swatch, Variant
from catalog.prices import CurrentPrice, prices_at

PAGE_SIZE = 24
COUNT_LIMIT = 1_000
LAST_PAGE = 400

# Public name → order; the product id makes every order total, so pages never overlap.
SORTS: dict[str, tuple[str, list[Any]]] = {
    "featured": ("Featured", ["position", "product_id"]),
    "newest": ("Newest", ["-created_at", "-product_id"]),
    "price-up": ("Price, low to high", ["price_minor", "product_id"]),
    "price-down": ("Price, high to low", ["-price_minor", "product_id"]),
}


@dataclass(frozen=True)
class ListingPage:
    """One page of cards and what to say about all of them."""

    cards: list[Listing]
    number: int
    count: int
    has_next: bool

    @property
    def count_text(self) -> str:
        return f"{COUNT_LIMIT:,}+" if self.count > COUNT_LIMIT else f"{self.count:,}"

    @property
    def numbers(self) -> list[int]:
        """The page numbers worth a link: around this one, and the first."""
        last = -(-min(self.count, COUNT_LIMIT) // PAGE_SIZE)
        return [n for n in range(1, last + 1) if n == 1 or abs(n - self.number) <= 2]


def current_listings(market: Market) -> QuerySet[Listing]:
    return Listing.objects.filter(market=market.code, valid__contains=timezone.now())


def filtered(listings: QuerySet[Listing], filters: Mapping[str, Any]) -> QuerySet[Listing]:
    """Narrow by the cleaned filters: min and max (minor units), stock, sale."""
    if (low := filters.get("min")) is not None:
        listings = listings.filter(highest_price_minor__gte=low)
    if (high := filters.get("max")) is not None:
        listings = listings.filter(price_minor__lte=high)
    if filters.get("stock"):
        listings = listings.exclude(stock_class=Listing.StockClass.OUT)
    if filters.get("sale"):
        listings = listings.filter(is_on_sale=True)
    return listings


def listing_page(listings: QuerySet[Listing], *, sort: str, number: int) -> ListingPage:
    """Cut one page out of the listings; beyond the last page there are simply no cards."""
    order = SORTS.get(sort, SORTS["featured"])[1]
    start = (number - 1) * PAGE_SIZE
    rows = list(listings.defer("search").order_by(*order)[start : start + PAGE_SIZE + 1])
    count = listings.order_by()[: COUNT_LIMIT + 1].count()
    return ListingPage(rows[:PAGE_SIZE], number, count, len(rows) > PAGE_SIZE)


def top_categories() -> list[Category]:
    """The categories of the main menu."""
    return list(Category.objects.filter(parent=None)[:7])


def category_tiles(market: Market, categories: Iterable[Category]) -> list[tuple[Category, dict]]:
    """Each category with the picture of its first product that has one."""
    pictures: dict[int, dict] = {}
    newest = current_listings(market).exclude(image={}).order_by("position", "product_id")
    for ids, image in newest.values_list("category_ids", "image")[:500]:
        for category_id in ids:
            pictures.setdefault(category_id, image)
    return [(category, pictures.get(category.pk, {})) for category in categories]


def lineage(category: Category | None) -> list[Category]:
    """The category and everything above it, from the root down."""
    if not category:
        return []
    parts = category.path.split("/")
    paths = ["/".join(parts[: depth + 1]) for depth in range(len(parts))]
    return sorted(Category.objects.filter(path__in=paths), key=lambda found: len(found.path))


@dataclass(frozen=True)
class Choice:
    """One option value on the product page."""

    value: str
    key: str
    is_chosen: bool
    is_available: bool
    swatch: str


@dataclass(frozen=True)
class ChoiceGroup:
    """One option: its name, the field that posts it and its values."""

    name: str
    field: str
    key: str
    chosen: str
    choices: list[Choice]


@dataclass(frozen=True)
class ProductPage:
    """Everything that the product page shows."""

    product: Product
    variant: Variant
    price: CurrentPrice | None
    available: int | None
    groups: list[ChoiceGroup]
    images: list[ProductImage]
    highest_minor: int
    lowest_minor: int

    @property
    def is_sold_out(self) -> bool:
        return self.price is None or self.available == 0

    @property
    def most(self) -> int:
        """The largest quantity that the form offers."""
        return min(99, self.available) if self.available else 99


def product_for_page(slug: str) -> Product | None:
    """A product that shoppers may open, with all that its page needs."""
    return (
        Product.objects.visible()
        .select_related("category")
        .prefetch_related("options", "images", Prefetch("variants", Variant.objects.select_related("image")))
        .filter(slug=slug)
        .first()
    )


def product_page(product: Product, market: Market, wanted: Mapping[str, str]) -> ProductPage | None:
    """Choose the variant that the address names (`?glaze=moss`), or the first that can be bought; None without variants."""
    variants = list(product.variants.all())
    if not variants:
        return None
    prices = prices_at([variant.pk for variant in variants], market)
    available = available_by_variant(variant.pk for variant in variants)
    options = list(product.options.all())
    chosen = _chosen_variant(variants, options, wanted, available)
    return ProductPage(
        product=product,
        variant=chosen,
        price=prices.get(chosen.pk),
        available=available.get(chosen.pk, 0) if chosen.is_tracked else None,
        groups=_choice_groups(variants, options, chosen, available),
        images=_chosen_first(list(product.images.all()), chosen),
        lowest_minor=min((price.amount_minor for price in prices.values()), default=0),
        highest_minor=max((price.amount_minor for price in prices.values()), default=0),
    )


def option_key(text: str) -> str:
    """An option's name or value as it stands in an address."""
    return slugify(text, allow_unicode=True) or text


def can_be_bought(variant: Variant, available: Mapping[int, int]) -> bool:
    return not variant.is_tracked or available.get(variant.pk, 0) > 0


def _chosen_variant(
    variants: list[Variant], options: list[Any], wanted: Mapping[str, str], available: Mapping[int, int]
) -> Variant:
    keys = [wanted.get(option_key(option.name), "") for option in options]

    def score(variant: Variant) -> tuple[int, bool, int]:
        values = [variant.option1, variant.option2, variant.option3]
        # A value named first counts most, so a size that does not exist in moss still shows moss.
        hits = sum(4 ** (3 - i) for i, key in enumerate(keys) if key and option_key(values[i]) == key)
        return hits, can_be_bought(variant, available), -variant.position

    return max(variants, key=score)


def _choice_groups(
    variants: list[Variant], options: list[Any], chosen: Variant, available: Mapping[int, int]
) -> list[ChoiceGroup]:
    swatches = set(Swatch.objects.values_list("name", flat=True)) if options else set()
    groups = []
    for index, option in enumerate(options, start=1):
        field = f"option{index}"
        values = list(dict.fromkeys(getattr(variant, field) for variant in variants))
        choices = [
            Choice(
                value=value,
                key=option_key(value),
                is_chosen=getattr(chosen, field) == value,
                is_available=any(
                    can_be_bought(variant, available)
                    for variant in variants
                    if _differs_only_in(variant, chosen, field, value)
                ),
                swatch=slugify(value) if value in swatches else "",
            )
            for value in values
        ]
        groups.append(ChoiceGroup(option.name, field, option_key(option.name), getattr(chosen, field), choices))
    return groups


def _differs_only_in(variant: Variant, chosen: Variant, field: str, value: str) -> bool:
    others = {"option1", "option2", "option3"} - {field}
    return getattr(variant, field) == value and all(getattr(variant, o) == getattr(chosen, o) for o in others)


def _chosen_first(images: list[ProductImage], chosen: Variant) -> list[ProductImage]:
    """The gallery, with the chosen variant's own picture in front."""
    return sorted(images, key=lambda image: (image.pk != chosen.image_id, image.position, image.pk))


def related_listings(product: Product, market: Market, count: int = 4) -> list[Listing]:
    """Other products of the same category, by position."""
    if not product.category_id:
        return []
    same = current_listings(market).filter(category_ids__contains=[product.category_id]).exclude(product=product)
    return list(same.exclude(stock_class="out").defer("search").order_by(F("position"), "product_id")[:count])
