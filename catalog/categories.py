"""The only writer of the category tree."""

from collections.abc import Sequence

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
    slug = slug or _slug_of(name)
    siblings = Category.objects.filter(parent=parent)
    if siblings.filter(slug=slug).exists():
        raise CategoryRefused(f"A category with the slug '{slug}' already exists here.")
    path = f"{parent.path}/{slug}" if parent else slug
    last = siblings.aggregate(last=Max("position"))["last"] or 0
    return Category.objects.create(
        parent=parent, name=name, slug=slug, path=path, position=last + 1, description=description
    )


@transaction.atomic
def ensure_category(names: Sequence[str]) -> Category:
    """The category by these names from the root down; whatever was missing is made."""
    found = _find(names)
    if found:
        return found
    _lock_tree()
    parent: Category | None = None
    for name in names:
        slug = _slug_of(name)
        child = Category.objects.filter(parent=parent, slug=slug).first()
        parent = child or create_category(name[:200], parent, slug=slug)
    if parent is None:
        raise CategoryRefused("A category needs a name.")
    return parent


def _find(names: Sequence[str]) -> Category | None:
    return Category.objects.filter(path=category_path(names)).first()


def category_path(names: Sequence[str]) -> str:
    """The address of the category by these names from the root down."""
    return "/".join(_slug_of(name) for name in names)


def _slug_of(name: str) -> str:
    return slugify(name[:200], allow_unicode=True)[:120] or "category"


@transaction.atomic
def place_category(category: Category, *, parent: Category | None, slug: str) -> None:
    """The category hangs under `parent` by this slug, and the paths of all its descendants follow."""
    _lock_tree()
    category = Category.objects.select_for_update().get(pk=category.pk)
    parent = Category.objects.get(pk=parent.pk) if parent else None
    if parent and (parent.pk == category.pk or parent.path.startswith(f"{category.path}/")):
        raise CategoryRefused("A category cannot be moved below itself.")
    if Category.objects.filter(parent=parent, slug=slug).exclude(pk=category.pk).exists():
        raise CategoryRefused(f"A category with the slug '{slug}' already exists here.")
    old_path, new_path = category.path, f"{parent.path}/{slug}" if parent else slug
    Category.objects.filter(pk=category.pk).update(parent=parent, slug=slug, path=new_path)
    Category.objects.filter(path__startswith=f"{old_path}/").update(
        path=Concat(Value(new_path), Substr(F("path"), len(old_path) + 1))
    )
