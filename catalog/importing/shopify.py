"""Read Shopify's product CSV into products, without writing anything to the database.

Supports both sets of headers: the classic one ("Variant Price") and the one of 2025 ("Price"). The columns are
described at https://help.shopify.com/en/manual/products/import-export/using-csv.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from catalog.errors import UnreadableFile
from catalog.gtin import is_gtin, looks_like_gtin
from catalog.importing.cells import (
    YES,
    RefusedRow,
    decimal_text,
    is_yes,
    minor_amount,
    one_line,
    tag_list,
    whole_number,
    without_guard,
)
from catalog.importing.own_columns import (
    IMAGE_COLUMNS,
    PRODUCT_COLUMNS,
    VARIANT_COLUMNS,
    market_prices,
    own_fields,
    own_headers,
)
from catalog.importing.table import REFUSED, SLIPPED, Row, file_content, table_rows
from catalog.models import Product
from catalog.products.categories import category_path
from catalog.products.document import CATEGORY_SEPARATOR
from catalog.products.unit_price import UNITS
from catalog.rich_text import clean, embedded_in

# Field name → its headers in the file, in lower case.
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
    "content": ("unit price total measure",),
    "content_unit": ("unit price total measure unit",),
    "base": ("unit price base measure",),
    "base_unit": ("unit price base measure unit",),
    "needs_shipping": ("variant requires shipping", "requires shipping"),
    "is_taxable": ("variant taxable", "charge tax"),
    "is_gift_card": ("gift card",),
    "image": ("image src", "product image url"),
    "image_position": ("image position",),
    "alt": ("image alt text",),
    "variant_image": ("variant image", "variant image url"),
    "seo_title": ("seo title",),
    "seo_description": ("seo description",),
    **{f"option{n}_name": (f"option{n} name",) for n in (1, 2, 3)},
    **{f"option{n}": (f"option{n} value",) for n in (1, 2, 3)},
}
FIELD_NAMES = {header: name for name, headers in HEADERS.items() for header in headers}
VISIBLE = (Product.Status.ACTIVE, Product.Status.UNLISTED)
CONTINUE = {"continue", *YES}
# PostgreSQL indexes cannot hold values of more than about 2,700 bytes.
MAX_PATH_BYTES = 1000
MAX_OPTION_VALUES_BYTES = 2000  # all option values of a variant together
MAX_BODY_LENGTH = 100_000  # characters of one description
STATUSES = ["active", "draft", "archived", "unlisted"]


@dataclass(frozen=True)
class Problem:
    """Something in the file that staff must check; `is_fatal` means that the product is not imported."""

    line: int
    handle: str
    message: str
    is_fatal: bool = True

    def __str__(self) -> str:
        return f"line {self.line}: {self.handle}: {self.message}"


@dataclass
class FileVariant:
    """One variant of the file. `fields` has only the fields for which the file has a column.

    `values` are the option values, or None if the file has no option columns and the SKU identifies the variant.
    Amounts are in minor units: `price` is what is paid, `compare_at` the price before the sale.
    """

    line: int
    values: tuple[str, str, str] | None
    fields: dict[str, Any]


@dataclass
class FileImage:
    """One picture of the file."""

    line: int
    source: str
    position: int | None
    alt: str
    fields: dict[str, Any] = field(default_factory=dict)


@dataclass
class FileProduct:
    """One product of the file. `fields` has only the fields for which the file has a column."""

    handle: str
    line: int
    fields: dict[str, Any]
    options: list[str] | None
    variants: list[FileVariant] = field(default_factory=list)
    images: list[FileImage] = field(default_factory=list)


@dataclass
class Reading:
    """The result of reading a file: its readable products and its problems."""

    products: list[FileProduct]
    problems: list[Problem]


def read_file(path: Path, currency: str) -> Reading:
    """Read a file. Raises UnreadableFile, with a message for staff, if it cannot be read as a whole."""
    return read_bytes(file_content(path), currency)


def read_bytes(content: bytes, currency: str) -> Reading:
    """Read the content of a file. Raises UnreadableFile, with a message for staff, if it cannot be read as a whole."""
    return read_rows(table_rows(content, _column_names, {"body": MAX_BODY_LENGTH}), currency)


def _column_names(headers: list[str]) -> list[str | None]:
    known = {**FIELD_NAMES, **{header.lower(): header.lower() for header in own_headers()}}
    names = [known.get(header.strip().lower()) for header in headers]
    if "handle" not in names:
        raise UnreadableFile("The first line has no column 'Handle': this is not a Shopify product export.")
    twice = {name for name in names if name and names.count(name) > 1}
    if twice:
        name = min(twice)
        raise UnreadableFile(f"The column '{HEADERS.get(name, [name])[0]}' appears twice in the file.")
    return names


def read_rows(rows: Iterable[Row], currency: str) -> Reading:
    """Group the rows by handle and read each product. Rows of a product need not be next to each other."""
    groups: dict[str, list[Row]] = {}
    problems: list[Problem] = []
    for line, row in rows:
        if row.get("handle"):
            groups.setdefault(row["handle"], []).append((line, row))
        else:
            problems.append(Problem(line, "(no handle)", row.get(REFUSED) or "a row needs a handle"))
    products = []
    for handle, group in groups.items():
        try:
            products.append(_read_product(handle, group, currency, problems))
        except RefusedRow as refused:
            problems.append(Problem(refused.line, handle, str(refused)))
    _warn_of_shared_skus(products, problems)
    return Reading(products, problems)


def _read_product(handle: str, rows: list[Row], currency: str, problems: list[Problem]) -> FileProduct:
    line, first = rows[0]
    for row_line, row in rows:
        if REFUSED in row:
            raise RefusedRow(row_line, row[REFUSED])
    if len(handle) > 255:
        raise RefusedRow(line, "the handle is longer than 255 characters")
    _repeat_gift_card([row for _line, row in rows])
    product = FileProduct(handle, line, _product_fields(first, line), _option_names(first, line))
    for row_line, row in rows:
        if row_line == line or _is_variant(row):
            product.variants.append(_read_variant(row_line, row, product, currency))
        if row.get("image"):
            product.images.append(_read_image(row_line, row, product))
    _check_once(product)
    _warn(product, problems)
    _warn_of_first_row(handle, line, first, problems)
    slipped = [row_line for row_line, row in rows if SLIPPED in row]
    if slipped:
        message = f"cells of {len(slipped)} rows were not under their headers and were moved; please check them"
        problems.append(Problem(slipped[0], handle, message, is_fatal=False))
    return product


def _repeat_gift_card(rows: list[dict[str, str]]) -> None:
    """Fill empty cells of this column from the first row, the only one in which Shopify fills it.

    Without a value there, the file says nothing about it, as if it had no such column.
    """
    first = rows[0].get("is_gift_card")
    for row in rows:
        if first:
            row["is_gift_card"] = row.get("is_gift_card") or first
        else:
            row.pop("is_gift_card", None)


def _product_fields(row: dict[str, str], line: int) -> dict[str, Any]:
    if "title" in row and not row["title"]:
        raise RefusedRow(line, "the first row of a product needs a title")
    fields = {name: read(row[column]) for column, (name, read) in PRODUCT_READERS.items() if column in row}
    if len(category_path(fields.get("category", "").split(CATEGORY_SEPARATOR)).encode()) > MAX_PATH_BYTES:
        raise RefusedRow(line, "the type has too many or too long names")
    fields |= own_fields(PRODUCT_COLUMNS, row, line)
    status = _status(row, line)
    return fields if status is None else {**fields, "status": status}


def _status(row: dict[str, str], line: int) -> str | None:
    """The status, from the columns Status and Published. An unpublished product is never visible."""
    status = row.get("status", "").lower()
    if status and status not in STATUSES:
        raise RefusedRow(line, f"'{row['status']}' is not a status ({', '.join(STATUSES)})")
    if not status and "status" not in row and "published" not in row:
        return None
    wanted = status or Product.Status.ACTIVE
    return Product.Status.DRAFT if wanted in VISIBLE and not _is_published(row) else wanted


def _is_published(row: dict[str, str]) -> bool:
    return (row.get("published") or "true").lower() in YES


def _option_names(row: dict[str, str], line: int) -> list[str] | None:
    """The names of the options, or None if the file has no columns for them."""
    if not any(f"option{n}" in row for n in (1, 2, 3)):
        return None
    names = [" ".join(row.get(f"option{n}_name", "").split())[:100] for n in (1, 2, 3)]
    # Shopify writes products without options like this.
    if names[0] == "Title" and row.get("option1") == "Default Title":
        return []
    named = [name for name in names if name]
    if names[: len(named)] != named:
        raise RefusedRow(line, "an option without a name comes before one that has a name")
    if len(set(named)) < len(named):
        raise RefusedRow(line, f"two options have the same name ({', '.join(named)})")
    return named


def _is_variant(row: dict[str, str]) -> bool:
    return any(row.get(name) for name in ("option1", "sku", "price", "option2", "option3"))


def _read_variant(line: int, row: dict[str, str], product: FileProduct, currency: str) -> FileVariant:
    fields = {name: read(row[column]) for column, (name, read) in VARIANT_READERS.items() if column in row}
    if "grams" in row:
        fields["grams"] = whole_number(row["grams"], line, "weight") or 0
    if "quantity" in row:
        fields["quantity"] = whole_number(row["quantity"], line, "stock", may_be_negative=True)
    for name, label in (("price", "price"), ("compare_at", "compare-at price")):
        if name in row:
            fields[name] = minor_amount(row[name], line, currency, label)
    if prices := market_prices(row, line):
        fields["markets"] = prices
    fields |= _content(row, line) | own_fields(VARIANT_COLUMNS, row, line)
    return FileVariant(line, _values(row, line, product), fields)


def _values(row: dict[str, str], line: int, product: FileProduct) -> tuple[str, str, str] | None:
    if product.options is None:
        return None
    count = len(product.options)
    values = [" ".join(row.get(f"option{n}", "").split())[:255] if n <= count else "" for n in (1, 2, 3)]
    if len("".join(values).encode()) > MAX_OPTION_VALUES_BYTES:
        raise RefusedRow(line, "the option values are too long")
    return (values[0], values[1], values[2])


def _content(row: dict[str, str], line: int) -> dict[str, Any]:
    """The fields that the unit price is calculated from; empty values if a unit is unknown."""
    if "content" not in row:
        return {}
    amount, unit = row["content"], row.get("content_unit", "").lower()
    base, base_unit = row.get("base", ""), row.get("base_unit", "").lower()
    if not amount or unit not in UNITS or base_unit not in UNITS:
        return {"content": None, "content_unit": "", "base": None, "base_unit": ""}
    return {
        "content": decimal_text(amount, line, "unit price measure"),
        "content_unit": unit,
        "base": decimal_text(base or "1", line, "unit price base"),
        "base_unit": base_unit,
    }


# Column → its field and the function that converts its text.
PRODUCT_READERS: dict[str, tuple[str, Callable[[str], Any]]] = {
    "title": ("title", one_line),
    "vendor": ("vendor", one_line),
    "body": ("description", clean),
    "type": ("category", lambda text: " ".join(text.split())),
    "tags": ("tags", tag_list),
    "seo_title": ("seo_title", lambda text: text[:255]),
    "seo_description": ("seo_description", str),
}
VARIANT_READERS: dict[str, tuple[str, Callable[[str], Any]]] = {
    "sku": ("sku", lambda text: without_guard(text)[:255]),
    "barcode": ("barcode", lambda text: without_guard(text)[:64]),
    "tracker": ("is_tracked", bool),
    "policy": ("may_be_oversold", lambda text: text.lower() in CONTINUE),
    "needs_shipping": ("needs_shipping", is_yes),
    "is_taxable": ("is_taxable", is_yes),
    "is_gift_card": ("is_gift_card", lambda text: text.lower() in YES),
    "variant_image": ("image", lambda text: text[:2000]),
}


def _read_image(line: int, row: dict[str, str], product: FileProduct) -> FileImage:
    position = row.get("image_position", "")
    number = int(position) if re.fullmatch(r"\d{1,6}", position, re.ASCII) else None
    fields = own_fields(IMAGE_COLUMNS, row, line)
    return FileImage(line, row["image"][:2000], number, row.get("alt", "")[:512], fields)


def _check_once(product: FileProduct) -> None:
    first_lines: dict[tuple, int] = {}
    for variant in product.variants:
        key = variant.values or (variant.fields.get("sku", ""),)
        if key in first_lines:
            name = " / ".join(value for value in key if value) or "without options"
            raise RefusedRow(variant.line, f"the variant {name} is already in line {first_lines[key]}")
        first_lines[key] = variant.line


def _warn(product: FileProduct, problems: list[Problem]) -> None:
    if any(variant.fields.get("is_gift_card") for variant in product.variants):
        message = "this is a gift card: each unit sold becomes a code worth its price"
        problems.append(Problem(product.line, product.handle, message, is_fatal=False))
    for variant in product.variants:
        quantity = variant.fields.get("quantity")
        if quantity is not None and quantity < 0:
            message = f"the stock {quantity} is below zero and was set to 0"
            problems.append(Problem(variant.line, product.handle, message, is_fatal=False))
        barcode = variant.fields.get("barcode", "")
        if looks_like_gtin(barcode) and not is_gtin(barcode):
            message = f"the check digit of the barcode {barcode} is wrong"
            problems.append(Problem(variant.line, product.handle, message, is_fatal=False))


def _warn_of_first_row(handle: str, line: int, row: dict[str, str], problems: list[Problem]) -> None:
    """Report what the import changes: unpublished products become drafts, embedded content is removed."""
    if row.get("status", "").lower() in VISIBLE and not _is_published(row):
        message = f"Status is {row['status']}, but Published is {row['published']}: imported as a draft"
        problems.append(Problem(line, handle, message, is_fatal=False))
    if left_out := embedded_in(row.get("body", "")):
        message = f"removed from the description: {left_out}; add pictures to the product instead"
        problems.append(Problem(line, handle, message, is_fatal=False))


def _warn_of_shared_skus(products: list[FileProduct], problems: list[Problem]) -> None:
    """Report each SKU that occurs more than once. Duplicate SKUs are allowed."""
    first: dict[str, tuple[str, int]] = {}
    reported: set[str] = set()
    for product in products:
        for variant in product.variants:
            sku = variant.fields.get("sku", "")
            if sku and sku in first and sku not in reported:
                reported.add(sku)
                where = f"line {first[sku][1]} ({first[sku][0]})"
                problems.append(
                    Problem(variant.line, product.handle, f"the SKU {sku} is also in {where}", is_fatal=False)
                )
            first.setdefault(sku, (product.handle, variant.line))
