"""Create and move categories. Only this module changes the category tree."""

from collections.abc import Sequence

from django.db import connection, transaction
from django.db.models import F, Max, Value
from django.db.models.functions import Concat, Substr
from django.utils.text import slugify

from catalog.errors import CatalogError
from catalog.models import Category

TREE_LOCK = 7_302_001  # the key of the advisory lock; the number has no meaning


class CategoryRefused(CatalogError):
    """The change would break the category tree. The message is for staff."""


def _lock_tree() -> None:
    """Wait until no other transaction changes the tree, and keep others waiting until this one ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [TREE_LOCK])


@transaction.atomic
def create_category(name: str, parent: Category | None = None, *, slug: str = "", description: str = "") -> Category:
    """Create the last child of the parent, or a root. Raises CategoryRefused if a sibling has the slug."""
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
    """The category with these names from the root down. Creates missing categories."""
    category = _find(names)
    if category:
        return category
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
    """The path of the category with these names from the root down."""
    return "/".join(_slug_of(name) for name in names)


def _slug_of(name: str) -> str:
    return slugify(name[:200], allow_unicode=True)[:120] or "category"


@transaction.atomic
def place_category(category: Category, *, parent: Category | None, slug: str) -> None:
    """Move the category below `parent` with this slug, and update the paths of its descendants.

    Raises CategoryRefused for a parent below the category and for a slug that a sibling has.
    """
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
