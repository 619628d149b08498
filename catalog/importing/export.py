"""Export products as Shopify's product CSV. Importing an exported file changes nothing."""

import csv
import io
from collections.abc import Iterable, Iterator
from typing import Any

from django.db.models import QuerySet

from catalog.importing.own_columns import IMAGE_COLUMNS, PRODUCT_COLUMNS, VARIANT_COLUMNS, market_columns, own_headers
from catalog.importing.table import guarded
from catalog.markets import Market
from catalog.models import Location, Product
from catalog.money import to_major
from catalog.products.document import Document, read_documents

BATCH = 200  # products in memory at a time
COLUMNS = [
    *("Handle", "Title", "Body (HTML)", "Vendor", "Type", "Tags", "Published"),
    *(f"Option{n} {what}" for n in (1, 2, 3) for what in ("Name", "Value")),
    *("Variant SKU", "Variant Grams", "Variant Inventory Tracker", "Variant Inventory Qty"),
    *("Variant Inventory Policy", "Variant Fulfillment Service", "Variant Price", "Variant Compare At Price"),
    *("Variant Requires Shipping", "Variant Taxable", "Unit Price Total Measure", "Unit Price Total Measure Unit"),
    *("Unit Price Base Measure", "Unit Price Base Measure Unit", "Variant Barcode", "Image Src", "Image Position"),
    *("Image Alt Text", "Gift Card", "SEO Title", "SEO Description", "Variant Image", "Variant Weight Unit", "Status"),
]


def export_lines(products: QuerySet[Product], market: Market, location: Location) -> Iterator[str]:
    """Yield the file line by line, ordered by product id. Memory use does not grow with the number of products."""
    headers = [*COLUMNS, *own_headers()]
    yield _line(headers)
    last = 0
    exported = products.exclude(status=Product.Status.WITHDRAWN)
    while batch := list(exported.filter(pk__gt=last).order_by("pk").values_list("pk", "handle")[:BATCH]):
        documents = read_documents((handle for _, handle in batch), market, location)
        for _, handle in batch:
            for row in _rows(documents[handle], market.currency):
                yield _line(row.get(header, "") for header in headers)
        last = batch[-1][0]


def _line(cells: Iterable[Any]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerow(cells)
    return buffer.getvalue()


def _rows(document: Document, currency: str) -> Iterator[dict[str, str]]:
    """Yield the product's rows, each with the next variant and the next picture."""
    variants = sorted(document["variants"].items(), key=lambda pair: (pair[1]["position"], pair[0]))
    images = sorted(document["images"].items(), key=lambda pair: (pair[1]["position"], pair[0]))
    for number in range(max(1, len(variants), len(images))):
        row = {"Handle": document["handle"]}
        if number == 0:
            row |= _product_cells(document)
        if number < len(variants):
            row |= _variant_cells(*variants[number], document["options"], currency)
        if number < len(images):
            source, image = images[number]
            row |= {"Image Src": source, "Image Position": str(image["position"]), "Image Alt Text": image["alt"]}
            row |= {column.header: column.text(image[name]) for name, column in IMAGE_COLUMNS.items()}
        yield {name: guarded(value) for name, value in row.items()}


def _product_cells(document: Document) -> dict[str, str]:
    fields = document["product"]
    cells = {
        "Title": fields["title"],
        "Body (HTML)": fields["description"],
        "Vendor": fields["vendor"],
        "Type": fields["category"],
        "Tags": ", ".join(fields["tags"]),
        "Published": "TRUE" if fields["status"] in ("active", "unlisted") else "FALSE",
        "SEO Title": fields["seo_title"],
        "SEO Description": fields["seo_description"],
        "Status": fields["status"],
    }
    cells |= {column.header: column.text(fields[name]) for name, column in PRODUCT_COLUMNS.items()}
    names = document["options"] or ["Title"]
    return cells | {f"Option{n} Name": name for n, name in enumerate(names, start=1)}


def _variant_cells(key: str, fields: Document, options: list[str], currency: str) -> dict[str, str]:
    values = key.split("\n") if options else ["Default Title"]
    paid, compare = _paid_and_compare(fields)
    return {
        **{f"Option{n} Value": value for n, value in enumerate(values, start=1)},
        "Variant SKU": fields["sku"],
        "Variant Grams": str(fields["grams"]),
        "Variant Inventory Tracker": "shopify" if fields["is_tracked"] else "",
        "Variant Inventory Qty": "" if fields["on_hand"] is None else str(fields["on_hand"]),
        "Variant Inventory Policy": "continue" if fields["backorder_limit"] else "deny",
        "Variant Fulfillment Service": "manual",
        "Variant Price": _amount(paid, currency),
        "Variant Compare At Price": _amount(compare, currency),
        "Variant Requires Shipping": str(fields["needs_shipping"]).upper(),
        "Variant Taxable": str(fields["is_taxable"]).upper(),
        "Unit Price Total Measure": fields["content"] or "",
        "Unit Price Total Measure Unit": fields["content_unit"],
        "Unit Price Base Measure": fields["base"] or "",
        "Unit Price Base Measure Unit": fields["base_unit"],
        "Variant Barcode": fields["barcode"],
        "Variant Image": fields["image"],
        "Variant Weight Unit": "g",
        "Gift Card": str(fields["is_gift_card"]).upper(),
        **{column.header: column.text(fields[name]) for name, column in VARIANT_COLUMNS.items()},
        **_market_cells(fields["markets"]),
    }


def _market_cells(prices: Document) -> dict[str, str]:
    cells = {}
    for columns in market_columns():
        if in_market := prices.get(columns.market.code):
            paid, compare = _paid_and_compare(in_market)
            cells[columns.price] = _amount(paid, columns.market.currency)
            cells[columns.compare_at] = _amount(compare, columns.market.currency)
    return cells


def _paid_and_compare(prices: Document) -> tuple[int | None, int | None]:
    """The price that is paid, and the price before the sale."""
    return (prices["sale"], prices["price"]) if prices["sale"] is not None else (prices["price"], None)


def _amount(minor: int | None, currency: str) -> str:
    return "" if minor is None else str(to_major(minor, currency))
