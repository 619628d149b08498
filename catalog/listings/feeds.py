"""Sitemaps and the Google Merchant feed, generated in constant memory.

Decision 32 compares the sitemaps with `django.contrib.sitemaps`.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from xml.sax.saxutils import escape

from django.conf import settings
from django.db.models import Max, Prefetch, QuerySet
from django.urls import reverse
from django.utils import timezone

from catalog.clock import shop_now
from catalog.gtin import is_gtin
from catalog.inventory.availability import UNLIMITED, Supply, supply_by_variant
from catalog.listings.browse import current_listings
from catalog.markets import Market, current_market, path_in
from catalog.models import Category, Collection, Page, Product, Store, Variant
from catalog.money import to_major
from catalog.prices import CurrentPrice, prices_at
from catalog.rich_text import plain

IDS_PER_FILE = 10_000  # product ids per sitemap file; the protocol allows 50,000 URLs
MAX_FILES = 50_000
MAX_IMAGES = 10  # per product in the feed (support.google.com/merchants/answer/6324370)
BATCH = 500
SECTIONS = ("shop", "products")
NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'


def _element(name: str, text: str) -> str:
    return f"<{name}>{escape(NOT_XML.sub('', text))}</{name}>"


def _absolute(url: str) -> str:
    return url if url.startswith("http") else f"{settings.SHOP_URL}{url}"


def listed_products() -> QuerySet[Product]:
    """Visible and listed products with their pictures, ordered by id."""
    return Product.objects.visible().filter(status=Product.Status.ACTIVE).prefetch_related("images").order_by("pk")


def sitemap_index() -> str:
    """The index of sitemaps: one file for the current market's pages and one per 10,000 product ids."""
    newest = Product.objects.aggregate(last=Max("pk"))["last"] or 0
    files = [("shop", 1), *(("products", n) for n in range(1, newest // IDS_PER_FILE + 2))]
    entries = "".join(
        f"<sitemap>{_element('loc', _absolute(reverse('catalog:sitemap', args=[section, n])))}</sitemap>"
        for section, n in files
    )
    return f'{HEAD}<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{entries}</sitemapindex>\n'


def sitemap(section: str, number: int) -> Iterator[str]:
    """Yield the lines of one sitemap file. Products have their pictures."""
    yield (
        f'{HEAD}<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
        ' xmlns:image="http://www.google.com/schemas/sitemap-image/1.1">\n'
    )
    yield from _product_urls(number) if section == "products" else _shop_urls()
    yield "</urlset>\n"


def _shop_urls() -> Iterator[str]:
    yield _url(reverse("catalog:home"), None)
    for category in Category.objects.order_by("path").iterator(2000):
        yield _url(category.get_absolute_url(), None)
    for collection in Collection.objects.filter(is_active=True):
        yield _url(collection.get_absolute_url(), None)
    for page in Page.objects.public(shop_now()):
        yield _url(page.get_absolute_url(), page.updated_at)


def _product_urls(number: int) -> Iterator[str]:
    first = (number - 1) * IDS_PER_FILE
    products = listed_products().filter(pk__gt=first, pk__lte=first + IDS_PER_FILE)
    market = current_market()
    if market.prefix:  # in this market, products without a price have no page
        products = products.filter(pk__in=current_listings(market).values("product"))
    for product in products.iterator(chunk_size=BATCH):
        images = [_absolute(image.url) for image in product.images.all() if image.file]
        yield _url(product.get_absolute_url(), product.updated_at, images)


def _url(url: str, changed: datetime | None, images: list[str] | None = None) -> str:
    text = _element("loc", _absolute(url))
    if changed:
        text += _element("lastmod", changed.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))
    for image in images or []:
        text += f"<image:image>{_element('image:loc', image)}</image:image>"
    return f"<url>{text}</url>\n"


def merchant_feed(market: Market) -> Iterator[str]:
    """Yield the Google Merchant feed (RSS 2.0), with an item for each variant that has a price in this market.

    https://support.google.com/merchants/answer/7052112 (product data specification).
    """
    store = Store.objects.first() or Store()
    yield f'{HEAD}<rss version="2.0" xmlns:g="http://base.google.com/ns/1.0"><channel>'
    yield _element("title", store.name) + _element("link", _absolute(path_in(market, reverse("catalog:home"))))
    yield _element("description", store.tagline or store.name) + "\n"
    last = 0
    variants = Prefetch("variants", Variant.objects.filter(is_active=True).select_related("image"))
    ready = listed_products().select_related("category").prefetch_related(variants)
    while products := list(ready.filter(pk__gt=last)[:BATCH]):
        yield "".join(_items(products, market))
        last = products[-1].pk
    yield "</channel></rss>\n"


def _items(products: list[Product], market: Market) -> Iterator[str]:
    ids = [variant.pk for product in products for variant in product.variants.all()]
    prices = prices_at(ids, market, timezone.now())
    supplies = supply_by_variant(ids)
    for product in products:
        for variant in product.variants.all():
            if variant.pk in prices:
                supply = supplies[variant.pk] if variant.is_tracked else UNLIMITED
                # The feed is streamed after the request, when no market is current, so the prefix is added here.
                url = _absolute(path_in(market, product.get_absolute_url()))
                yield _item(variant, prices[variant.pk], url, supply)


def _availability(supply: Supply) -> list[tuple[str, str]]:
    """The availability for Google. Backorders without a date count as out of stock, because Google requires a date."""
    if not supply.available and supply.in_stock is not None:
        return [("g:availability", "out_of_stock")]
    if not supply.is_backordered(1):
        return [("g:availability", "in_stock")]
    day = supply.expected_on(1)
    if day is None:
        return [("g:availability", "out_of_stock")]
    return [("g:availability", "backorder"), ("g:availability_date", day.isoformat())]


def _item(variant: Variant, price: CurrentPrice, url: str, supply: Supply) -> str:
    product = variant.product
    images = [variant.image] if variant.image else []
    images += [image for image in product.images.all() if image.pk != variant.image_id]
    image_urls = [_absolute(image.url) for image in images if image.file]
    rows = [
        ("g:id", f"{product.pk}-{variant.pk}"),
        ("g:item_group_id", str(product.pk)),
        ("g:title", " ".join([product.title, *variant.values])[:150]),
        ("g:description", plain(product.description)[:5000] or product.title),
        ("g:link", url),
        *_availability(supply),
        ("g:condition", "new"),
        ("g:price", _money(price.regular_minor, price.currency)),
    ]
    if price.is_on_sale:
        rows.append(("g:sale_price", _money(price.amount_minor, price.currency)))
    if image_urls:
        rows.append(("g:image_link", image_urls[0]))
        rows += [("g:additional_image_link", image_url) for image_url in image_urls[1 : MAX_IMAGES + 1]]
    return f"<item>{''.join(_element(*row) for row in [*rows, *_identity(product, variant)])}</item>\n"


def _identity(product: Product, variant: Variant) -> list[tuple[str, str]]:
    rows = [("g:brand", product.vendor)] if product.vendor else []
    if is_gtin(variant.barcode):
        rows.append(("g:gtin", variant.barcode))
    elif variant.sku and product.vendor:
        rows.append(("g:mpn", variant.sku))
    else:
        rows.append(("g:identifier_exists", "no"))
    if product.category:
        rows.append(("g:product_type", product.category.path.replace("/", " > ")))
    if variant.grams:
        rows.append(("g:shipping_weight", f"{variant.grams} g"))
    return rows


def _money(minor: int, currency: str) -> str:
    return f"{to_major(minor, currency)} {currency}"
