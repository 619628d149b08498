"""The only writer of reviews: what buyers say, what staff publish, and the average that cards show."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Avg, Count
from django.utils import timezone

from catalog.listings import write_listings
from catalog.models import Product, Review


@dataclass(frozen=True)
class Opinion:
    """What somebody wrote: one to five stars and, if they like, words."""

    rating: int
    author: str
    title: str = ""
    text: str = ""


@transaction.atomic
def write_review(
    product: Product, opinion: Opinion, *, purchase: str = "", written_at: datetime | None = None
) -> Review:
    """The opinion waits for staff; the same purchase again replaces what was written before by a row of its own.

    Whoever was still looking at the old words cannot publish the new ones by the old row's number.

    `purchase` names the order line that proves it, as orders/reviewing.py has checked.
    """
    facts = {
        "status": Review.Status.PENDING,
        "rating": opinion.rating,
        "author": opinion.author,
        "title": opinion.title,
        "text": opinion.text,
        "is_verified": bool(purchase),
        "created_at": written_at or timezone.now(),
    }
    if not purchase:
        return Review.objects.create(product=product, **facts)
    _lock_products([product.pk])
    was_there, _ = Review.objects.filter(purchase=purchase).delete()
    review = Review.objects.create(product=product, purchase=purchase, **facts)
    if was_there:
        refresh_average(product.pk)
    return review


def _lock_products(product_ids: list[int]) -> None:
    """Products first, then their reviews: the order that everybody uses."""
    rows = Product.objects.select_for_update(no_key=True).filter(pk__in=product_ids)
    list(rows.order_by("pk").values_list("pk"))


@transaction.atomic
def moderate(review_ids: list[int], status: Review.Status) -> int:
    """These reviews are published, rejected or waiting; the products' averages say so. Returns how many changed."""
    changed = Review.objects.filter(pk__in=review_ids).exclude(status=status)
    products = sorted(set(changed.values_list("product_id", flat=True)))
    _lock_products(products)
    count = changed.update(status=status)
    for product_id in products:
        refresh_average(product_id)
    return count


@transaction.atomic
def refresh_average(product_id: int) -> None:
    """The product and its cards show the average and the number of its published reviews."""
    product = Product.objects.select_for_update(no_key=True).get(pk=product_id)
    published = Review.objects.filter(product=product, status=Review.Status.PUBLISHED)
    found = published.aggregate(average=Avg("rating"), count=Count("id"))
    rating = round(float(found["average"] or 0) * 100)
    Product.objects.filter(pk=product_id).update(rating=rating, review_count=found["count"])
    write_listings(Product.objects.filter(pk=product_id))
