"""How variants are found by what staff type or scan, and how pages about stock show them."""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from django.db.models import Q, QuerySet
from django.db.models.functions import Upper

from catalog.listings.search import barcodes_of, listed_products
from catalog.markets import default_market
from catalog.models import Product, Variant
from catalog.models.image import PICTURE_ROW, picture_of

MAX_FOUND = 500  # variants, by one search
MAX_WORDS = 8  # of a search
MIN_PART = 3  # characters of an SKU
CODE = re.compile(r"[^ ]*[0-9_/.-][^ ]*")
Codes = dict[str, list[Variant]]


def shown_variants() -> QuerySet[Variant]:
    """Variants with everything that a row of a page shows."""
    return Variant.objects.select_related("product").annotate(picture_row=PICTURE_ROW)


@dataclass(frozen=True)
class ShownVariant:
    """A variant as the rows of pages about stock show it."""

    pk: int
    name: str
    title: str
    values: str
    sku: str
    barcode: str
    picture: dict

    @property
    def code(self) -> str:
        """What staff type to find the variant."""
        return self.sku or self.barcode or f"#{self.pk}"

    @property
    def scanned_as(self) -> str:
        """Every code of the variant, as the page's script compares them with what is scanned."""
        return "\n".join(filter(None, [self.sku, self.barcode, self.code]))


def shown_variant(variant: Variant) -> ShownVariant:
    picture = picture_of(getattr(variant, "picture_row", None))
    product = variant.product
    return ShownVariant(variant.pk, str(variant), product.title, variant.title, variant.sku, variant.barcode, picture)


def shown_by_id(variant_ids: Iterable[int]) -> dict[int, ShownVariant]:
    """The variants with these ids, with one query."""
    return {pk: shown_variant(variant) for pk, variant in shown_variants().in_bulk(list(variant_ids)).items()}


def variants_by_code(codes: Collection[str]) -> Codes:
    """The variants that each code means: those with this SKU in any case, or else those with this barcode.

    Runs one query. `#7` means the variant with the id 7, which pages write for variants without SKU and barcode.
    """
    skus = {code: code.upper() for code in codes}
    barcodes = {code: {code, *barcodes_of(code)} for code in codes}
    ids = {code: int(code[1:]) for code in codes if code[:1] == "#" and code[1:].isdecimal() and len(code) < 19}  # noqa: PLR2004
    matching = (
        Q(any_case__in=list(skus.values())) | Q(barcode__in=set().union(*barcodes.values())) | Q(pk__in=ids.values())
    )
    found = list(shown_variants().annotate(any_case=Upper("sku")).filter(matching)) if codes else []
    meant: Codes = {}
    for code in codes:
        by_sku = [variant for variant in found if variant.sku and variant.sku.upper() == skus[code]]
        by_barcode = [variant for variant in found if variant.barcode and variant.barcode in barcodes[code]]
        by_id = [variant for variant in found if variant.pk == ids.get(code)]
        meant[code] = _exact(by_sku, code) or by_barcode or by_id
    return meant


def _exact(variants: list[Variant], code: str) -> list[Variant]:
    """Those whose SKU is written exactly like the code, or else all."""
    return [variant for variant in variants if variant.sku == code] or variants


def found_variants(text: str) -> list[int]:
    """Ids of at most MAX_FOUND variants, the newest ones.

    They are found by SKU or barcode, else by all words in the title or by a part of the SKU, else like in the storefront.
    A text that looks like a code is looked for in SKUs first.
    """
    if by_code := variants_by_code([text])[text]:
        return [variant.pk for variant in by_code]
    ways = [_by_sku, _by_title] if CODE.fullmatch(text) else [_by_title, _by_sku]
    found = (ids for way in (*ways, _as_in_the_storefront) if (ids := list(way(text)[:MAX_FOUND])))
    return next(found, [])


def _by_sku(text: str) -> QuerySet:
    rows = Variant.objects.order_by("-pk").values_list("pk", flat=True)
    return rows.filter(sku__folds=text) if len(text) >= MIN_PART else rows.none()


def _by_title(text: str) -> QuerySet:
    products = Product.objects.order_by("-pk")
    for word in text.split()[:MAX_WORDS]:
        products = products.filter(title__icontains=word)
    return _of_products(list(products.values_list("pk", flat=True)[:MAX_FOUND]))


def _as_in_the_storefront(text: str) -> QuerySet:
    return _of_products(listed_products(text, default_market(), MAX_FOUND))


def _of_products(ids: list[int]) -> QuerySet:
    return Variant.objects.filter(product_id__in=ids).order_by("-pk").values_list("pk", flat=True)
