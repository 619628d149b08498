"""Import the file of each real shop, compare it with a reading by the csv module, and import again, export and undo."""

import csv
import io
import unicodedata
from decimal import Decimal
from pathlib import Path

import pytest

from catalog.importing.apply import default_target, import_file
from catalog.importing.export import export_lines
from catalog.importing.plan import plan_import
from catalog.importing.runs import apply_now, plan_file, plan_of, undo_now
from catalog.importing.shopify import read_bytes
from catalog.models import Price, Product, ProductImage, Stock, Variant
from shop.operations.audit import run_audit

pytestmark = pytest.mark.django_db
SHARED = Path(__file__).resolve().parents[3] / "shared/data/shopify"
# Products, variants and pictures as the files' own list of sources counts them.
COUNTED = {
    "01": (20, 22, 20),
    "02": (20, 21, 21),
    "03": (20, 23, 41),
    "04": (20, 21, 21),
    "05": (797, 797, 9075),
    "07": (47, 2408, 721),
    "08": (1243, 1654, 1406),
    "11": (27, 246, 42),
    "13": (86, 168, 513),
    "14": (84, 445, 300),
    "15": (24, 24, 24),
    "16": (814, 814, 0),
    "18": (30, 147, 137),
    "19": (7, 28, 7),
    "20": (2, 4, 1),
    "22": (10, 10, 118),
    "23": (21, 21, 21),
}
# Its rows have two cells more than its headers: an independent reading by columns would count what stands in the
# wrong ones. Its numbers are asserted by hand below.
SLIPPED = "19-new-header-dialect.csv"
NAMES = sorted(path.name for path in SHARED.glob("*.csv")) or ["missing"]
# The four large ones take minutes together: they are for `bin/test --full`.
LARGE = ("05", "07", "08", "16")
FILES = [pytest.param(name, marks=pytest.mark.full) if name.startswith(LARGE) else name for name in NAMES]
# What is taken back and written out in the quick run: options, many variants, two cells too many, hidden text.
SOME = ("13", "18", "19", "20")
SOME_FILES = [
    name if name.startswith(SOME) or name == "missing" else pytest.param(name, marks=pytest.mark.full) for name in NAMES
]


def content_of(name: str) -> bytes:
    path = SHARED / name
    if not path.exists():
        pytest.skip("the folder with real shops' files is not beside this checkout")
    return path.read_bytes()


class Independent:
    """The expected result, read from the file with the csv module only."""

    def __init__(self, content: bytes) -> None:
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = content.decode("cp1252", errors="replace")
        rows = list(csv.reader(io.StringIO(unicodedata.normalize("NFC", text), newline="")))
        self.names = [name.strip().lower() for name in rows[0]]
        self.handles: dict[str, None] = {}
        self.variants: dict[tuple, dict[str, str]] = {}
        self.images: dict[tuple[str, str], None] = {}
        names_of: dict[str, int] = {}
        for cells in rows[1:]:
            row = {name: cell.strip() for name, cell in zip(self.names, cells, strict=False)}
            handle = row.get("handle") or row.get("url handle", "")
            if not handle:
                continue
            is_first = handle not in self.handles
            self.handles[handle] = None
            if is_first:
                is_plain = row.get("option1 name") == "Title" and row.get("option1 value") == "Default Title"
                names_of[handle] = 0 if is_plain else sum(bool(row.get(f"option{n} name")) for n in (1, 2, 3))
            if is_first or any(
                row.get(name) for name in ("option1 value", "variant sku", "sku", "variant price", "price")
            ):
                values = [row.get(f"option{n} value", "") if n <= names_of[handle] else "" for n in (1, 2, 3)]
                self.variants[handle, *(" ".join(value.split()) for value in values)] = row
            image = row.get("image src") or row.get("product image url")
            if image:
                self.images[handle, image] = None

    def cell(self, row: dict[str, str], *names: str) -> str:
        return next((row[name] for name in names if name in row), "")

    @property
    def prices(self) -> dict[tuple, Decimal]:
        found = {key: self.cell(row, "variant price", "price") for key, row in self.variants.items()}
        return {key: Decimal(text) for key, text in found.items() if text}

    @property
    def stock(self) -> dict[tuple, int]:
        found = {}
        for key, row in self.variants.items():
            quantity = self.cell(row, "variant inventory qty", "inventory quantity")
            if self.cell(row, "variant inventory tracker", "inventory tracker") and quantity:
                found[key] = max(0, int(Decimal(quantity)))
        return found


def key_of(variant: Variant) -> tuple:
    return variant.product.handle, variant.option1, variant.option2, variant.option3


def exported() -> str:
    shop = default_target()
    return "".join(export_lines(Product.objects.all(), shop.market, shop.location))


