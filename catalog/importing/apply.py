"""Write product documents to the database: many products in one transaction, a constant number of queries per table."""

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

from catalog.errors import BadImage, CatalogError
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
from catalog.products.categories import ensure_category
from catalog.products.document import (
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
from catalog.products.images import keep_picture
from catalog.products.slugs import free_slug, remember_product_slug

PRODUCT_TIMES = ("publish_at", "unpublish_at")
DECIMALS = ("content", "base")
BATCH = 500
Progress = Callable[[int, int], None]


class CatalogueMoved(CatalogError):
    """A product changed after the plan was made. Nothing was written."""


@dataclass(frozen=True)
class Author:
    """The user and the run that a change of products is recorded for."""

    source: str
    user_id: int | None = None
    run_id: int | None = None


@dataclass
class DocumentTarget:
    """The market, the location and the picture folder that documents are read from and written to."""

    market: Market
    location: Location
    pictures: PictureFolder | None = None
    problems: list[Problem] = field(default_factory=list)


def default_target(pictures: Path | None = None) -> DocumentTarget:
    """The default market and the default location, with an optional folder of pictures."""
    return DocumentTarget(default_market(), default_location(), PictureFolder(pictures) if pictures else None)


def import_file(path: Path, *, pictures: Path | None = None, on_progress: Progress | None = None) -> Plan:
    """Import every readable product of the file and return the plan, which lists each refused product with its line.

    Raises UnreadableFile, and writes nothing, if the file as a whole cannot be read.
    """
    target = default_target(pictures or path.parent)
    plan = plan_import(read_file(path, target.market.currency), target.market, target.location)
    apply_changes(plan.changes, target, Author("import"), on_progress=on_progress)
    plan.problems += target.problems
    return plan


def default_location() -> Location:
    """The first active location. Creates one if there is none."""
    location = Location.objects.filter(is_active=True).first()
    return location or Location.objects.get_or_create(code="main", defaults={"name": "Main"})[0]


@transaction.atomic
def apply_changes(
    changes: Sequence[PlannedChange], target: DocumentTarget, author: Author, *, on_progress: Progress | None = None
) -> list[PlannedChange]:
    """Write every planned change and return the changes as they were stored, which undo needs.

    Raises CatalogueMoved, and changes nothing, if a product has changed since the plan was made.
    """
    _lock_products(changes)
    levels = _Levels()
    groups = [changes[start : start + BATCH] for start in range(0, len(changes), BATCH)]
    done = 0
    for group in groups:
        _Writer(group, target, author, levels).write()
        done += len(group)
        if on_progress:
            on_progress(done, len(changes))
    # Stock comes last, because its rows stay locked for shoppers from here until COMMIT.
    levels.write(target, author)
    return [change for group in groups for change in _stored_changes(group, target)]


def _lock_products(changes: Sequence[PlannedChange]) -> None:
    """Lock all products at once and in the order of their ids, so that two runs cannot deadlock."""
    rows = Product.objects.select_for_update(no_key=True).filter(handle__in=[change.handle for change in changes])
    list(rows.order_by("pk").values_list("pk"))


@dataclass
class _Levels:
    """The stock levels to write, collected over all batches."""

    targets: dict[int, Target] = field(default_factory=dict)
    retired: list[int] = field(default_factory=list)
    products: list[int] = field(default_factory=list)

    def write(self, target: DocumentTarget, author: Author) -> None:
        set_levels(self.targets, target.location, retired=self.retired, reason=author.source, user_id=author.user_id)
        for start in range(0, len(self.products), BATCH):
            write_stock_classes(self.products[start : start + BATCH])


def _stored_changes(group: Sequence[PlannedChange], target: DocumentTarget) -> list[PlannedChange]:
    now = read_documents((change.handle for change in group), target.market, target.location)
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
    """The stored document with the planned stock, so that undo does not reverse sales made during the import."""
    if present is None or change.after is None:
        return present
    for key, variant in present["variants"].items():
        planned = change.after["variants"].get(key, {}).get("on_hand")
        if variant["on_hand"] is not None and planned is not None:
            variant["on_hand"] = planned
    return present


class _Writer:
    """Writes one batch of changes.

    A product that undo removes is withdrawn instead of deleted, because orders and stock movements refer to it.
    """

    def __init__(
        self, changes: Sequence[PlannedChange], target: DocumentTarget, author: Author, levels: _Levels
    ) -> None:
        self.changes = {change.handle: change for change in changes}
        self.target = target
        self.author = author
        self.levels = levels
        self.products: dict[str, Product] = {}
        self.images: dict[str, dict[str, ProductImage]] = defaultdict(dict)
        self.variants: dict[str, dict[str, Variant]] = defaultdict(dict)

    def write(self) -> None:
        self._lock()
        self._refuse_if_changed()
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
        """The handle and the new document of each product that the changes keep."""
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

    def _refuse_if_changed(self) -> None:
        now = read_documents(self.changes, self.target.market, self.target.location)
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
            fields = after["product"]
            product = self.products.get(handle) or Product(handle=handle)
            old_slug = product.slug
            for name in PRODUCT_FIELDS:
                setattr(product, name, _as_time(fields[name]) if name in PRODUCT_TIMES else fields[name])
            product.slug = fields["slug"] or old_slug or self._free_slug(handle, new)
            product.category_id = categories[fields["category"]]
            product.type_id = types.get(fields["type"])
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
            existing = self.images[handle]
            for source, fields in after["images"].items():
                image = existing.get(source) or ProductImage(product=self.products[handle], source=source)
                image.position, image.alt = fields["position"], fields["alt"]
                is_fetched = not image.file and self._fetch(image, handle)
                if not image.pk:
                    new.append(image)
                elif is_fetched or fields != self._before(handle, "images", {}).get(source):
                    changed.append(image)
                existing[source] = image
            gone += [existing.pop(source).pk for source in list(existing) if source not in after["images"]]
        ProductImage.objects.bulk_create(new, batch_size=1000)
        columns = ["position", "alt", "file", "width", "height", "rendered_widths", "is_broken"]
        ProductImage.objects.bulk_update(changed, columns, batch_size=BATCH)
        ProductImage.objects.filter(pk__in=gone).delete()

    def _fetch(self, image: ProductImage, handle: str) -> bool:
        """Store the picture's file if the import's folder has a readable one; return whether it was stored."""
        content = self.target.pictures.read(image.source) if self.target.pictures else None
        if content is None:
            return False
        try:
            keep_picture(image, content)
        except BadImage as bad:
            line = self.changes[handle].line
            self.target.problems.append(Problem(line, handle, f"{image.source}: {bad}", is_fatal=False))
            return False
        return True

    def _write_variants(self) -> None:
        new, changed, retired = [], [], []
        for handle, after in self.wanted:
            existing = self.variants[handle]
            for key, fields in after["variants"].items():
                variant = existing.get(key)
                if variant is None or not variant.is_active or fields != self._before(handle, "variants", {}).get(key):
                    variant = variant or Variant(product=self.products[handle])
                    self._set_variant(variant, key, fields, self.images[handle])
                    (changed if variant.pk else new).append(variant)
                    existing[key] = variant
            retired += [v for key, v in existing.items() if key not in after["variants"] and v.is_active]
        Variant.objects.bulk_create(new, batch_size=1000)
        columns = [*VARIANT_FIELDS, "option1", "option2", "option3", "image", "is_active"]
        Variant.objects.bulk_update(changed, columns, batch_size=BATCH)
        self._retire(retired)

    def _set_variant(self, variant: Variant, key: str, fields: Document, images: Mapping[str, ProductImage]) -> None:
        variant.option1, variant.option2, variant.option3 = key.split("\n")
        variant.is_active = True
        for name in VARIANT_FIELDS:
            value = fields[name]
            setattr(variant, name, Decimal(value) if name in DECIMALS and value is not None else value)
        variant.image = images.get(fields["image"])

    def _retire(self, variants: list[Variant]) -> None:
        """Stop selling the variants. Their rows and reserved units stay, because orders and movements refer to them."""
        ids = [variant.pk for variant in variants]
        Variant.objects.filter(pk__in=ids).update(is_active=False)
        self.levels.retired += ids

    def _differing(self, *names: str) -> Iterable[tuple[Variant, Document, Document]]:
        """Yield (variant, new fields, old fields) of each variant that is new or differs in one of the named fields."""
        for handle, after in self.wanted:
            before = self._before(handle, "variants", {})
            for key, fields in after["variants"].items():
                if key not in before or any(fields[name] != before[key].get(name) for name in names):
                    yield self.variants[handle][key], fields, before.get(key, {})

    def _write_prices(self) -> None:
        prices = {
            variant.pk: (fields["price"], fields["sale"], _as_time(fields["sale_until"]))
            for variant, fields, _before in self._differing("price", "sale", "sale_until")
        }
        set_prices(prices, self.target.market)
        planned = {
            variant.pk: [(amount, _as_time(begins), _as_time(ends)) for amount, begins, ends in fields["planned"]]
            for variant, fields, _before in self._differing("planned")
        }
        replace_planned_sales(planned, self.target.market)  # type: ignore[arg-type]

    def _collect_stock(self) -> None:
        self.levels.products += [product.pk for product in self.products.values()]
        self.levels.targets |= {
            variant.pk: Target(fields["on_hand"], fields["backorder_limit"], before.get("on_hand"))
            for variant, fields, before in self._differing("on_hand", "backorder_limit", "is_tracked")
            if fields["on_hand"] is not None
        }

    def _write_history(self) -> None:
        Change.objects.bulk_create(
            Change(
                product=self.products[handle],
                user_id=self.author.user_id,
                run_id=self.author.run_id,
                source=self.author.source,
                differences=differences(change.before, change.after, self.target.market.currency),
            )
            for handle, change in self.changes.items()
            if handle in self.products
        )


def _ensured_categories(names: Iterable[str]) -> dict[str, int | None]:
    """Category ids by path of names. Creates missing categories; an empty path has no category."""
    return {name: ensure_category(name.split(CATEGORY_SEPARATOR)).pk if name else None for name in names}


def _as_time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def undo_changes(done: Sequence[PlannedChange], target: DocumentTarget) -> list[PlannedChange]:
    """The changes that undo these, given as apply_changes() returned them.

    Stock is corrected by the difference that the run made, so units sold since stay sold. Raises CatalogueMoved if
    anything else about a product has changed since.
    """
    now = read_documents((change.handle for change in done), target.market, target.location)
    reversed_changes = []
    for change in done:
        present = now.get(change.handle)
        if digest(present, with_stock=False) != digest(change.after, with_stock=False):
            raise CatalogueMoved(f"'{change.handle}' has changed since then, so this run cannot be undone.")
        restored = _restored_document(change, present)
        reversed_changes.append(PlannedChange(change.handle, change.line, present, restored, []))
    return reversed_changes


def _restored_document(change: PlannedChange, present: Document | None) -> Document | None:
    """The document before the change, with today's stock less what the change added."""
    if change.before is None or change.after is None or present is None:
        return change.before
    restored: Document = {**change.before, "variants": {k: dict(v) for k, v in change.before["variants"].items()}}
    for key, variant in restored["variants"].items():
        was, became = variant["on_hand"], change.after["variants"].get(key, {}).get("on_hand")
        is_now = present["variants"].get(key, {}).get("on_hand")
        if was is not None and became is not None and is_now is not None:
            variant["on_hand"] = max(0, is_now - (became - was))
    return restored
