"""The only writer of the category tree."""

from django.db import connection, transaction
from django.db.models import F, Max, Value
from django.db.models.functions import Concat, Substr
from django.utils.text import slugify

from catalog.errors import CatalogError
from catalog.models import Category

TREE_LOCK = 7_302_001  # any number, the same in every process


class CategoryRefused(CatalogError):
    """A change that would break the tree; the message is one clear sentence."""


def _lock_tree() -> None:
    """One writer of the tree at a time, until this transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [TREE_LOCK])


@transaction.atomic
def create_category(name: str, parent: Category | None = None, *, slug: str = "", description: str = "") -> Category:
    """A new last child of the parent, or a new root; raises CategoryRefused where its slug is taken."""
    _lock_tree()
    slug = slug or slugify(name, allow_unicode=True)[:120] or "category"
    siblings = Category.objects.filter(parent=parent)
    if siblings.filter(slug=slug).exists():
        raise CategoryRefused(f"There is a category '{slug}' here already.")
    path = f"{parent.path}/{slug}" if parent else slug
    last = siblings.aggregate(last=Max("position"))["last"] or 0
    return Category.objects.create(
        parent=parent, name=name, slug=slug, path=path, position=last + 1, description=description
    )


@transaction.atomic
def ensure_root_category(name: str) -> Category:
    """The root category of this name, made if it was missing."""
    name = name[:200]
    found = Category.objects.filter(parent=None, slug=slugify(name, allow_unicode=True)[:120] or "category").first()
    if found:
        return found
    _lock_tree()
    again = Category.objects.filter(parent=None, slug=slugify(name, allow_unicode=True)[:120] or "category").first()
    return again or create_category(name)


@transaction.atomic
def place_category(category: Category, *, parent: Category | None, slug: str) -> None:
    """The category hangs under `parent` by this slug, and the paths of all its descendants follow."""
    _lock_tree()
    category = Category.objects.select_for_update().get(pk=category.pk)
    parent = Category.objects.get(pk=parent.pk) if parent else None
    if parent and (parent.pk == category.pk or parent.path.startswith(f"{category.path}/")):
        raise CategoryRefused("A category cannot hang under itself.")
    if Category.objects.filter(parent=parent, slug=slug).exclude(pk=category.pk).exists():
        raise CategoryRefused(f"There is a category '{slug}' here already.")
    old_path, new_path = category.path, f"{parent.path}/{slug}" if parent else slug
    Category.objects.filter(pk=category.pk).update(parent=parent, slug=slug, path=new_path)
    Category.objects.filter(path__startswith=f"{old_path}/").update(
        path=Concat(Value(new_path), Substr(F("path"), len(old_path) + 1))
    )