@pytest.mark.parametrize("name", [file for file in FILES if file != SLIPPED])
def test_importing_a_real_file_gives_the_numbers_of_an_independent_reading(name):
    expected = Independent(content_of(name))
    plan = import_file(SHARED / name)
    assert [str(problem) for problem in plan.skipped] == []
    counts = (Product.objects.count(), Variant.objects.count(), ProductImage.objects.count())
    assert counts == (len(expected.handles), len(expected.variants), len(expected.images))
    assert counts[:2] == COUNTED[name[:2]][:2]
    variants = {variant.pk: key_of(variant) for variant in Variant.objects.select_related("product")}
    paid: dict[tuple, Decimal] = {}
    for price in Price.objects.filter(valid__endswith=None):
        amount, key = Decimal(price.amount_minor) / 100, variants[price.variant_id]
        paid[key] = min(amount, paid.get(key, amount))
    assert paid == expected.prices
    counted = {variants[stock.variant_id]: stock.on_hand for stock in Stock.objects.filter(variant__is_tracked=True)}
    assert {key: n for key, n in counted.items() if n or key in expected.stock} == expected.stock
    assert run_audit() == []


def test_cells_that_slipped_away_from_their_headers_are_put_back():
    content_of(SLIPPED)
    plan = import_file(SHARED / SLIPPED)
    assert [problem.message for problem in plan.problems] == [
        "cells of 4 rows were not under their headers and were moved; please check them"
    ] * 7
    assert (Product.objects.count(), Variant.objects.count(), ProductImage.objects.count()) == COUNTED["19"]
    first = Variant.objects.filter(product__handle="stoa-formal-ski-pant").order_by("position")
    assert [variant.option1 for variant in first] == ["S", "M", "L", "XL"]
    assert {price.amount_minor for price in Price.objects.filter(variant__in=first)} == {68900}
    assert [stock.on_hand for stock in Stock.objects.filter(variant__in=first).order_by("variant__position")][0] == 10
    assert [variant.grams for variant in first][:2] == [420, 440]
    image = ProductImage.objects.get(product__handle="stoa-formal-ski-pant")
    assert image.source.startswith("https://")
    assert image.alt == "stOa Formal Ski Pant — charcoal front view"


@pytest.mark.parametrize("name", SOME_FILES)
def test_the_second_import_and_the_own_export_are_empty_plans(name):
    content = content_of(name)
    shop = default_target()
    import_file(SHARED / name)
    again = plan_import(read_bytes(content, "EUR"), shop.market, shop.location)
    assert [(change.handle, change.differences) for change in again.changes] == []
    back = plan_import(read_bytes(exported().encode(), "EUR"), shop.market, shop.location)
    assert [(change.handle, change.differences) for change in back.changes] == []
    assert (len(back.unchanged), back.skipped) == (Product.objects.count(), [])


@pytest.mark.parametrize("name", SOME_FILES)
def test_undo_restores_a_byte_equal_export(name):
    content = content_of(name)
    half = content_with_changes(content)
    import_file_from(half)
    before = exported()
    run = plan_file(content, name)
    assert len(plan_of(run).changes) > 0
    apply_now(run)
    assert exported() != before
    undo_now(run)
    assert exported() == before
    assert run_audit() == []


def content_with_changes(content: bytes) -> bytes:
    """The first half of a file's products under other titles, so that the whole file changes some and adds others."""
    expected = Independent(content)
    wanted = set(list(expected.handles)[: max(1, len(expected.handles) // 2)])
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp1252", errors="replace")
    rows = list(csv.reader(io.StringIO(text, newline="")))
    names = [name.strip().lower() for name in rows[0]]
    handle_at = names.index("handle") if "handle" in names else names.index("url handle")
    title_at = names.index("title")
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(rows[0])
    for cells in rows[1:]:
        if unicodedata.normalize("NFC", cells[handle_at]).strip() in wanted:
            cells[title_at] = f"Old {cells[title_at].strip()}" if cells[title_at].strip() else ""
            writer.writerow(cells)
    return buffer.getvalue().encode()


def import_file_from(content: bytes) -> None:
    apply_now(plan_file(content, "half.csv"))


def test_a_second_file_with_seven_columns_updates_only_those():
    first = content_of("16-nl-seven-columns.csv")
    import_file(SHARED / "16-nl-seven-columns.csv")
    assert set(Product.objects.values_list("status", flat=True)) == {"draft"}
    assert Price.objects.count() == 0
    product = Product.objects.order_by("pk").first()
    Product.objects.filter(pk=product.pk).update(description="<p>Ours</p>", status="active", seo_title="Ours")
    text = first.decode("utf-8-sig").replace(product.title, "Another title", 1)
    apply_now(plan_file(text.encode(), "second.csv"))
    product.refresh_from_db()
    assert (product.title, product.description, product.status, product.seo_title) == (
        "Another title",
        "<p>Ours</p>",
        "active",
        "Ours",
    )
