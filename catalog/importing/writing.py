"""Write product documents to the database, with a constant number of queries per batch and table."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import models
from django.db.models import Q
from django.utils import timezone

from catalog.errors import BadImage, CatalogError
from catalog.importing.plan import PlannedChange
from catalog.importing.shopify import Problem
from catalog.importing.target import DocumentTarget
from catalog.inventory import Target, set_levels
from catalog.listings import write_stock_classes
from catalog.markets import Market, all_markets
from catalog.models import (
    AttributeValue,
    Option,
    Product,
    ProductImage,
    ProductType,
    RelatedProduct,
    Variant,
)
from catalog.prices import replace_planned_prices, replace_planned_sales, set_prices
from catalog.products.categories import ensure_category
from catalog.products.document import (
    CATEGORY_SEPARATOR,
    IMAGE_FIELDS,
    NO_PRICES,
    PRODUCT_FIELDS,
    VARIANT_FIELDS,
    Document,
    differences,
    image_source,
    known_part,
    read_documents,
    variant_key,
)
from catalog.products.images import store_image
from catalog.products.saving import Author, record_changes
from catalog.products.slugs import free_slug, remember_product_slug

BATCH = 500


class CatalogueMoved(CatalogError):
    """A product changed after the plan was made. Nothing was written."""


@dataclass
class StockLevels:
    """The stock levels to write, collected over all batches."""

    targets: dict[int, Target] = field(default_factory=dict)
    retired: list[int] = field(default_factory=list)
    products: list[int] = field(default_factory=list)

    def write(self, target: DocumentTarget, author: Author) -> None:
        set_levels(
            self.targets,
            target.location,
            retired=self.retired,
            reason=author.source,
            reference=f"run:{author.run_id}" if author.run_id else "",
            user_id=author.user_id,
        )
        for start in range(0, len(self.products), BATCH):
            write_stock_classes(self.products[start : start + BATCH])


class BatchWriter:
    """Writes one batch of changes.

    A product that undo removes is withdrawn instead of deleted, because orders and stock movements refer to it.
    """

    def __init__(
        self, changes: Sequence[PlannedChange], target: DocumentTarget, author: Author, levels: StockLevels
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
        record_changes(self._differences(), self.author)

    @property
    def new_documents(self) -> Iterable[tuple[str, Document]]:
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
        present_documents = read_documents(self.changes, self.target.market, self.target.location)
        for handle, change in self.changes.items():
            if known_part(present_documents.get(handle), change.before) != change.before:
                title = (change.before or change.after or {})["product"]["title"]
                raise CatalogueMoved(f"“{title}” has changed since the plan was made. Plan again.")

    def _write_products(self) -> None:
        categories = _ensured_categories(after["product"]["category"] for _, after in self.new_documents)
        types = dict(ProductType.objects.values_list("name", "pk"))
        new: list[Product] = []
        changed: list[Product] = []
        for handle, after in self.new_documents:
            fields = after["product"]
            product = self.products.get(handle) or Product(handle=handle)
            old_slug = product.slug
            _set_fields(product, PRODUCT_FIELDS, fields)
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
        self._write_related()
        self._withdraw([h for h, change in self.changes.items() if change.after is None and h in self.products])

    def _withdraw(self, handles: list[str]) -> None:
        products = [self.products[handle].pk for handle in handles]
        Product.objects.filter(pk__in=products).update(status=Product.Status.WITHDRAWN)
        self._retire([v for handle in handles for v in self.variants[handle].values() if v.is_active])

    def _free_slug(self, handle: str, new: list[Product]) -> str:
        return free_slug(handle, also_taken={product.slug for product in new})

    def _write_attributes(self) -> None:
        for handle, after in self.new_documents:
            if after["product"]["attributes"] == self._before(handle, "product", {}).get("attributes", []):
                continue
            pairs = [pair.split("=", 1) for pair in after["product"]["attributes"]]
            chosen = Q(pk=None)
            for code, slug in pairs:
                chosen |= Q(attribute__code=code, slug=slug)
            self.products[handle].attribute_values.set(AttributeValue.objects.filter(chosen))

    def _write_related(self) -> None:
        """Replace the related products where they differ. Products that no longer exist are left out."""
        differing = {
            handle: after["product"]["related"]
            for handle, after in self.new_documents
            if after["product"].get("related", []) != self._before(handle, "product", {}).get("related", [])
            and "related" in after["product"]
        }
        related_handles = {related for handles in differing.values() for related in handles}
        ids = dict(Product.objects.filter(handle__in=related_handles).values_list("handle", "pk"))
        RelatedProduct.objects.filter(product__in=[self.products[handle] for handle in differing]).delete()
        RelatedProduct.objects.bulk_create(
            RelatedProduct(product=self.products[handle], related_id=ids[related], position=position)
            for handle, handles in differing.items()
            for position, related in enumerate(handles, start=1)
            if related in ids and related != handle
        )

    def _write_options(self) -> None:
        differing = {
            h: after["options"]
            for h, after in self.new_documents
            if after["options"] != self._before(h, "options", None)
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
        new, changed, removed = [], [], []
        for handle, after in self.new_documents:
            existing = self.images[handle]
            for source, fields in after["images"].items():
                image = existing.get(source) or ProductImage(product=self.products[handle], source=source)
                _set_fields(image, IMAGE_FIELDS, fields)
                is_fetched = not image.file and self._fetch(image, handle)
                if not image.pk:
                    new.append(image)
                elif is_fetched or fields != self._before(handle, "images", {}).get(source):
                    changed.append(image)
                existing[source] = image
            removed += [existing.pop(source).pk for source in list(existing) if source not in after["images"]]
        ProductImage.objects.bulk_create(new, batch_size=1000)
        columns = [*IMAGE_FIELDS, "file", "width", "height", "rendered_widths", "is_broken"]
        ProductImage.objects.bulk_update(changed, columns, batch_size=BATCH)
        ProductImage.objects.filter(pk__in=removed).delete()

    def _fetch(self, image: ProductImage, handle: str) -> bool:
        """Store the picture's file if the import's folder has a readable one; return whether it was stored."""
        content = self.target.image_folder.read(image.source) if self.target.image_folder else None
        if content is None:
            return False
        try:
            store_image(image, content)
        except BadImage as bad:
            line = self.changes[handle].line
            self.target.problems.append(Problem(line, handle, f"{image.source}: {bad}", is_fatal=False))
            return False
        return True

    def _write_variants(self) -> None:
        new, changed, retired = [], [], []
        for handle, after in self.new_documents:
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
        _set_fields(variant, VARIANT_FIELDS, fields)
        variant.image = images.get(fields["image"])

    def _retire(self, variants: list[Variant]) -> None:
        """Stop selling the variants. Their rows and reserved units stay, because orders and movements refer to them."""
        ids = [variant.pk for variant in variants]
        Variant.objects.filter(pk__in=ids).update(is_active=False)
        self.levels.retired += ids

    def _written_variants(self) -> Iterator[tuple[Variant, Document, Document | None]]:
        """Yield (variant, new fields, old fields) of each variant. A new variant has no old fields."""
        for handle, after in self.new_documents:
            before = self._before(handle, "variants", {})
            for key, fields in after["variants"].items():
                yield self.variants[handle][key], fields, before.get(key)

    def _write_prices(self) -> None:
        for market in all_markets().values():
            prices: dict[int, tuple[int | None, int | None, datetime | None]] = {}
            sales, later_prices = {}, {}
            for variant, fields, old_fields in self._written_variants():
                becomes = self._prices_in(market, fields)
                was = self._prices_in(market, old_fields) if old_fields else None
                if becomes and _differ(becomes, was, "price", "sale", "sale_until"):
                    prices[variant.pk] = (becomes["price"], becomes["sale"], _as_time(becomes["sale_until"]))
                if becomes and _differ(becomes, was, "planned"):
                    sales[variant.pk] = _as_plans(becomes["planned"])
                if becomes and "planned_prices" in becomes and _differ(becomes, was, "planned_prices"):
                    later_prices[variant.pk] = _as_plans(becomes["planned_prices"])
            set_prices(prices, market)
            replace_planned_sales(sales, market)
            replace_planned_prices(later_prices, market)

    def _prices_in(self, market: Market, fields: Document) -> Document | None:
        """The fields with the prices in the market; None if the document is older than prices of further markets."""
        if market == self.target.market:
            return fields
        return fields["markets"].get(market.code, NO_PRICES) if "markets" in fields else None

    def _collect_stock(self) -> None:
        self.levels.products += [product.pk for product in self.products.values()]
        self.levels.targets |= {
            variant.pk: Target(fields["on_hand"], fields["backorder_limit"], (was or {}).get("on_hand"))
            for variant, fields, was in self._written_variants()
            if fields["on_hand"] is not None and _differ(fields, was, "on_hand", "backorder_limit", "is_tracked")
        }

    def _differences(self) -> list[tuple[Product, list[Any]]]:
        return [
            (self.products[handle], differences(change.before, change.after, self.target.market.currency))
            for handle, change in self.changes.items()
            if handle in self.products
        ]


def _set_fields(row: models.Model, names: Iterable[str], fields: Document) -> None:
    """Set the row's fields to those of the document. A document that is older than a field leaves it as it is."""
    for name in names:
        if name in fields:
            setattr(row, name, row._meta.get_field(name).to_python(fields[name]))


def _differ(fields: Document, old_fields: Document | None, *names: str) -> bool:
    """Whether one of the named fields differs. Those of a new variant always do."""
    return old_fields is None or any(fields[name] != old_fields.get(name) for name in names)


def _ensured_categories(names: Iterable[str]) -> dict[str, int | None]:
    """Category ids by path of names. Creates missing categories in this order; an empty path has no category."""
    once = dict.fromkeys(names)
    return {name: ensure_category(name.split(CATEGORY_SEPARATOR)).pk if name else None for name in once}


def _as_time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _as_plans(planned: list[list[Any]]) -> list[tuple[int, datetime, datetime | None]]:
    return [(amount, datetime.fromisoformat(begins), _as_time(ends)) for amount, begins, ends in planned]
