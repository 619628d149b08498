"""Save products. Each change also updates the slug, redirects, listings and history, in the same transaction."""

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Q

from catalog.inventory import default_location
from catalog.listings import in_batches, write_listings
from catalog.markets import default_market
from catalog.models import Category, Change, Product
from catalog.products.document import Difference, Document, category_names, differences, read_documents
from catalog.products.slugs import free_slug, remember_product_slug
from catalog.rich_text import clean


@dataclass(frozen=True)
class Author:
    """The source, user and run that are recorded with a change of products."""

    source: str
    user_id: int | None = None
    run_id: int | None = None


def product_document(handle: str) -> Document | None:
    """The document of one product, or None if it does not exist or is withdrawn."""
    return read_documents([handle], default_market(), default_location()).get(handle)


@transaction.atomic
def save_product(product: Product, author: Author, save_parts: Callable[[], object] | None = None) -> Document | None:
    """Save a new or changed product and return its document.

    Afterwards the description is sanitized, the product has a slug, its former slug redirects to it, its listings are up
    to date, and its history shows the change. `save_parts` is called after the product is saved and saves everything
    that belongs to it: options, variants, prices, stock.
    """
    stored = Product.objects.select_for_update(no_key=True).filter(pk=product.pk).first()
    before = product_document(stored.handle) if stored else None
    product.description = clean(product.description)
    product.slug = product.slug or free_slug(product.handle or product.title, product.pk)
    product.save()
    if stored and stored.slug != product.slug:
        remember_product_slug(product, stored.slug)
    if save_parts:
        save_parts()
    return _record_change(product, before, author)


@contextlib.contextmanager
def recorded_change(product: Product, author: Author) -> Iterator[None]:
    """Lock the product for a block that changes what belongs to it, and then update its listings and history."""
    with transaction.atomic():
        locked = Product.objects.select_for_update(no_key=True).get(pk=product.pk)
        before = product_document(locked.handle)
        yield
        _record_change(locked, before, author)


def _record_change(product: Product, before: Document | None, author: Author) -> Document | None:
    after = product_document(product.handle)
    record_changes([(product, differences(before, after, default_market().currency))], author)
    return after


@contextlib.contextmanager
def recorded_category_change(category: Category, author: Author) -> Iterator[None]:
    """Rewrite the listings of all products in and below the category after a block that renames or moves it.

    The history of each product whose category is then named or placed differently shows it.
    """
    with transaction.atomic():
        before = category_names(_category_ids(category))
        yield
        after = category_names(before)
        for batch in in_batches(Product.objects.filter(category__in=before)):
            record_changes([(product, _renamed(product, before, after)) for product in batch.order_by("pk")], author)


def _category_ids(category: Category) -> list[int]:
    """The ids of the category and of those below it."""
    path = Category.objects.values_list("path", flat=True).get(pk=category.pk)
    rows = Category.objects.filter(Q(pk=category.pk) | Q(path__startswith=f"{path}/"))
    return list(rows.values_list("pk", flat=True))


def _renamed(product: Product, before: Mapping[int, str], after: Mapping[int, str]) -> list[Difference]:
    names = [names_by_id.get(product.category_id or 0, "") for names_by_id in (before, after)]
    return [] if names[0] == names[1] else [["category", *names]]


@transaction.atomic
def remove_from_category(category: Category, author: Author) -> None:
    """Take all products out of the category, and record it in the history of each.

    The products are read in small batches, because a category can contain many thousands.
    """
    for batch in in_batches(Product.objects.filter(category=category)):
        products = list(batch.select_for_update(no_key=True).order_by("pk"))
        documents = read_documents([product.handle for product in products], default_market(), default_location())
        batch.update(category=None)
        record_changes([(product, _uncategorized(documents.get(product.handle))) for product in products], author)


def _uncategorized(before: Document | None) -> list[Difference]:
    """Return how the product's document changes when it loses its category."""
    after = {**before, "product": {**before["product"], "category": ""}} if before else None
    return differences(before, after, default_market().currency)


def record_changes(changes: Iterable[tuple[Product, list[Difference]]], author: Author) -> None:
    """Rewrite the listings of the products, and add to the history of each how it differs from before."""
    changes = list(changes)
    for batch in in_batches(Product.objects.filter(pk__in=[product.pk for product, _ in changes])):
        write_listings(batch)
    Change.objects.bulk_create(
        Change(
            product=product,
            user_id=author.user_id,
            run_id=author.run_id,
            source=author.source,
            differences=rows,
        )
        for product, rows in changes
        if rows
    )
