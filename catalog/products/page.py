"""The content of a product's page: the chosen variant, its price and stock, and the options to choose from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from urllib.parse import urlencode

from django.db.models import Count, Prefetch
from django.utils.text import slugify

from catalog.clock import shop_now
from catalog.inventory.availability import UNLIMITED, Supply, supply_by_variant
from catalog.markets import Market
from catalog.models import AttributeValue, Product, ProductImage, Review, Swatch, Variant
from catalog.prices import CurrentPrice, current_price, price_history, prior_price
from catalog.products.promises import backorder_promise, tax_note
from catalog.products.unit_price import UnitPrice, unit_price

MAX_REVIEWS = 20
MAX_THUMBNAILS = 8


@dataclass(frozen=True)
class Choice:
    """One option value on the product page."""

    value: str
    key: str
    is_chosen: bool
    is_available: bool
    swatch: str
    is_existing: bool = True

    @property
    def unavailable_note(self) -> str:
        """The reason why it cannot be bought with the other chosen values; empty where it can."""
        if self.is_available:
            return ""
        return "sold out" if self.is_existing else "not available in this combination"


@dataclass(frozen=True)
class ChoiceGroup:
    """One option: its name, its form field and its values."""

    name: str
    field: str
    key: str
    chosen: str
    choices: list[Choice]


@dataclass(frozen=True)
class ProductPage:
    """The content of the product page."""

    product: Product
    variant: Variant
    price: CurrentPrice | None
    supply: Supply
    groups: list[ChoiceGroup]
    images: list[ProductImage]
    highest_minor: int
    lowest_minor: int
    prior_minor: int | None = None
    unit_price: UnitPrice | None = None
    tax_note: str = ""
    has_price: bool = True  # whether any variant has a price in this market
    is_missing: bool = False  # the requested combination does not exist, and this is the closest one
    priced: list[tuple[Variant, CurrentPrice]] = field(default_factory=list)  # all variants with a price here

    @property
    def available(self) -> int | None:
        """Units that can be sold now, including backorders; None if the stock is not counted."""
        return self.supply.available

    @property
    def is_sold_out(self) -> bool:
        return self.price is None or self.available == 0

    @property
    def is_backordered(self) -> bool:
        """Whether it can be bought, but the next unit is on order."""
        return not self.is_sold_out and self.supply.is_backordered(1)

    @property
    def expected_on(self) -> date | None:
        """The day from which the next unit can be sent; None if it is in stock or the day is unknown."""
        return self.supply.expected_on(1)

    @property
    def stock_note(self) -> str:
        """The note about stock, for variants that can be bought."""
        if self.is_backordered:
            return backorder_promise(self.expected_on)
        if not self.supply.is_low:
            return "In stock"
        more = ", more on order" if self.supply.restocks else ""
        return f"Only {self.supply.in_stock} left{more}"

    @property
    def sold_out_note(self) -> str:
        """The sentence that replaces the button if the product cannot be bought."""
        if not self.price:
            return "This is not available right now."
        return f"This one is sold out.{' Another combination may be in stock.' if self.groups else ''}"

    @property
    def is_scarce(self) -> bool:
        """Whether the stock note is a warning: only a few units are left, or the next one is on order."""
        return self.is_backordered or self.supply.is_low

    @property
    def thumbnails(self) -> list[ProductImage]:
        """The pictures to choose from below the gallery; none where there is only one."""
        return self.images[:MAX_THUMBNAILS] if len(self.images) > 1 else []

    @property
    def preview_url(self) -> str:
        """The path of the picture that other sites show beside a link; empty where there is none."""
        return self.images[0].url if self.images and self.images[0].file else ""

    @property
    def max_quantity(self) -> int:
        """The largest quantity that the form offers."""
        return min(99, self.available or 99, self.variant.most_per_order or 99)


def product_for_page(slug: str) -> Product | None:
    """The visible product with this slug, with all related rows that its page needs."""
    variants = Variant.objects.filter(is_active=True).select_related("image")
    values = AttributeValue.objects.select_related("attribute").order_by("attribute__position", "position", "label")
    return (
        Product.objects.visible()
        .select_related("category")
        .prefetch_related("options", "images", Prefetch("variants", variants), Prefetch("attribute_values", values))
        .filter(slug=slug)
        .first()
    )


def product_page(product: Product, market: Market, wanted: Mapping[str, str]) -> ProductPage | None:
    """The page of a product with the variant that `wanted` describes (`?glaze=moss`); None if it has no variants.

    By default, this is the cheapest variant on sale that can be bought, because the product's card has a Sale badge; if
    none is on sale, the first that can be bought. In a market with a prefix, only variants with a price there are shown.
    """
    variants = list(product.variants.all())
    if not variants:
        return None
    at = shop_now()
    history = price_history([variant.pk for variant in variants], market)
    prices = {pk: price for pk, rows in history.items() if (price := current_price(rows, at))}
    if market.prefix:
        variants = [variant for variant in variants if variant.pk in prices] or variants
    supplies = supply_by_variant(variant.pk for variant in variants)
    available = {pk: supply.available or 0 for pk, supply in supplies.items()}
    options = list(product.options.all())
    chosen = _chosen_variant(variants, options, wanted, VariantRanking(available, prices))
    price = prices.get(chosen.pk)
    return ProductPage(
        product=product,
        variant=chosen,
        price=price,
        supply=supplies[chosen.pk] if chosen.is_tracked else UNLIMITED,
        groups=_choice_groups(variants, options, chosen, available),
        images=_chosen_first(list(product.images.all()), chosen),
        lowest_minor=min((price.amount_minor for price in prices.values()), default=0),
        highest_minor=max((price.amount_minor for price in prices.values()), default=0),
        prior_minor=prior_price(history.get(chosen.pk, []), at),
        unit_price=unit_price(price.amount_minor, chosen) if price else None,
        tax_note=tax_note(is_included=market.is_tax_included) if chosen.is_taxable else "",
        has_price=bool(prices),
        is_missing=_is_missing(chosen, options, wanted),
        priced=[(variant, prices[variant.pk]) for variant in variants if variant.pk in prices],
    )


def attribute_rows(product: Product) -> list[tuple[str, str]]:
    """The product's attributes as (name, values), formatted for shoppers."""
    rows: dict[str, list[str]] = {}
    for value in product.attribute_values.all():
        rows.setdefault(value.attribute.name, []).append(str(value))
    return [(name, ", ".join(values)) for name, values in rows.items()]


