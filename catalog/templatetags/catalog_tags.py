"""Template filters and tags of the catalogue."""

import re
from datetime import date, datetime
from typing import Any
from urllib.parse import urljoin

from django import template
from django.conf import settings
from django.core.files.storage import default_storage
from django.forms import BoundField
from django.forms.utils import flatatt
from django.template import Context
from django.templatetags.static import static
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import slugify

from catalog import formats
from catalog.form_fields import ShownField, plain_field
from catalog.importing import plan
from catalog.markets import Market, all_markets, current_market, default_market, path_in
from catalog.models import ProductImage, Store
from catalog.money import format_money
from catalog.rich_text import clean
from catalog.store_texts import fill, placeholder_values

register = template.Library()
LINE_BREAK = re.compile(r"\s*\n\s*")
SIZES = {
    "card": "(min-width:60rem) 20rem, (min-width:48rem) 30vw, 45vw",
    "tile": "(min-width:48rem) 25vw, 50vw",
    "gallery": "(min-width:60rem) 46rem, 100vw",
    "line": "5.5rem",
    "thumb": "4rem",
}
MIDDLE_WIDTH = 480  # pixels
MAIL_LOGO_HEIGHT = 44  # pixels
PLACEHOLDER = {"width": 800, "height": 1000}


@register.filter
def money(minor: int, currency: str) -> str:
    """Format an amount in the market's language: `{{ line.total_minor|money:order.currency }}` shows €24.00."""
    return format_money(minor, currency, current_market().language)


@register.filter
def money_or_free(minor: int, currency: str) -> str:
    """A price of delivery: an amount like `money`, or "Free"."""
    return money(minor, currency) if minor else "Free"


@register.simple_block_tag
def paragraph(content: str) -> SafeString:
    """`{% paragraph %} … {% endparagraph %}`: lines of a plain-text mail that its reader gets as one."""
    return mark_safe(LINE_BREAK.sub(" ", content).strip())  # noqa: S308  (escaped when its parts were rendered)


@register.filter
def filled(text: str, store: Store) -> str:
    """Replace the placeholders in a text: `{{ store.announcement|filled:store }}`."""
    return fill(text, placeholder_values(store)) if "{{" in text else text


@register.simple_tag
def shared_url(name: str, *args: Any) -> str:
    """The path of a page that is the same for all markets."""
    return path_in(default_market(), reverse(name, args=args))


@register.simple_tag(takes_context=True)
def page_in(context: Context, market: Market) -> str:
    """The path of the current page in another market."""
    return path_in(market, context["request"].path)


@register.filter
def everywhere(path: str) -> str:
    """The absolute URL of a path without the prefix of a market, for e-mails."""
    return f"{settings.SHOP_URL}{path_in(default_market(), path)}"


@register.inclusion_tag("includes/alternates.html", takes_context=True)
def alternates(context: Context) -> dict[str, Any]:
    """Links to the current page in all markets that have it, for search engines."""
    markets = context.get("markets_here", [])
    # Later pages of a listing have no equivalent, because other markets have other prices and numbers of products.
    path = context["request"].path if len(markets) > 1 and not context.get("canonical_query") else ""
    links = [(market.language, _absolute_url(market, path)) for market in markets] if path else []
    return {"links": [*links, ("x-default", _absolute_url(default_market(), path))] if links else []}


def _absolute_url(market: Market, path: str) -> str:
    return f"{settings.SHOP_URL}{path_in(market, path)}"


@register.inclusion_tag("includes/market_switch.html", takes_context=True)
def market_switch(context: Context) -> dict[str, Any]:
    """A link to each market: to the current page if the market has it, otherwise to the home page."""
    markets_of_page = context.get("markets_here", [])
    home, current = reverse("catalog:home"), current_market()
    markets = list(all_markets().values())
    request = context.get("request")
    links = [
        (market, path_in(market, request.path if request and market in markets_of_page else home), market == current)
        for market in markets
    ]
    return {"links": links if len(markets) > 1 else []}


