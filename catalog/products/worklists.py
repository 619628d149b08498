"""Products that need work, as the product list and the desk's tiles show them.

What depends on other tables is stored in `Product.missing`, because no index can find what has no row in another table.
"""

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from catalog.listings.missing import PICTURE, VARIANT, lasting_price
from catalog.markets import default_market
from catalog.models import Listing, Price, Product, Variant


def of_stock_class(stock_class: str) -> QuerySet[Product]:
    """Products that are listed in the default market with this stock class."""
    listed = Listing.objects.filter(stock_class=stock_class, is_past=False, market=default_market().code)
    return Product.objects.filter(pk__in=listed.values("product"))


def sold_out() -> QuerySet[Product]:
    """Products on sale of which no unit is available."""
    return of_stock_class(Listing.StockClass.OUT).filter(status=Product.Status.ACTIVE)


def lacking(what: str) -> QuerySet[Product]:
    """Products that lack this, as `missing_of` says. The second condition is that of the index."""
    return Product.objects.filter(~Q(missing=[]), missing__contains=[what])


def without_picture() -> QuerySet[Product]:
    """Active products without a picture."""
    return lacking(PICTURE).filter(status=Product.Status.ACTIVE)


def without_variant() -> QuerySet[Product]:
    """Active products that nobody can buy, because no variant is for sale."""
    return lacking(VARIANT).filter(status=Product.Status.ACTIVE)


def without_price() -> QuerySet[Product]:
    """Active products with variants for sale that nobody can buy, because none has a price in the default market now.

    Whether a price applies depends on the time, so those without a lasting one are looked at.
    """
    market = default_market()
    for_sale = Variant.objects.filter(product=OuterRef("pk"), is_active=True)
    priced = Price.objects.filter(
        variant__product=OuterRef("pk"),
        variant__is_active=True,
        market=market.code,
        valid__contains=timezone.now(),
    )
    return lacking(lasting_price(market)).filter(Exists(for_sale), ~Exists(priced), status=Product.Status.ACTIVE)
