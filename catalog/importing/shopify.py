"""Reads Shopify's product CSV: rows to products, nothing written.

Both header dialects are known: the classic one ("Variant Price") and the one of 2025 ("Price"); the columns are those of
https://help.shopify.com/en/manual/products/import-export/using-csv.
"""

import csv
import io
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from catalog.errors import UnreadableFile
from catalog.models import Product
from catalog.money import to_minor

LARGEST_BYTES = 20 * 1024 * 1024
MOST_ROWS = 100_000
LONGEST_CELL = 10_000
# Our name → the headers that mean it, in lower case.
HEADERS = {
    "handle": ("handle", "url handle"),
    "title": ("title",),
    "body": ("body (html)", "description"),
    "vendor": ("vendor",),
    "type": ("type",),
    "tags": ("tags",),
    "published": ("published", "published on online store"),
    "status": ("status",),
    "sku": ("variant sku", "sku"),
    "barcode": ("variant barcode", "barcode"),
    "grams": ("variant grams", "weight value (grams)"),
    "tracker": ("variant inventory tracker", "inventory tracker"),
    "quantity": ("variant inventory qty", "inventory quantity"),
    "policy": ("variant inventory policy", "continue selling when out of stock"),
    "price": ("variant price", "price"),
    "compare_at": ("variant compare at price", "compare-at price"),
    "needs_shipping": ("variant requires shipping", "requires shipping"),
    "is_taxable": ("variant taxable", "charge tax"),
    "image": ("image src", "product image url"),
    "image_position": ("image position",),
    "alt": ("image alt text",),
    "variant_image": ("variant image", "variant image url"),
    "seo_title": ("seo title",),
    "seo_description": ("seo description",),
    **{f"option{n}_name": (f"option{n} name",) for n in (1, 2, 3)},
    **{f"option{n}": (f"option{n} value",) for n in (1, 2, 3)},
}
OUR_NAMES = {header: name for name, headers in HEADERS.items() for header in headers}
YES = {"true", "yes", "1", "y"}
CONTINUE = {"continue", *YES}


@dataclass(frozen=True)
class Problem:
    """Something in the file that staff must look at; `is_fatal` means that nothing of the product is taken."""

    line: int
    handle: str
    message: str
    is_fatal: bool = True

    def __str__(self) -> str:
        return f"line {self.line}: {self.handle}: {self.message}"


@dataclass
class VariantRow:
    """One variant as the file has it; money in minor units, None where the file says nothing."""

    line: int
    values: tuple[str, str, str]
    sku: str
    barcode: str
    grams: int
    is_tracked: bool
    quantity: int | None
    may_be_oversold: bool
    price_minor: int
    compare_at_minor: int | None
    needs_shipping: bool
    is_taxable: bool
    image: str


@dataclass
class ImageRow:
    line: int
    source: str
    position: int
    alt: str


@dataclass
class ProductRows:
    """One product with everything that the file says of it."""

    handle: str
    line: int
    title: str
    body: str
    vendor: str
    type: str
    tags: list[str]
    status: str
    seo_title: str
    seo_description: str
    option_names: list[str]
    variants: list[VariantRow] = field(default_factory=list)
    images: list[ImageRow] = field(default_factory=list)


@dataclass
class Reading:
    """What a file holds: the products that can be taken and everything that is wrong."""

    products: list[ProductRows]
    problems: list[Problem]


Row = tuple[int, dict[str, str]]


class _Refused(Exception):
    """A row that cannot be taken; becomes a Problem."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line


def read_file(path: Path, currency: str) -> Reading:
    """Read a whole file, or raise UnreadableFile with one clear sentence."""
    if not path.is_file():
        raise UnreadableFile(f"There is no file {path}.")
    if path.stat().st_size > LARGEST_BYTES:
        raise UnreadableFile("The file is larger than 20 MB.")
    return read_rows(_rows(_decode(path.read_bytes())), currency)


def _decode(content: bytes) -> str:
    if content[:4] == b"PK\x03\x04" or b"\x00" in content[:4096]:
        raise UnreadableFile("This is not a CSV file: export the products as plain CSV and try again.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp1252", errors="replace")
    return unicodedata.normalize("NFC", text)


def _rows(text: str) -> Iterator[Row]:
    """Yield each row that holds anything, with the line it begins on and our names for its columns."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        names = _column_names(next(reader, []))
        begins = reader.line_num + 1
        for count, cells in enumerate(reader, start=1):
            if count > MOST_ROWS:
                raise UnreadableFile(f"The file has more than {MOST_ROWS:,} rows.")
            row = {name: _cell(cell, begins) for name, cell in zip(names, cells, strict=False) if name}
            if any(row.values()):
                yield begins, row
            begins = reader.line_num + 1
    except csv.Error as error:
        raise UnreadableFile(f"Line {reader.line_num}: the quotes do not match ({error}).") from error


def _column_names(headers: list[str]) -> list[str | None]:
    names = [OUR_NAMES.get(header.strip().lower()) for header in headers]
    if "handle" not in names:
        raise UnreadableFile("The first line has no column 'Handle': this is not a Shopify product export.")
    twice = {name for name in names if name and names.count(name) > 1}
    if twice:
        raise UnreadableFile(f"The column '{HEADERS[min(twice)][0]}' stands in the file twice.")
    return names


def _cell(text: str, line: int) -> str:
    if len(text) > LONGEST_CELL:
        raise UnreadableFile(f"Line {line}: a cell has more than {LONGEST_CELL:,} characters.")
    if "\x00" in text:
        raise UnreadableFile(f"Line {line}: a cell holds a character that no text can hold.")
    return text.strip()


