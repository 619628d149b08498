"""Create the categories and attributes of a made-up catalogue."""

from dataclasses import dataclass

from catalog.listings.facets import value_key
from catalog.models import Attribute, AttributeValue, Category, Swatch
from catalog.products.categories import ensure_category
from shop.synthetic.words import COLOURS, KINDS, MATERIALS, ROOTS, SIZES, STYLES

PRODUCTS_PER_LEAF = 50
MAX_LEAF_CATEGORIES = 2_000


@dataclass(frozen=True)
class Leaf:
    """A category without children: its ids from the root down, and the kind of its products."""

    ids: list[int]
    kind: str


def make_leaves(products: int) -> list[Leaf]:
    """Create enough categories for this number of products: roots, kinds and, if needed, series below the kinds."""
    wanted = max(len(ROOTS), min(MAX_LEAF_CATEGORIES, products // PRODUCTS_PER_LEAF))
    kinds = [(root, kind) for number in range(6) for root in ROOTS for kind in [KINDS[root][number]]][:wanted]
    leaves: list[Leaf] = []
    for root, kind in kinds:
        parent = ensure_category([root, kind])
        root_id = parent.parent_id or parent.pk
        below = (
            -(-(wanted - len(leaves)) // max(1, len(kinds) - kinds.index((root, kind)))) if wanted > len(kinds) else 0
        )
        if not below:
            leaves.append(Leaf([root_id, parent.pk], kind))
        leaves += [Leaf([root_id, parent.pk, child.pk], kind) for child in _children(parent, below)]
    return leaves


def _children(parent: Category, count: int) -> list[Category]:
    children = [
        Category(parent=parent, name=f"{parent.name} {n}", slug=f"no-{n}", path=f"{parent.path}/no-{n}", position=n)
        for n in range(1, count + 1)
    ]
    Category.objects.bulk_create(children, ignore_conflicts=True)
    return list(Category.objects.filter(parent=parent).order_by("position")[:count])


@dataclass(frozen=True)
class FacetIds:
    """The ids of the attribute values by label."""

    material: dict[str, int]
    colour: dict[str, int]
    style: dict[str, int]
    size: dict[str, int]
    washable: dict[str, int]


def make_attributes() -> FacetIds:
    """Create five attributes of different kinds with their values."""
    Swatch.objects.bulk_create([Swatch(name=n, colour=c) for n, c in COLOURS.items()], ignore_conflicts=True)
    return FacetIds(
        material=_values("material", "Material", Attribute.Kind.CHOICE, MATERIALS),
        colour=_values("colour", "Colour", Attribute.Kind.COLOUR, list(COLOURS)),
        style=_values("style", "Style", Attribute.Kind.CHOICE, STYLES),
        size=_values("size", "Size", Attribute.Kind.CHOICE, SIZES),
        washable=_values("washable", "Washable", Attribute.Kind.BOOLEAN, ["Yes", "No"]),
    )


def _values(code: str, name: str, kind: Attribute.Kind, labels: list[str]) -> dict[str, int]:
    option_names = [name] if code in ("colour", "size") else []
    attribute, _ = Attribute.objects.get_or_create(
        code=code, defaults={"name": name, "kind": kind, "option_names": option_names}
    )
    rows = [
        AttributeValue(
            attribute=attribute, slug=value_key(label), label=label, colour=COLOURS.get(label, ""), position=n
        )
        for n, label in enumerate(labels)
    ]
    AttributeValue.objects.bulk_create(rows, ignore_conflicts=True)
    return dict(AttributeValue.objects.filter(attribute=attribute, label__in=labels).values_list("label", "pk"))