@register.filter
def rich_text(html: str) -> SafeString:
    """Clean stored HTML again and mark it as safe, because it may be older than the present rules."""
    return mark_safe(clean(html))  # noqa: S308  (cleaned with an allow-list)


@register.filter
def swatch_class(name: str) -> str:
    """The CSS class of a colour's swatch."""
    return f"swatch-{slugify(name)}"


@register.filter
def moment(value: datetime | None) -> str:
    """`26 Nov 2026, 12:48`, in the shop's time zone."""
    return formats.moment(value)


@register.filter
def day(value: date | datetime | None) -> str:
    """`26 Nov 2026`."""
    return formats.day(value)


@register.filter
def signed(value: int | None) -> str:
    """A number with its sign: `+3`, `−2`."""
    return formats.signed(value)


@register.filter
def short_value(value: Any) -> str:
    """A value of a product's history as one short line."""
    return plan.short_text(value)


@register.filter
def half_stars(rating: int) -> int:
    """Convert an average in hundredths of a star to half stars from 0 to 10, which have CSS classes."""
    return round(rating / 50)


@register.filter
def stars_class(stars: int) -> int:
    """Convert whole stars to half stars."""
    return stars * 2


@register.inclusion_tag("includes/field.html")
def field(bound: BoundField, id: str = "", css_class: str = "") -> dict[str, ShownField]:  # noqa: A002  (the attribute)
    """A field of a form with its label, hint, error and control. Its id is its name unless `id` is given."""
    return {"field": plain_field(bound, id=id, css_class=css_class)}


@register.simple_tag
def picture(image: ProductImage | dict | None, size: str, alt: str = "", *, eager: bool = False) -> SafeString:
    """An <img> with srcset and dimensions, or a placeholder if there is no picture. `eager` loads it at once.

    It is written without a template, because a listing has one for each card.
    """
    stored = image.as_json() if isinstance(image, ProductImage) else image or {}
    source = _stored_source(stored, size) if stored else PLACEHOLDER | {"src": static("img/placeholder.svg")}
    loading = {"fetchpriority": "high"} if eager else {"loading": "lazy", "decoding": "async"}
    return format_html("<img{}>", flatatt(source | {"alt": alt} | loading))


def _stored_source(stored: dict[str, Any], size: str) -> dict[str, Any]:
    """The attributes that choose the file: the middle rendition for browsers that do not know srcset."""
    stem = stored["name"].rpartition(".")[0]
    sources = [(default_storage.url(f"{stem}-{width}.webp"), width) for width in stored["widths"]]
    dimensions = {"class": stored.get("focus") or None, "width": stored["width"], "height": stored["height"]}
    if not sources:
        return {"src": default_storage.url(stored["name"])} | dimensions
    middle = next((url for url, width in sources if width >= MIDDLE_WIDTH), sources[-1][0])
    srcset = ", ".join(f"{url} {width}w" for url, width in sources)
    return {"src": middle, "srcset": srcset, "sizes": SIZES[size]} | dimensions


@register.filter
def mail_picture(stored: dict[str, Any]) -> str:
    """The absolute URL of a picture's smallest rendition, for e-mails."""
    stem = stored["name"].rpartition(".")[0]
    name = f"{stem}-{min(stored['widths'])}.webp" if stored["widths"] else stored["name"]
    return urljoin(f"{settings.SHOP_URL}/", default_storage.url(name))


@register.simple_tag
def mail_logo(store: Store) -> SafeString:
    """The shop's logo for e-mails, at most MAIL_LOGO_HEIGHT pixels high."""
    height = min(store.logo_height, MAIL_LOGO_HEIGHT)
    width = max(1, round(store.logo_width * height / max(1, store.logo_height)))
    source = urljoin(f"{settings.SHOP_URL}/", store.logo.url)
    style = "display:block;max-width:100%;height:auto"
    dimensions = {"src": source, "width": width, "height": height, "style": style}
    return format_html("<img{}>", flatatt(dimensions | {"alt": store.logo_text}))