def read_rows(rows: Iterable[Row], currency: str) -> Reading:
    """Group rows by handle, wherever they stand, and read each product on its own."""
    groups: dict[str, list[Row]] = {}
    problems: list[Problem] = []
    for line, row in rows:
        if row.get("handle"):
            groups.setdefault(row["handle"], []).append((line, row))
        else:
            problems.append(Problem(line, "(no handle)", "a row needs a handle"))
    products = []
    for handle, group in groups.items():
        try:
            products.append(_read_product(handle, group, currency, problems))
        except _Refused as refused:
            problems.append(Problem(refused.line, handle, str(refused)))
    return Reading(products, problems)


def _read_product(handle: str, rows: list[Row], currency: str, problems: list[Problem]) -> ProductRows:
    line, first = rows[0]
    if not first.get("title"):
        raise _Refused(line, "the first row of a product needs a title")
    if len(handle) > 255:
        raise _Refused(line, "the handle is longer than 255 characters")
    product = ProductRows(
        handle=handle,
        line=line,
        title=" ".join(first["title"].split())[:255],
        body=first.get("body", ""),
        vendor=" ".join(first.get("vendor", "").split())[:255],
        type=first.get("type", ""),
        tags=[tag for tag in (t.strip()[:100] for t in first.get("tags", "").split(",")) if tag],
        status=_status(first, line),
        seo_title=first.get("seo_title", "")[:255],
        seo_description=first.get("seo_description", ""),
        option_names=_option_names(first),
    )
    for row_line, row in rows:
        if row_line == line or _is_variant(row):
            product.variants.append(_read_variant(row_line, row, product, currency))
        if row.get("image"):
            product.images.append(_read_image(row_line, row, product))
    _check_once(product)
    _warn(product, problems)
    return product


def _status(row: dict[str, str], line: int) -> str:
    status = row.get("status", "").lower()
    if status:
        if status not in Product.Status.values:
            raise _Refused(line, f"'{row['status']}' is not a status (active, draft, archived, unlisted)")
        return status
    return Product.Status.ACTIVE if row.get("published", "true").lower() in YES else Product.Status.DRAFT


def _option_names(row: dict[str, str]) -> list[str]:
    names = [row.get(f"option{n}_name", "")[:100] for n in (1, 2, 3)]
    # Shopify's way of saying "no options".
    if names[0] == "Title" and row.get("option1") == "Default Title":
        return []
    return [name for name in names if name]


def _is_variant(row: dict[str, str]) -> bool:
    return any(row.get(name) for name in ("option1", "sku", "price", "option2", "option3"))


def _read_variant(line: int, row: dict[str, str], product: ProductRows, currency: str) -> VariantRow:
    values = [row.get(f"option{n}", "")[:255] if n <= len(product.option_names) else "" for n in (1, 2, 3)]
    tracker = row.get("tracker", "")
    return VariantRow(
        line=line,
        values=(values[0], values[1], values[2]),
        sku=_without_guard(row.get("sku", ""))[:255],
        barcode=_without_guard(row.get("barcode", ""))[:64],
        grams=_whole_number(row.get("grams", ""), line, "weight") or 0,
        is_tracked=bool(tracker),
        quantity=_whole_number(row.get("quantity", ""), line, "stock", may_be_negative=True),
        may_be_oversold=row.get("policy", "").lower() in CONTINUE,
        price_minor=_money(row.get("price", ""), line, currency, "price") or 0,
        compare_at_minor=_money(row.get("compare_at", ""), line, currency, "compare-at price"),
        needs_shipping=row.get("needs_shipping", "true").lower() in YES,
        is_taxable=row.get("is_taxable", "true").lower() in YES,
        image=row.get("variant_image", ""),
    )


def _without_guard(text: str) -> str:
    """Spreadsheets keep numbers as text by an apostrophe in front."""
    return text.removeprefix("'").strip()


def _money(text: str, line: int, currency: str, what: str) -> int | None:
    if not text:
        return None
    try:
        minor = to_minor(text, currency)
    except ValueError as error:
        raise _Refused(line, f"the {what} '{text}' is not an amount like 12.50") from error
    if minor < 0:
        raise _Refused(line, f"the {what} is negative")
    return minor


def _whole_number(text: str, line: int, what: str, *, may_be_negative: bool = False) -> int | None:
    if not text:
        return None
    if not re.fullmatch(r"-?\d{1,9}(\.0+)?" if may_be_negative else r"\d{1,9}(\.\d+)?", text, re.ASCII):
        raise _Refused(line, f"the {what} '{text}' is not a whole number")
    return round(float(text))


def _read_image(line: int, row: dict[str, str], product: ProductRows) -> ImageRow:
    position = row.get("image_position", "")
    number = int(position) if re.fullmatch(r"\d{1,6}", position, re.ASCII) else len(product.images) + 1
    return ImageRow(line, row["image"][:2000], number, row.get("alt", "")[:512])


def _check_once(product: ProductRows) -> None:
    seen: dict[tuple, int] = {}
    for variant in product.variants:
        if variant.values in seen:
            named = " / ".join(value for value in variant.values if value) or "without options"
            raise _Refused(variant.line, f"the variant {named} stands in line {seen[variant.values]} already")
        seen[variant.values] = variant.line


def _warn(product: ProductRows, problems: list[Problem]) -> None:
    for variant in product.variants:
        if variant.quantity is not None and variant.quantity < 0:
            message = f"the stock {variant.quantity} is below zero and is taken as 0"
            problems.append(Problem(variant.line, product.handle, message, is_fatal=False))