@dataclass(frozen=True)
class ReviewSummary:
    """The published reviews of a product: the newest ones, and their number per star rating."""

    reviews: list[Review]
    histogram: list[tuple[int, int]]
    count: int
    average: float

    @property
    def count_text(self) -> str:
        return f"{self.count} review{'' if self.count == 1 else 's'}"


def review_summary(product: Product, stars: int | None = None) -> ReviewSummary:
    """The published reviews of a product, or only those with this number of stars."""
    published = Review.objects.filter(product=product, status=Review.Status.PUBLISHED)
    counts = dict(published.order_by().values_list("rating").annotate(n=Count("id")))
    reviews = published.filter(rating=stars) if stars else published
    return ReviewSummary(
        reviews=list(reviews[:MAX_REVIEWS]),
        histogram=[(star, counts.get(star, 0)) for star in (5, 4, 3, 2, 1)],
        count=product.review_count,
        average=product.rating / 100,
    )


def option_key(text: str) -> str:
    """An option's name or value as it appears in URLs."""
    return slugify(text, allow_unicode=True) or text


def variant_query(variant: Variant) -> dict[str, str]:
    """The query parameters that choose this variant on its product's page."""
    values = (variant.option1, variant.option2, variant.option3)
    names = [option_key(option.name) for option in variant.product.options.all()]
    return {name: option_key(value) for name, value in zip(names, values, strict=False) if value}


