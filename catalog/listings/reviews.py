"""Write and moderate reviews, and update the average rating of products. Only this module changes reviews."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Avg, Count
from django.utils import timezone

from catalog.listings.writing import write_listings
from catalog.models import Product, Review


@dataclass(frozen=True)
class Opinion:
    """The content of a review: one to five stars, with an optional title and text."""

    rating: int
    author: str
    title: str = ""
    text: str = ""


@transaction.atomic
def write_review(
    product: Product, opinion: Opinion, *, purchase: str = "", written_at: datetime | None = None
) -> Review:
    """Store a review that waits for moderation. A second review of the same purchase replaces the first.

    The replacement is a new row, so staff who still see the old text cannot publish the new one by mistake. `purchase`
    names the order line that proves the purchase, which orders/reviewing.py has checked.
    """
    fields = {
        "status": Review.Status.PENDING,
        "rating": opinion.rating,
        "author": opinion.author,
        "title": opinion.title,
        "text": opinion.text,
        "is_verified": bool(purchase),
        "created_at": written_at or timezone.now(),
    }
    if not purchase:
        return Review.objects.create(product=product, **fields)
    _lock_products([product.pk])
    deleted, _ = Review.objects.filter(purchase=purchase).delete()
    review = Review.objects.create(product=product, purchase=purchase, **fields)
    if deleted:
        refresh_average(product.pk)
    return review


def _lock_products(product_ids: list[int]) -> None:
    """Lock the products. To avoid deadlocks, every transaction locks products before their reviews."""
    rows = Product.objects.select_for_update(no_key=True).filter(pk__in=product_ids)
    list(rows.order_by("pk").values_list("pk"))


@transaction.atomic
def moderate(review_ids: list[int], status: Review.Status) -> int:
    """Set the status of the reviews and update their products' averages; return the number of changed reviews."""
    changed = Review.objects.filter(pk__in=review_ids).exclude(status=status)
    products = sorted(set(changed.values_list("product_id", flat=True)))
    _lock_products(products)
    count = changed.update(status=status)
    for product_id in products:
        refresh_average(product_id)
    return count


@transaction.atomic
def refresh_average(product_id: int) -> None:
    """Update the average and number of published reviews of the product, and its listings."""
    product = Product.objects.select_for_update(no_key=True).get(pk=product_id)
    published = Review.objects.filter(product=product, status=Review.Status.PUBLISHED)
    totals = published.aggregate(average=Avg("rating"), count=Count("id"))
    rating = round(float(totals["average"] or 0) * 100)
    Product.objects.filter(pk=product_id).update(rating=rating, review_count=totals["count"])
    write_listings(Product.objects.filter(pk=product_id))
