"""Makes the catalogue say what documents say: many products in one transaction, a constant number of queries a kind."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from catalog.addresses import free_slug, remember_product_slug
from catalog.categories import ensure_category
from catalog.documents import (
    CATEGORY_SEPARATOR,
    NEW_PRODUCT,
    PRODUCT_FIELDS,
    VARIANT_FIELDS,
    Document,
    differences,
    image_source,
    read_documents,
    variant_key,
)
from catalog.errors import BadImage, CatalogError
from catalog.images import keep_picture
from catalog.importing.pictures import PictureFolder
from catalog.importing.plan import Plan, PlannedChange, digest, plan_import
from catalog.importing.shopify import Problem, read_file
from catalog.inventory import Target, set_levels
from catalog.listings import in_batches, write_listings, write_stock_classes
from catalog.markets import Market, default_market
from catalog.models import (
    AttributeValue,
    Change,
    Location,
    Option,
    Product,
    ProductImage,
    ProductType,
    Variant,
)
from catalog.prices import replace_planned_sales, set_prices

PRODUCT_TIMES = ("publish_at", "unpublish_at")
DECIMALS = ("content", "base")
BATCH = 500
Progress = Callable[[int, int], None]


class CatalogueMoved(CatalogError):
    """The catalogue is not what the plan was made for; nothing was changed."""


@dataclass(frozen=True)
class Author:
    """Who changes products, and on which occasion."""

    source: str
    user_id: int | None = None
    run_id: int | None = None


@dataclass
class Shop:
    """Where prices and stock of documents belong, and where an import's pictures lie."""

    market: Market
    location: Location
    pictures: PictureFolder | None = None
    problems: list[Problem] = field(default_factory=list)


def here(pictures: Path | None = None) -> Shop:
    """The default market and the first location."""
    return Shop(default_market(), default_location(), PictureFolder(pictures) if pictures else None)


def import_file(path: Path, *, pictures: Path | None = None, on_progress: Progress | None = None) -> Plan:
    """The catalogue holds every readable product of the file; each refused one is in the plan with its line.

    Raises UnreadableFile, and writes nothing, where the file as a whole cannot be read.
    """
    shop = here(pictures or path.parent)
    plan = plan_import(read_file(path, shop.market.currency), shop.market, shop.location)
    apply_changes(plan.changes, shop, Author("import"), on_progress=on_progress)
    plan.problems += shop.problems
    return plan


def default_location() -> Location:
    """The first active location, made if there is none."""
    found = Location.objects.filter(is_active=True).first()
    return found or Location.objects.get_or_create(code="main", defaults={"name": "Main"})[0]


@transaction.atomic
def apply_changes(
    changes: Sequence[PlannedChange], shop: Shop, author: Author, *, on_progress: Progress | None = None
) -> list[PlannedChange]:
    """Every product is what its change says; returns the changes as they came out, from which undo is made.

    Raises CatalogueMoved, and changes nothing, where a product is not as the plan found it.
    """
    _lock_products(changes)
    levels = _Levels()
    groups = [changes[start : start + BATCH] for start in range(0, len(changes), BATCH)]
    done = 0
    for group in groups:
        _Writer(group, shop, author, levels).write()
        done += len(group)
        if on_progress:
            on_progress(done, len(changes))
    # Last: the stock rows of everything that is being bought stay locked from here to COMMIT.
    levels.write(shop, author)
    return [change for group in groups for change in _came_out(group, shop)]


def _lock_products(changes: Sequence[PlannedChange]) -> None:
    """All of them at once and in one order: two runs with the same products wait for each other, never in a circle."""
    rows = Product.objects.select_for_update(no_key=True).filter(handle__in=[change.handle for change in changes])
    list(rows.order_by("pk").values_list("pk"))


@dataclass
class _Levels:
    """The stock that the changes want, collected over all batches."""

    targets: dict[int, Target] = field(default_factory=dict)
    retired: list[int] = field(default_factory=list)
    products: list[int] = field(default_factory=list)

    def write(self, shop: Shop, author: Author) -> None:
        set_levels(self.targets, shop.location, retired=self.retired, reason=author.source, user_id=author.user_id)
        for start in range(0, len(self.products), BATCH):
            write_stock_classes(self.products[start : start + BATCH])