def variant_path(variant: Variant) -> str:
    """The path of the product's page with this variant chosen."""
    query = urlencode(variant_query(variant))
    return f"{variant.product.get_absolute_url()}?{query}" if query else variant.product.get_absolute_url()


def can_be_bought(variant: Variant, available: Mapping[int, int]) -> bool:
    """Whether the variant has units available, or its stock is not counted."""
    return not variant.is_tracked or available.get(variant.pk, 0) > 0


@dataclass(frozen=True)
class VariantRanking:
    """Ranks variants for the default choice by available units and current prices."""

    available: Mapping[int, int]
    prices: Mapping[int, CurrentPrice]

    def rank(self, variant: Variant) -> tuple[bool, bool, int]:
        """The sort key; higher is better: can be bought, then on sale and cheap, then by position."""
        price = self.prices.get(variant.pk)
        is_on_sale = price is not None and price.is_on_sale
        preference = -price.amount_minor if price and is_on_sale else -variant.position
        return can_be_bought(variant, self.available), is_on_sale, preference


def _chosen_variant(
    variants: list[Variant], options: list[Any], wanted: Mapping[str, str], ranking: VariantRanking
) -> Variant:
    keys = _wanted_keys(options, wanted)

    def score(variant: Variant) -> tuple[int, bool, bool, int]:
        values = [variant.option1, variant.option2, variant.option3]
        # The first option weighs most, so a size that does not exist in moss still shows moss.
        hits = sum(4 ** (3 - i) for i, key in enumerate(keys) if key and option_key(values[i]) == key)
        return hits, *ranking.rank(variant)

    return max(variants, key=score)


def _wanted_keys(options: list[Any], wanted: Mapping[str, str]) -> list[str]:
    """The wanted value of each option, by its name in the URL or, without JavaScript, by its form field."""
    return [
        wanted.get(option_key(option.name)) or option_key(wanted.get(f"option{index}", ""))
        for index, option in enumerate(options, start=1)
    ]


def _is_missing(chosen: Variant, options: list[Any], wanted: Mapping[str, str]) -> bool:
    """Whether the wanted values exist, but no variant has this combination of them."""
    values = [option_key(value) for value in (chosen.option1, chosen.option2, chosen.option3)]
    wanted_keys = _wanted_keys(options, wanted)
    existing = [{option_key(getattr(v, f"option{i}")) for v in chosen.product.variants.all()} for i in (1, 2, 3)]
    return any(
        key and key != value and key in keys for key, value, keys in zip(wanted_keys, values, existing, strict=False)
    )


def _choice_groups(
    variants: list[Variant], options: list[Any], chosen: Variant, available: Mapping[int, int]
) -> list[ChoiceGroup]:
    swatches = set(Swatch.objects.values_list("name", flat=True)) if options else set()
    groups = []
    for index, option in enumerate(options, start=1):
        field = f"option{index}"
        values = list(dict.fromkeys(getattr(variant, field) for variant in variants))
        choices = []
        for value in values:
            matching = [variant for variant in variants if _differs_only_in(variant, chosen, field, value)]
            choices.append(
                Choice(
                    value=value,
                    key=option_key(value),
                    is_chosen=getattr(chosen, field) == value,
                    is_available=any(can_be_bought(variant, available) for variant in matching),
                    swatch=slugify(value) if value in swatches else "",
                    is_existing=bool(matching),
                )
            )
        groups.append(ChoiceGroup(option.name, field, option_key(option.name), getattr(chosen, field), choices))
    return groups


def _differs_only_in(variant: Variant, chosen: Variant, field: str, value: str) -> bool:
    others = {"option1", "option2", "option3"} - {field}
    return getattr(variant, field) == value and all(getattr(variant, o) == getattr(chosen, o) for o in others)


def _chosen_first(images: list[ProductImage], chosen: Variant) -> list[ProductImage]:
    """The pictures of the gallery, with that of the chosen variant first."""
    return sorted(images, key=lambda image: (image.pk != chosen.image_id, image.position, image.pk))
