"""Slugs and paths of products and categories, and redirects from their former ones (or 410 if they are gone)."""

from collections.abc import Collection
from dataclasses import dataclass

from django.db import transaction
from django.utils.text import slugify

from catalog.models import Category, Product, Redirect
from catalog.products.categories import place_category

GONE = {Product.Status.ARCHIVED, Product.Status.WITHDRAWN}


@dataclass(frozen=True)
class Moved:
    """The target of a former URL; `url` is empty if the product or category no longer exists."""

    url: str


def free_slug(text: str, product_id: int | None = None, also_taken: Collection[str] = ()) -> str:
    """A slug made from the text that no other product has and that is not in `also_taken`."""
    base = slugify(text)[:240] or "product"
    similar = Product.objects.filter(slug__startswith=base).exclude(pk=product_id)
    taken = {*similar.values_list("slug", flat=True), *also_taken}
    slug, number = base, 2
    while slug in taken:
        slug, number = f"{base}-{number}", number + 1
    return slug


@transaction.atomic
def remember_product_slug(product: Product, old_slug: str) -> None:
    """Redirect the old slug to the product, and delete redirects from its present slug."""
    Redirect.objects.filter(kind=Redirect.Kind.PRODUCT, old=product.slug).delete()
    if old_slug and old_slug != product.slug:
        Redirect.objects.update_or_create(kind=Redirect.Kind.PRODUCT, old=old_slug, defaults={"product": product})


@transaction.atomic
def move_category(category: Category, *, parent: Category | None, slug: str) -> None:
    """Move the category below `parent` with this slug, and redirect its former path and those of its descendants."""
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
    """Answer these category paths with 410 Gone from now on."""
    Redirect.objects.bulk_create(
        [Redirect(kind=Redirect.Kind.CATEGORY, old=path) for path in paths], ignore_conflicts=True
    )


def moved_product(slug: str) -> Moved | None:
    """The present URL of a product that has no page at this slug, or None if there never was one."""
    product = Product.objects.filter(slug=slug).first()
    if product:
        return Moved("") if product.status in GONE else None
    redirect = Redirect.objects.select_related("product").filter(kind=Redirect.Kind.PRODUCT, old=slug).first()
    if not redirect or not redirect.product:
        return Moved("") if redirect else None
    return Moved("" if redirect.product.status in GONE else redirect.product.get_absolute_url())


def moved_category(path: str) -> Moved | None:
    """The present URL of a category that has no page at this path, or None if there never was one."""
    redirect = Redirect.objects.select_related("category").filter(kind=Redirect.Kind.CATEGORY, old=path).first()
    if not redirect:
        return None
    return Moved(redirect.category.get_absolute_url() if redirect.category else "")
