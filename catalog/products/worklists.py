"""Products that need work, as the product list and the desk's tiles show them."""

from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from catalog.markets import default_market
from catalog.models import Listing, Price, Product, Variant


def of_stock_class(stock_class: str) -> QuerySet[Product]:
    """Products that are listed in the default market with this stock class."""
    listed = Listing.objects.filter(stock_class=stock_class, is_past=False, market=default_market().code)
    return Product.objects.filter(pk__in=listed.values("product"))


def sold_out() -> QuerySet[Product]:
    """Products on sale of which no unit is available."""
    return of_stock_class(Listing.StockClass.OUT).filter(status=Product.Status.ACTIVE)


def without_picture() -> QuerySet[Product]:
    """Active products without a picture."""
    return Product.objects.filter(status=Product.Status.ACTIVE, images=None)


def without_variant() -> QuerySet[Product]:
    """Active products that nobody can buy, because no variant is for sale."""
    for_sale = Variant.objects.filter(product=OuterRef("pk"), is_active=True)
    return Product.objects.filter(~Exists(for_sale), status=Product.Status.ACTIVE)


def without_price() -> QuerySet[Product]:
    """Active products with variants for sale that nobody can buy, because none has a price in the default market now."""
    for_sale = Variant.objects.filter(product=OuterRef("pk"), is_active=True)
    priced = Price.objects.filter(
        variant__product=OuterRef("pk"),
        variant__is_active=True,
        market=default_market().code,
        valid__contains=timezone.now(),
    )
    return Product.objects.filter(Exists(for_sale), ~Exists(priced), status=Product.Status.ACTIVE)
