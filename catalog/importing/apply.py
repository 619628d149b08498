"""Writes what a file holds into the catalogue: each product whole or not at all, twice the same as once."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from django.db import transaction
from django.utils.text import slugify

from catalog.categories import ensure_root_category
from catalog.errors import BadImage, StockRefused
from catalog.images import keep_picture
from catalog.importing.pictures import PictureFolder
from catalog.importing.shopify import ImageRow, Problem, ProductRows, VariantRow, read_file
from catalog.inventory import set_on_hand
from catalog.listings import write_listings
from catalog.markets import Market, default_market
from catalog.models import Location, Option, Product, ProductImage, Variant
from catalog.prices import set_price
from catalog.rich_text import clean

# "Continue selling when out of stock" has no limit in the file; ours is one that nobody reaches by accident.
OVERSELL_LIMIT = 10_000


@dataclass
class Report:
    """What an import did, product by product."""

    new: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    @property
    def refused(self) -> list[Problem]:
        return [problem for problem in self.problems if problem.is_fatal]

    def __str__(self) -> str:
        return f"{len(self.new)} new, {len(self.changed)} changed, {len(self.unchanged)} unchanged, {len(self.refused)} refused"


def import_file(
    path: Path, *, pictures: Path | None = None, on_progress: Callable[[int, int], None] | None = None
) -> Report:
    """The catalogue holds every readable product of the file; each refused one is in the report with its line.

    Raises UnreadableFile, and writes nothing, where the file as a whole cannot be read.
    """
    market = default_market()
    reading = read_file(path, market.currency)
    report = Report(problems=list(reading.problems))
    folder = PictureFolder(pictures or path.parent)
    location = default_location()
    for number, rows in enumerate(reading.products, start=1):
        try:
            _Writer(rows, market, location, folder, report.problems).write(report)
        except StockRefused as refused:
            report.problems.append(Problem(rows.line, rows.handle, str(refused)))
        if on_progress:
            on_progress(number, len(reading.products))
    return report


def default_location() -> Location:
    """The first active location, made if there is none."""
    found = Location.objects.filter(is_active=True).first()
    return found or Location.objects.get_or_create(code="main", defaults={"name": "Main"})[0]


def free_slug(handle: str, product_id: int | None) -> str:
    """An address for the handle that no other product has."""
    base = slugify(handle)[:240] or "product"
    slug, number = base, 2
    while Product.objects.filter(slug=slug).exclude(pk=product_id).exists():
        slug, number = f"{base}-{number}", number + 1
    return slug


class _Writer:
    """Takes one product over; `is_changed` tells whether anything was different."""

    def __init__(
        self,
        rows: ProductRows,
        market: Market,
        location: Location,
        folder: PictureFolder,
        problems: list[Problem],
    ) -> None:
        self.rows = rows
        self.market = market
        self.location = location
        self.folder = folder
        self.problems = problems
        self.is_changed = False

    @transaction.atomic
    def write(self, report: Report) -> None:
        product = Product.objects.select_for_update(no_key=True).filter(handle=self.rows.handle).first()
        is_new = product is None
        product = self._write_product(product or Product(handle=self.rows.handle))
        self._write_options(product)
        images = self._write_images(product)
        self._write_variants(product, images)
        if self.is_changed or is_new:
            write_listings(Product.objects.filter(pk=product.pk))
        outcome = report.new if is_new else report.changed if self.is_changed else report.unchanged
        outcome.append(self.rows.handle)

    def _set(self, row: Product | Variant | ProductImage, facts: dict) -> bool:
        """Give the row these facts; saved only where one differs."""
        different = [name for name, value in facts.items() if getattr(row, name) != value]
        if row.pk and not different:
            return False
        for name in different:
            setattr(row, name, facts[name])
        row.save()
        self.is_changed = True
        return True

    def _write_product(self, product: Product) -> Product:
        rows = self.rows
        category = ensure_root_category(rows.type) if rows.type else None
        if not product.pk:
            product.slug = free_slug(rows.handle, None)
        self._set(
            product,
            {
                "title": rows.title,
                "status": rows.status,
                "category_id": category.pk if category else None,
                "vendor": rows.vendor,
                "description": clean(rows.body),
                "tags": rows.tags,
                "seo_title": rows.seo_title,
                "seo_description": rows.seo_description,
            },
        )
        return product

    def _write_options(self, product: Product) -> None:
        standing = {option.position: option for option in product.options.all()}
        if [standing[n].name for n in sorted(standing)] == self.rows.option_names:
            return
        product.options.all().delete()
        Option.objects.bulk_create(
            Option(product=product, position=n, name=name) for n, name in enumerate(self.rows.option_names, start=1)
        )
        self.is_changed = True

    def _write_images(self, product: Product) -> dict[str, ProductImage]:
        standing = {image.source: image for image in product.images.all()}
        for row in self.rows.images:
            image = standing.get(row.source) or ProductImage(product=product, source=row.source)
            if not image.file:
                self._fetch(image, row)
            self._set(image, {"position": row.position, "alt": row.alt or image.alt})
            standing[row.source] = image
        return standing

    def _fetch(self, image: ProductImage, row: ImageRow) -> None:
        content = self.folder.read(row.source)
        if content is None:
            return
        try:
            keep_picture(image, content)
        except BadImage as bad:
            self.problems.append(Problem(row.line, self.rows.handle, f"{row.source}: {bad}", is_fatal=False))
            return
        if image.pk:
            image.save()
            self.is_changed = True

    def _write_variants(self, product: Product, images: dict[str, ProductImage]) -> None:
        standing = {(v.option1, v.option2, v.option3): v for v in product.variants.all()}
        for position, row in enumerate(self.rows.variants, start=1):
            variant = standing.get(row.values) or Variant(product=product)
            self._write_variant(variant, row, position, images)

    def _write_variant(self, variant: Variant, row: VariantRow, position: int, images: dict[str, ProductImage]) -> None:
        image = images.get(row.image)
        self._set(
            variant,
            {
                "position": position,
                "option1": row.values[0],
                "option2": row.values[1],
                "option3": row.values[2],
                "sku": row.sku,
                "barcode": row.barcode,
                "grams": row.grams,
                "is_tracked": row.is_tracked,
                "needs_shipping": row.needs_shipping,
                "is_taxable": row.is_taxable,
                "image_id": image.pk if image else None,
            },
        )
        self._write_price(variant, row)
        self._write_stock(variant, row)

    def _write_price(self, variant: Variant, row: VariantRow) -> None:
        regular, sale = row.price_minor, None
        if row.compare_at_minor is not None and row.compare_at_minor > row.price_minor:
            regular, sale = row.compare_at_minor, row.price_minor
        if set_price(variant.pk, self.market, regular_minor=regular, sale_minor=sale):
            self.is_changed = True

    def _write_stock(self, variant: Variant, row: VariantRow) -> None:
        if not row.is_tracked or row.quantity is None:
            return
        limit = OVERSELL_LIMIT if row.may_be_oversold else 0
        if set_on_hand(variant.pk, self.location, max(0, row.quantity), reason="import", backorder_limit=limit):
            self.is_changed = True