def _came_out(group: Sequence[PlannedChange], shop: Shop) -> list[PlannedChange]:
    now = read_documents((change.handle for change in group), shop.market, shop.location)
    return [
        PlannedChange(
            change.handle,
            change.line,
            change.before,
            _with_stock_as_planned(change, now.get(change.handle)),
            change.differences,
        )
        for change in group
    ]


def _with_stock_as_planned(change: PlannedChange, present: Document | None) -> Document | None:
    """What is sold while the changes are written is no change of theirs, so that undo does not take it back."""
    if present is None or change.after is None:
        return present
    for key, facts in present["variants"].items():
        planned = change.after["variants"].get(key, {}).get("on_hand")
        if facts["on_hand"] is not None and planned is not None:
            facts["on_hand"] = planned
    return present


class _Writer:
    """Carries out one batch of changes; a product that undo takes back is withdrawn, because ledgers point at it."""

    def __init__(self, changes: Sequence[PlannedChange], shop: Shop, author: Author, levels: _Levels) -> None:
        self.changes = {change.handle: change for change in changes}
        self.shop = shop
        self.author = author
        self.levels = levels
        self.products: dict[str, Product] = {}
        self.images: dict[str, dict[str, ProductImage]] = defaultdict(dict)
        self.variants: dict[str, dict[str, Variant]] = defaultdict(dict)

    def write(self) -> None:
        self._lock()
        self._refuse_if_moved()
        self._write_products()
        self._write_options()
        self._write_images()
        self._write_variants()
        self._write_prices()
        self._collect_stock()
        self._write_history()
        for batch in in_batches(Product.objects.filter(pk__in=[p.pk for p in self.products.values()])):
            write_listings(batch)

    @property
    def wanted(self) -> Iterable[tuple[str, Document]]:
        """The products that shall be there, with what they shall be."""
        return ((handle, change.after) for handle, change in self.changes.items() if change.after is not None)

    def _lock(self) -> None:
        rows = Product.objects.select_for_update(no_key=True).filter(handle__in=list(self.changes)).order_by("pk")
        self.products = {product.handle: product for product in rows}
        ids = {product.pk: product.handle for product in self.products.values()}
        for variant in Variant.objects.filter(product_id__in=ids):
            key = variant_key((variant.option1, variant.option2, variant.option3))
            self.variants[ids[variant.product_id]][key] = variant
        for image in ProductImage.objects.filter(product_id__in=ids):
            self.images[ids[image.product_id]][image_source(image)] = image

    def _refuse_if_moved(self) -> None:
        now = read_documents(self.changes, self.shop.market, self.shop.location)
        for handle, change in self.changes.items():
            if now.get(handle) != change.before:
                title = (change.before or change.after or {})["product"]["title"]
                raise CatalogueMoved(f"“{title}” has changed since the plan was made. Plan again.")

    def _write_products(self) -> None:
        categories = _ensured_categories({after["product"]["category"] for _, after in self.wanted})
        types = dict(ProductType.objects.values_list("name", "pk"))
        new: list[Product] = []
        changed: list[Product] = []
        for handle, after in self.wanted:
            facts = after["product"]
            product = self.products.get(handle) or Product(handle=handle)
            old_slug = product.slug
            for name in PRODUCT_FIELDS:
                setattr(product, name, _as_time(facts[name]) if name in PRODUCT_TIMES else facts[name])
            product.slug = facts["slug"] or old_slug or self._free_slug(handle, new)
            product.category_id = categories[facts["category"]]
            product.type_id = types.get(facts["type"])
            product.updated_at = timezone.now()
            (changed if product.pk else new).append(product)
            self.products[handle] = product
            if product.pk and product.slug != old_slug:
                remember_product_slug(product, old_slug)
        Product.objects.bulk_create(new)
        Product.objects.bulk_update(changed, [*PRODUCT_FIELDS, "category", "type", "updated_at"], batch_size=BATCH)
        self._write_attributes()
        self._withdraw([h for h, change in self.changes.items() if change.after is None and h in self.products])

    def _withdraw(self, handles: list[str]) -> None:
        products = [self.products[handle].pk for handle in handles]
        Product.objects.filter(pk__in=products).update(status=Product.Status.WITHDRAWN)
        self._retire([v for handle in handles for v in self.variants[handle].values() if v.is_active])

    def _free_slug(self, handle: str, new: list[Product]) -> str:
        return free_slug(handle, also_taken={product.slug for product in new})

    def _write_attributes(self) -> None:
        for handle, after in self.wanted:
            before = self.changes[handle].before
            if after["product"]["attributes"] == (before or {"product": NEW_PRODUCT})["product"]["attributes"]:
                continue
            pairs = [pair.split("=", 1) for pair in after["product"]["attributes"]]
            wanted = Q(pk=None)
            for code, slug in pairs:
                wanted |= Q(attribute__code=code, slug=slug)
            self.products[handle].attribute_values.set(AttributeValue.objects.filter(wanted))

    def _write_options(self) -> None:
        differing = {
            h: after["options"] for h, after in self.wanted if after["options"] != self._before(h, "options", None)
        }
        Option.objects.filter(product__in=[self.products[handle] for handle in differing]).delete()
        Option.objects.bulk_create(
            Option(product=self.products[handle], position=n, name=name)
            for handle, names in differing.items()
            for n, name in enumerate(names, start=1)
        )

    def _before(self, handle: str, part: str, otherwise: Any) -> Any:
        before = self.changes[handle].before
        return before[part] if before else otherwise

    def _write_images(self) -> None:
        new, changed, gone = [], [], []
        for handle, after in self.wanted:
            standing = self.images[handle]
            for source, facts in after["images"].items():
                image = standing.get(source) or ProductImage(product=self.products[handle], source=source)
                image.position, image.alt = facts["position"], facts["alt"]
                is_fetched = not image.file and self._fetch(image, handle)
                if not image.pk:
                    new.append(image)
                elif is_fetched or facts != self._before(handle, "images", {}).get(source):
                    changed.append(image)
                standing[source] = image
            gone += [standing.pop(source).pk for source in list(standing) if source not in after["images"]]
        ProductImage.objects.bulk_create(new, batch_size=1000)
        facts_of_file = ["position", "alt", "file", "width", "height", "rendered_widths", "is_broken"]
        ProductImage.objects.bulk_update(changed, facts_of_file, batch_size=BATCH)
        ProductImage.objects.filter(pk__in=gone).delete()

    def _fetch(self, image: ProductImage, handle: str) -> bool:
        """The picture's file is ours, if it lies in the import's folder and is a picture."""
        content = self.shop.pictures.read(image.source) if self.shop.pictures else None
        if content is None:
            return False
        try:
            keep_picture(image, content)
        except BadImage as bad:
            line = self.changes[handle].line
            self.shop.problems.append(Problem(line, handle, f"{image.source}: {bad}", is_fatal=False))
            return False
        return True

    def _write_variants(self) -> None:
        new, changed, retired = [], [], []
        for handle, after in self.wanted:
            standing = self.variants[handle]
            for key, facts in after["variants"].items():
                variant = standing.get(key)
                if variant is None or not variant.is_active or facts != self._before(handle, "variants", {}).get(key):
                    variant = variant or Variant(product=self.products[handle])
                    self._set_variant(variant, key, facts, self.images[handle])
                    (changed if variant.pk else new).append(variant)
                    standing[key] = variant
            retired += [v for key, v in standing.items() if key not in after["variants"] and v.is_active]
        Variant.objects.bulk_create(new, batch_size=1000)
        fields = [*VARIANT_FIELDS, "option1", "option2", "option3", "image", "is_active"]
        Variant.objects.bulk_update(changed, fields, batch_size=BATCH)
        self._retire(retired)

    def _set_variant(self, variant: Variant, key: str, facts: Document, images: Mapping[str, ProductImage]) -> None:
        variant.option1, variant.option2, variant.option3 = key.split("\n")
        variant.is_active = True
        for name in VARIANT_FIELDS:
            value = facts[name]
            setattr(variant, name, Decimal(value) if name in DECIMALS and value is not None else value)
        variant.image = images.get(facts["image"])

    def _retire(self, variants: list[Variant]) -> None:
        """A variant that goes is no longer sold; its rows stay for the ledgers. Reserved units stay promised."""
        ids = [variant.pk for variant in variants]
        Variant.objects.filter(pk__in=ids).update(is_active=False)
        self.levels.retired += ids

    def _differing(self, *names: str) -> Iterable[tuple[Variant, Document, Document]]:
        """Variants for which one of these facts is another than before, with the facts and those of before; all of
        those that were not sold before."""
        for handle, after in self.wanted:
            before = self._before(handle, "variants", {})
            for key, facts in after["variants"].items():
                if key not in before or any(facts[name] != before[key].get(name) for name in names):
                    yield self.variants[handle][key], facts, before.get(key, {})

    def _write_prices(self) -> None:
        prices = {
            variant.pk: (facts["price"], facts["sale"], _as_time(facts["sale_until"]))
            for variant, facts, _before in self._differing("price", "sale", "sale_until")
        }
        set_prices(prices, self.shop.market)
        planned = {
            variant.pk: [(amount, _as_time(begins), _as_time(ends)) for amount, begins, ends in facts["planned"]]
            for variant, facts, _before in self._differing("planned")
        }
        replace_planned_sales(planned, self.shop.market)  # type: ignore[arg-type]

    def _collect_stock(self) -> None:
        self.levels.products += [product.pk for product in self.products.values()]
        self.levels.targets |= {
            variant.pk: Target(facts["on_hand"], facts["backorder_limit"], before.get("on_hand"))
            for variant, facts, before in self._differing("on_hand", "backorder_limit", "is_tracked")
            if facts["on_hand"] is not None
        }

    def _write_history(self) -> None:
        Change.objects.bulk_create(
            Change(
                product=self.products[handle],
                user_id=self.author.user_id,
                run_id=self.author.run_id,
                source=self.author.source,
                differences=differences(change.before, change.after, self.shop.market.currency),
            )
            for handle, change in self.changes.items()
            if handle in self.products
        )


