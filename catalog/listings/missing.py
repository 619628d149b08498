"""What products lack, stored in `Product.missing` because no index can find what has no row in another table."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

from catalog.markets import Market, all_markets
from catalog.models import Price, Product

PICTURE, PRICE, VARIANT = "picture", "price", "variant"  # values of Product.missing


def missing_of(product: Product, now: datetime) -> list[str]:
    """What the product lacks: a picture, a price of any variant, a variant for sale, and lasting prices in markets.

    Prefetch its variants with their prices, and its images.
    """
    variants = list(product.variants.all())
    for_sale = [variant for variant in variants if variant.is_active]
    lasting = {price.market for variant in for_sale for price in variant.prices.all() if _is_lasting(price, now)}
    return [
        *([PICTURE] if not product.images.all() else []),
        *([PRICE] if not variants or not all(variant.prices.all() for variant in variants) else []),
        *([VARIANT] if not for_sale else []),
        *(lasting_price(market) for market in all_markets().values() if market.code not in lasting),
    ]


def _is_lasting(price: Price, now: datetime) -> bool:
    return price.valid.upper is None and (price.valid.lower is None or price.valid.lower <= now)


def lasting_price(market: Market) -> str:
    """The entry for a market in which no variant for sale has a price that has begun and has no end."""
    return f"price-{market.code}"


def write_missing(products: Iterable[Product], now: datetime) -> None:
    """Store what these products lack, where it has changed. They are locked and prefetched."""
    changed: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for product in products:
        missing = missing_of(product, now)
        if missing != product.missing:
            changed[tuple(missing)].append(product.pk)
    for missing_now, ids in changed.items():
        Product.objects.filter(pk__in=ids).update(missing=list(missing_now))
