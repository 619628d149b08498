"""What the product's page shows beside its form: state, pictures, stock, markets, search result and last changes."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.contrib.auth.models import PermissionsMixin
from django.db.models import Count, Sum
from django.template.defaultfilters import slugify
from django.urls import reverse

from catalog.admin.products.badges import Badge
from catalog.admin.products.price_chart import price_chart
from catalog.admin.products.product_rows import Row, rows_of
from catalog.admin.stock.quantities import MAY_CHANGE_STOCK
from catalog.charts import Chart
from catalog.clock import shop_now
from catalog.formats import listed, moment
from catalog.inventory.incoming import incoming_of
from catalog.markets import all_markets, default_market
from catalog.models import Change, Price, Product, ProductImage, Stock
from catalog.price_plans import Period, time_line
from catalog.rich_text import plain

MAX_CHANGES = 3
MAX_VARIANTS = 250
MAX_NAMED_DIFFERENCES = 2
MAX_SEARCH_TITLE, MAX_SEARCH_TEXT = 60, 155  # characters that search engines show
PRICED, PARTLY_PRICED, UNPRICED = Badge("Priced", "ok"), Badge("Partly priced", "warn half"), Badge("No price", "open")


@dataclass(frozen=True)
class StockRow:
    """The stock of a product at one location, summed over its variants for sale."""

    location: str
    on_hand: int
    reserved: int
    on_its_way: int = 0  # from purchase orders and transfers

    @property
    def available(self) -> int:
        return self.on_hand - self.reserved


@dataclass(frozen=True)
class MarketRow:
    """A market, whether the product has prices in it, and the page on which they are set; empty for the default one."""

    name: str
    badge: Badge
    url: str


@dataclass(frozen=True)
class SearchResult:
    """The product as a search engine shows it."""

    path: str
    title: str
    text: str


@dataclass(frozen=True)
class ShownChange:
    """A change in a few words, with its time and author."""

    what: str
    when: str


@dataclass(frozen=True)
class Editor:
    """The parts of the page of one product."""

    row: Row
    images: Sequence[ProductImage]
    stock: Sequence[StockRow]
    periods: Sequence[Period]
    price_chart: Chart | None
    markets: Sequence[MarketRow]
    search_result: SearchResult
    changes: Sequence[ShownChange]
    receive_url: str
    correct_url: str

    @property
    def total(self) -> StockRow:
        sums = (sum(getattr(row, name) for row in self.stock) for name in ("on_hand", "reserved", "on_its_way"))
        return StockRow("All", *sums)

    @property
    def last_saved(self) -> str:
        return f"Changed {self.changes[0].when}" if self.changes else ""


def editor_of(product: Product, user: PermissionsMixin) -> Editor:
    """Read what the page shows, with a constant number of queries."""
    may_change = user.has_perm(MAY_CHANGE_STOCK)
    periods = time_line(list(product.variants.filter(is_active=True)[:MAX_VARIANTS]), default_market())
    return Editor(
        rows_of([product])[0],
        list(product.images.all()),
        _stock(product),
        periods,
        price_chart(periods, default_market()),
        _markets(product, user),
        _search_result(product),
        [_shown(change) for change in product.changes.select_related("user")[:MAX_CHANGES]],
        reverse("admin:catalog_stock_receive") if may_change else "",
        _correct_url(product) if may_change else "",
    )


def sections_of(fieldsets: Sequence[Any]) -> Mapping[str, Any]:
    """The fieldsets by their names as template variables: `search_engines`."""
    return {slugify(fieldset.name).replace("-", "_"): fieldset for fieldset in fieldsets}


def inlines_of(formsets: Sequence[Any]) -> Mapping[str, Any]:
    """The formsets of a change form by the names of their models."""
    return {shown.opts.model._meta.model_name: shown for shown in formsets}


def _stock(product: Product) -> list[StockRow]:
    rows = Stock.objects.filter(variant__product=product, variant__is_active=True, location__is_active=True)
    variant_ids = product.variants.filter(is_active=True).values_list("pk", flat=True)[:MAX_VARIANTS]
    units: dict[int, int] = defaultdict(int)
    for (_variant_id, location_id), expected in incoming_of(list(variant_ids)).items():
        units[location_id] += sum(part.units for part in expected)
    sums = rows.order_by("location__priority", "location_id").values("location__name", "location_id")
    return [
        StockRow(row["location__name"], row["on_hand_sum"], row["reserved_sum"], units[row["location_id"]])
        for row in sums.annotate(on_hand_sum=Sum("on_hand"), reserved_sum=Sum("reserved"))
    ]


def _correct_url(product: Product) -> str:
    """The levels of the product's variants: the level of a single one, or the list that its title finds."""
    levels = Stock.objects.filter(variant__product=product, variant__is_active=True, location__is_active=True)
    ids = list(levels.values_list("pk", flat=True)[:2])
    if len(ids) == 1:
        return reverse("admin:catalog_stock_change", args=ids)
    return f"{reverse('admin:catalog_stock_changelist')}?{urlencode({'q': product.title})}"


def _markets(product: Product, user: PermissionsMixin) -> list[MarketRow]:
    variants = product.variants.filter(is_active=True).count()
    regular = Price.objects.filter(
        variant__product=product, variant__is_active=True, kind=Price.Kind.REGULAR, valid__contains=shop_now()
    )
    priced = dict(regular.order_by().values_list("market").annotate(Count("variant", distinct=True)))
    can_change = user.has_perm("catalog.change_price")
    rows = []
    for market in all_markets().values():
        is_linked = can_change and market != default_market()
        url = reverse("admin:catalog_product_prices", args=[product.pk, market.code]) if is_linked else ""
        rows.append(MarketRow(market.name, _price_badge(priced.get(market.code, 0), variants), url))
    return rows


def _price_badge(priced: int, variants: int) -> Badge:
    if not priced:
        return UNPRICED
    return PRICED if priced >= variants else PARTLY_PRICED


def _search_result(product: Product) -> SearchResult:
    text = product.seo_description or plain(product.description)
    return SearchResult(
        f"{urlsplit(settings.SHOP_URL).netloc} › p › {product.slug}",
        _cut(product.seo_title or product.title, MAX_SEARCH_TITLE),
        _cut(text, MAX_SEARCH_TEXT) or "Search engines choose a text from the page.",
    )


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[: length - 1].rstrip()}…"


def _shown(change: Change) -> ShownChange:
    labels = list(dict.fromkeys(_short(str(label)) for label, *_values in change.differences))
    more = len(labels) - MAX_NAMED_DIFFERENCES
    named = listed(labels[:MAX_NAMED_DIFFERENCES])
    author = str(change.user) if change.user else change.source
    return ShownChange(f"{named} and {more} more" if more > 0 else named, f"{moment(change.created_at)} · {author}")


def _short(label: str) -> str:
    """The label of a difference without the name of the picture's file."""
    if not label.startswith("picture "):
        return label
    field = label.partition(": ")[2]
    return f"picture: {field}" if field else "picture"
