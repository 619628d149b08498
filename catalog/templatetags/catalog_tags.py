"""What templates need to show the catalogue."""

from typing import Any

from django import template
from django.core.files.storage import default_storage
from django.templatetags.static import static
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import slugify

from catalog.importing import plan
from catalog.models import ProductImage
from catalog.money import format_money
from catalog.rich_text import clean, plain

register = template.Library()
SIZES = {
    "card": "(min-width:60rem) 20rem, (min-width:48rem) 30vw, 45vw",
    "tile": "(min-width:48rem) 25vw, 50vw",
    "gallery": "(min-width:60rem) 46rem, 100vw",
    "line": "5.5rem",
    "thumb": "4rem",
}


@register.filter
def money(minor: int, currency: str) -> str:
    """`{{ line.total_minor|money:order.currency }}` → €24.00"""
    return format_money(minor, currency)


@register.filter
def rich_text(html: str) -> SafeString:
    """Cleaned again when shown: what is stored may be older than the rules."""
    return mark_safe(clean(html))  # noqa: S308  (cleaned by an allow-list right here)


@register.filter
def plain_text(html: str) -> str:
    return plain(html)


@register.filter
def swatch_class(name: str) -> str:
    return f"swatch-{slugify(name)}"


@register.filter
def said(value: Any) -> str:
    """A value of a product's history, in short."""
    return plan.said(value)


@register.filter
def half_stars(rating: int) -> int:
    """An average in hundredths as half stars, 0 to 10, which the style sheet has a width for."""
    return round(rating / 50)


@register.filter
def stars_class(stars: int) -> int:
    """Whole stars as half stars."""
    return stars * 2


@register.inclusion_tag("includes/picture.html")
def picture(image: ProductImage | dict | None, size: str, alt: str = "", *, eager: bool = False) -> dict[str, Any]:
    """An <img> with srcset and measures; a quiet drawing where there is no picture."""
    facts = image.facts() if isinstance(image, ProductImage) else image or {}
    if not facts:
        return {
            "src": static("img/placeholder.svg"),
            "width": 800,
            "height": 1000,
            "alt": alt,
            "eager": eager,
        }
    stem = facts["name"].rpartition(".")[0]
    sources = [(default_storage.url(f"{stem}-{width}.webp"), width) for width in facts["widths"]]
    middle = next((url for url, width in sources if width >= 480), sources[-1][0]) if sources else ""
    return {
        "src": middle or default_storage.url(facts["name"]),
        "srcset": ", ".join(f"{url} {width}w" for url, width in sources),
        "sizes": SIZES[size],
        "width": facts["width"],
        "height": facts["height"],
        "alt": alt,
        "eager": eager,
        "focus": facts.get("focus", ""),
    }
