"""Addresses change, links to the old ones go on working: one step to where the thing is now, or 410 where it is gone."""

from collections.abc import Collection
from dataclasses import dataclass

from django.db import transaction
from django.utils.text import slugify

from catalog.categories import place_category
from catalog.models import Category, Product, Redirect

GONE = {Product.Status.ARCHIVED, Product.Status.WITHDRAWN}


@dataclass(frozen=True)
class Moved:
    """Where an old address leads; `url` is empty where the thing is gone for good."""

    url: str


def free_slug(text: str, product_id: int | None = None, also_taken: Collection[str] = ()) -> str:
    """An address for a product that no other one has, and none of those that are about to be written."""
    base = slugify(text)[:240] or "product"
    standing = Product.objects.filter(slug__startswith=base).exclude(pk=product_id)
    taken = {*standing.values_list("slug", flat=True), *also_taken}
    slug, number = base, 2
    while slug in taken:
        slug, number = f"{base}-{number}", number + 1
    return slug


@transaction.atomic
def remember_product_slug(product: Product, old_slug: str) -> None:
    """Links to the old slug lead to the product, and none leads away from its present one."""
    Redirect.objects.filter(kind=Redirect.Kind.PRODUCT, old=product.slug).delete()
    if old_slug and old_slug != product.slug:
        Redirect.objects.update_or_create(kind=Redirect.Kind.PRODUCT, old=old_slug, defaults={"product": product})


@transaction.atomic
def move_category(category: Category, *, parent: Category | None, slug: str) -> None:
    """The category hangs under `parent` by this slug; its old path and those below it lead to where they are now."""
    old_path = category.path
    below = list(Category.objects.filter(path__startswith=f"{old_path}/").values_list("pk", "path"))
    place_category(category, parent=parent, slug=slug)
    moved = [(category.pk, old_path), *below]
    now = dict(Category.objects.filter(pk__in=[pk for pk, _ in moved]).values_list("pk", "path"))
    Redirect.objects.filter(kind=Redirect.Kind.CATEGORY, old__in=now.values()).delete()
    for pk, path in moved:
        if now[pk] != path:
            Redirect.objects.update_or_create(kind=Redirect.Kind.CATEGORY, old=path, defaults={"category_id": pk})


def remember_deleted_categories(paths: list[str]) -> None:
    """Links to these paths say that the category is gone."""
    Redirect.objects.bulk_create(
        [Redirect(kind=Redirect.Kind.CATEGORY, old=path) for path in paths], ignore_conflicts=True
    )


def moved_product(slug: str) -> Moved | None:
    """What became of a product that no page answers for: None where there never was one."""
    standing = Product.objects.filter(slug=slug).first()
    if standing:
        return Moved("") if standing.status in GONE else None
    old = Redirect.objects.select_related("product").filter(kind=Redirect.Kind.PRODUCT, old=slug).first()
    if not old or not old.product:
        return Moved("") if old else None
    return Moved("" if old.product.status in GONE else old.product.get_absolute_url())


def moved_category(path: str) -> Moved | None:
    old = Redirect.objects.select_related("category").filter(kind=Redirect.Kind.CATEGORY, old=path).first()
    if not old:
        return None
    return Moved(old.category.get_absolute_url() if old.category else "")
