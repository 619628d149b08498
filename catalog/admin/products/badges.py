"""The badges of a product: its status, and what happens to it at other times."""

from dataclasses import dataclass

from catalog.clock import shop_now
from catalog.formats import day
from catalog.models import Product


@dataclass(frozen=True)
class Badge:
    """A state in words, with its colour (ok, warn, bad, info) and the shape of its dot (open, half)."""

    text: str
    look: str = ""


STATUSES = {
    Product.Status.DRAFT: Badge("Draft", "warn open"),
    Product.Status.ACTIVE: Badge("Active", "ok"),
    Product.Status.UNLISTED: Badge("Unlisted", "info half"),
    Product.Status.ARCHIVED: Badge("Archived", "open"),
    Product.Status.WITHDRAWN: Badge("Withdrawn", "open"),
}


def badges_of(product: Product, *, is_on_sale: bool = False) -> list[Badge]:
    """The product's status, followed by its times and a current sale."""
    badges = [STATUSES[Product.Status(product.status)]]
    now = shop_now()
    if product.publish_at and product.publish_at > now:
        badges.append(Badge(f"From {day(product.publish_at)}", "info open"))
    if product.unpublish_at:
        is_over = product.unpublish_at <= now
        text = f"{'Ended' if is_over else 'Until'} {day(product.unpublish_at)}"
        badges.append(Badge(text, "warn" if is_over else "info open"))
    if is_on_sale:
        badges.append(Badge("Sale", "info"))
    return badges