def _ensured_categories(names: Iterable[str]) -> dict[str, int | None]:
    """The category ids by their names from the root down, missing ones made; no name is no category."""
    return {name: ensure_category(name.split(CATEGORY_SEPARATOR)).pk if name else None for name in names}


def _as_time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def undo_changes(done: Sequence[PlannedChange], shop: Shop) -> list[PlannedChange]:
    """The changes that take these back, from how they came out.

    Sales since then are no obstacle: stock goes back by what was changed, not to what it was. Raises CatalogueMoved
    where anything else about a product has changed since.
    """
    now = read_documents((change.handle for change in done), shop.market, shop.location)
    back = []
    for change in done:
        present = now.get(change.handle)
        if digest(present, with_stock=False) != digest(change.after, with_stock=False):
            raise CatalogueMoved(f"'{change.handle}' has changed since then, so this run cannot be undone.")
        target = _with_stock_taken_back(change, present)
        back.append(PlannedChange(change.handle, change.line, present, target, []))
    return back


def _with_stock_taken_back(change: PlannedChange, present: Document | None) -> Document | None:
    if change.before is None or change.after is None or present is None:
        return change.before
    target: Document = {**change.before, "variants": {k: dict(v) for k, v in change.before["variants"].items()}}
    for key, facts in target["variants"].items():
        was, became = facts["on_hand"], change.after["variants"].get(key, {}).get("on_hand")
        is_now = present["variants"].get(key, {}).get("on_hand")
        if was is not None and became is not None and is_now is not None:
            facts["on_hand"] = max(0, is_now - (became - was))
    return target
