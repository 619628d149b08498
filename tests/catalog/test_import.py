"""Other shops' exports come in whole: against an independent reading by the csv module."""

import csv
from pathlib import Path

import pytest

from catalog.errors import UnreadableFile
from catalog.importing.apply import import_file
from catalog.importing.image_folder import ImageFolder
from catalog.importing.shopify import MAX_BODY_LENGTH, read_file
from catalog.markets import default_market
from catalog.models import Category, Listing, Product, ProductImage, Stock, Variant
from catalog.money import to_minor
from catalog.prices import prices_at
from shop.demo.seeding import DEMO
from shop.operations.audit import run_audit

pytestmark = pytest.mark.django_db
SHARED = Path(__file__).resolve().parents[3] / "shared/data/shopify"
FILES = {
    "01-shopifypartners-apparel.csv": (20, 22, 20),
    "02-shopifypartners-home-and-garden.csv": (20, 21, 21),
    "03-shopifypartners-jewelery.csv": (20, 23, 41),
    "04-packt-product-data.csv": (20, 21, 21),
}


def shared(name: str) -> Path:
    path = SHARED / name
    if not path.exists():
        pytest.skip("the folder with real shops' files is not beside this checkout")
    return path


def rows_of(path: Path) -> list[dict[str, str]]:
    with open(path, encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("name", FILES)
def test_a_real_export_is_imported_with_the_right_numbers(name):
    path = shared(name)
    report = import_file(path)
    assert [str(problem) for problem in report.skipped] == []
    assert (Product.objects.count(), Variant.objects.count(), ProductImage.objects.count()) == FILES[name]
    assert (len(report.new), report.changed, report.unchanged) == (20, [], [])


@pytest.mark.parametrize("name", FILES)
def test_prices_stock_and_categories_are_those_of_the_file(name):
    path = shared(name)
    import_file(path)
    rows = [row for row in rows_of(path) if row["Variant Price"]]
    handle = ""
    prices = prices_at(Variant.objects.values_list("pk", flat=True), default_market())
    for row in rows:
        handle = row["Handle"] or handle
        values = {f"option{n}": row[f"Option{n} Value"].strip() for n in (1, 2, 3)}
        if values["option1"] == "Default Title":
            values["option1"] = ""
        variant = Variant.objects.get(product__handle=handle, **values)
        price, compare = to_minor(row["Variant Price"], "EUR"), row["Variant Compare At Price"]
        regular = max(price, to_minor(compare, "EUR")) if compare else price
        assert (prices[variant.pk].amount_minor, prices[variant.pk].regular_minor) == (price, regular)
        if row["Variant Inventory Tracker"]:
            assert Stock.objects.get(variant=variant).on_hand == max(0, int(row["Variant Inventory Qty"] or 0))
    types = {row["Type"].strip() for row in rows_of(path) if row.get("Type", "").strip()}
    assert set(Category.objects.values_list("name", flat=True)) == types


@pytest.mark.parametrize("name", FILES)
def test_the_second_import_changes_nothing(name):
    path = shared(name)
    import_file(path)
    before = list(Listing.objects.order_by("product_id").values_list("pk", flat=True))
    report = import_file(path)
    assert (report.new, report.changed, len(report.unchanged)) == ([], [], 20)
    assert list(Listing.objects.order_by("product_id").values_list("pk", flat=True)) == before
    assert run_audit() == []


def test_the_demo_catalogue_is_imported_completely(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    report = import_file(DEMO / "hearthside.csv")
    assert (len(report.new), report.problems) == (36, [])
    assert Variant.objects.count() == 111
    assert ProductImage.objects.exclude(file="").count() == ProductImage.objects.count()
    assert Product.objects.get(handle="alma-mug").description.startswith("<p>A stoneware mug")


HEADER = "Handle,Title,Body (HTML),Vendor,Type,Tags,Published,Option1 Name,Option1 Value,Variant SKU,Variant Inventory Tracker,Variant Inventory Qty,Variant Inventory Policy,Variant Price,Variant Compare At Price,Image Src,Status\n"


def write(tmp_path: Path, *rows: str, header: str = HEADER) -> Path:
    path = tmp_path / "products.csv"
    path.write_text(header + "\n".join(rows) + "\n", encoding="utf-8")
    return path


def test_a_bad_row_is_named_by_its_line_and_nothing_of_its_product_is_written(tmp_path):
    path = write(
        tmp_path,
        'good,Good,"two\nlines",,,,TRUE,Title,Default Title,,,,,5.00,,,active',
        "bad,Bad,,,,,TRUE,Size,S,,,,,5.00,,,active",
        "bad,,,,,,,,M,,,,,five,,,",
    )
    report = import_file(path)
    assert [str(problem) for problem in report.skipped] == [
        "line 5: bad: the price 'five' is not valid: enter an amount like 12.50"
    ]
    assert list(Product.objects.values_list("handle", flat=True)) == ["good"]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("x,,,,,,TRUE,,,,,,,1,,,", "the first row of a product needs a title"),
        ("x,X,,,,,TRUE,,,,,,,-1,,,", "the price '-1' is not valid: an amount cannot be negative"),
        ("x,X,,,,,TRUE,,,,shopify,many,,1,,,", "the stock 'many' is not a whole number"),
        ("x,X,,,,,TRUE,,,,,,,1,,,sold", "'sold' is not a status (active, draft, archived, unlisted)"),
        ("x,X,,,,,TRUE,,,,,,,1e400,,,", "the price '1e400' is not valid: enter an amount like 12.50"),
        (
            "x,X,,,,,TRUE,,,,,,,1.299,,,",
            "the price '1.299' is not valid: this could mean 1299.00 or 1.30. Enter one of them",
        ),
        (f"{'h' * 256},X,,,,,TRUE,,,,,,,1,,,", "the handle is longer than 255 characters"),
    ],
)
def test_an_invalid_row_is_refused_with_the_reason(tmp_path, row, message):
    assert [problem.message for problem in read_file(write(tmp_path, row), "EUR").problems] == [message]


@pytest.mark.parametrize(
    ("published", "status", "taken"),
    [
        ("FALSE", "active", "draft"),
        ("false", "Active", "draft"),
        ("no", "unlisted", "draft"),
        ("FALSE", "archived", "archived"),
        ("FALSE", "draft", "draft"),
        ("FALSE", "", "draft"),
        ("TRUE", "active", "active"),
        ("", "active", "active"),
        ("TRUE", "unlisted", "unlisted"),
        ("TRUE", "draft", "draft"),
    ],
)
def test_a_product_is_visible_only_where_published_and_status_both_say_so(tmp_path, published, status, taken):
    reading = read_file(write(tmp_path, f"x,X,,,,,{published},,,,,,,1,,,{status}"), "EUR")
    assert [product.fields["status"] for product in reading.products] == [taken]


def test_an_active_product_that_is_not_published_is_nowhere_to_be_seen_and_noted(client, tmp_path):
    path = write(tmp_path, "hidden-mug,Hidden mug,,,,,FALSE,,,HID-1,,,,9.00,,,active")
    report = import_file(path)
    assert [str(problem) for problem in report.problems] == [
        "line 2: hidden-mug: Status is active, but Published is FALSE: imported as a draft"
    ]
    assert (report.skipped, Product.objects.get().status, Listing.objects.count()) == ([], "draft", 0)
    answers = [
        client.get(url) for url in ("/p/hidden-mug/", "/search/?q=hidden", "/search/?q=HID-1", "/feeds/google.xml")
    ]
    assert answers[0].status_code == 404
    assert all(b"Hidden mug" not in b"".join(answer) for answer in answers)


def test_a_visible_product_without_a_price_is_hidden_by_a_file_that_says_so(tmp_path):
    Product.objects.create(handle="bare", slug="bare", title="Bare", status="active")
    path = tmp_path / "products.csv"
    path.write_text("Handle,Title,Published,Status\nbare,Bare,FALSE,active\n")
    import_file(path)
    assert Product.objects.get().status == "draft"


def test_a_long_description_is_taken_and_one_beyond_the_limit_refuses_its_product_alone(tmp_path):
    long, longer = f"<p>{'y' * (MAX_BODY_LENGTH - 7)}</p>", "z" * (MAX_BODY_LENGTH + 1)
    path = write(
        tmp_path,
        f"long,Long,{long},,,,TRUE,,,,,,,1,,,",
        f"longer,Longer,{longer},,,,TRUE,,,,,,,1,,,",
        "after,After,short,,,,TRUE,,,,,,,1,,,",
    )
    report = import_file(path)
    assert [str(problem) for problem in report.problems] == [
        "line 3: longer: 'Body (HTML)' has 100,001 characters; at most 100,000 are allowed"
    ]
    assert Product.objects.get(handle="long").description == long
    assert set(Product.objects.values_list("handle", flat=True)) == {"long", "after"}


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("t" * 10_001, "'Title' has 10,001 characters; at most 10,000 are allowed"),
        ("t" * 200_000, "'Title' has 200,000 characters; at most 10,000 are allowed"),
        ("N\x00L", "'Title' contains a character that cannot be stored"),
        (
            '"' + "row\n" * 3_000 + '"',
            "'Title' has 12,000 characters over 3,000 lines; perhaps a quotation mark is missing;"
            " at most 10,000 are allowed",
        ),
    ],
)
def test_a_cell_that_cannot_be_taken_refuses_its_product_alone(tmp_path, cell, message):
    padding = f"first,First,{'p' * 5_000},,,,TRUE,,,,,,,1,,,"
    path = write(
        tmp_path, padding, f"bad,{cell},,,,,TRUE,,,,,,,1,,,", "bad,,,,,,,,M,,,,,2,,,", "good,Good,,,,,TRUE,,,,,,,1,,,"
    )
    reading = read_file(path, "EUR")
    assert [str(problem) for problem in reading.problems] == [f"line 3: bad: {message}"]
    assert [product.handle for product in reading.products] == ["first", "good"]


def test_a_row_with_an_unusable_handle_is_reported_by_line(tmp_path):
    reading = read_file(write(tmp_path, f"{'h' * 10_001},X,,,,,TRUE,,,,,,,1,,,"), "EUR")
    assert [str(problem) for problem in reading.problems] == [
        "line 2: (no handle): 'Handle' has 10,001 characters; at most 10,000 are allowed"
    ]


def test_removed_parts_of_a_description_are_reported_and_its_direction_is_kept(tmp_path):
    body = (
        '<p dir=""rtl"" lang=""ar"">قدح</p><img src=""a.jpg""><IMG src=b.jpg><iframe src=x></iframe>'
        '<p dir=""up"" lang=""a b"">x</p>'
    )
    reading = read_file(write(tmp_path, f'x,X,"{body}",,,,TRUE,,,,,,,1,,,'), "EUR")
    assert reading.products[0].fields["description"] == '<p dir="rtl" lang="ar">قدح</p><p>x</p>'
    assert [str(problem) for problem in reading.problems] == [
        "line 2: x: removed from the description: 2 pictures, 1 embedded page; add pictures to the product instead"
    ]


def test_new_categories_are_listed_in_the_order_in_which_the_file_names_them(tmp_path):
    names = ["Vases", "Lamps", "Rugs", "Mugs", "Books", "Candles"]
    path = tmp_path / "file.csv"
    path.write_text("Handle,Title,Type,Price\n" + "".join(f"p{n},P,{name},10\n" for n, name in enumerate(names)))
    import_file(path)
    assert list(Category.objects.values_list("name", flat=True)) == names


def test_a_variant_that_stands_twice_is_refused(tmp_path):
    path = write(tmp_path, "x,X,,,,,TRUE,Size,S,,,,,1,,,", "x,,,,,,,,S,,,,,2,,,")
    assert read_file(path, "EUR").problems[0].message == "the variant S is already in line 2"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"PK\x03\x04rest", "not a CSV file"),
        (b"Name,Price\nx,1\n", "no column 'Handle'"),
        (b"Handle,Handle\nx,1\n", "appears twice in the file"),
        (b'Handle,Title\nx,"open\n', "quotes do not match"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_in_one_sentence(tmp_path, content, words):
    path = tmp_path / "file.csv"
    path.write_bytes(content)
    with pytest.raises(UnreadableFile, match=words):
        read_file(path, "EUR")


def test_importing_a_changed_file_changes_the_changed_fields(tmp_path):
    import_file(write(tmp_path, "x,X,,,Mugs,,TRUE,,,A-1,shopify,5,deny,10.00,12.00,,active"))
    report = import_file(write(tmp_path, "x,New name,,,Cups,,TRUE,,,A-1,shopify,7,continue,9.00,,,draft"))
    assert ([change.handle for change in report.changed], report.new) == (["x"], [])
    product, variant = Product.objects.get(), Variant.objects.get()
    assert (product.title, product.status, product.category.name) == ("New name", "draft", "Cups")
    assert prices_at([variant.pk], default_market())[variant.pk].regular_minor == 900
    assert Stock.objects.values_list("on_hand", "backorder_limit").get() == (7, 10_000)
    assert Listing.objects.count() == 0


def test_negative_stock_is_imported_as_zero_and_reported(tmp_path):
    report = import_file(write(tmp_path, "x,X,,,,,TRUE,,,,shopify,-3,deny,10.00,,,active"))
    assert [problem.message for problem in report.problems] == ["the stock -3 is below zero and was set to 0"]
    assert report.skipped == []


def test_html_is_cleaned_on_the_way_in(tmp_path):
    body = '"<h1>Big</h1><script>alert(1)</script><p onclick=""x()"" style=""color:red"">Text</p>"'
    import_file(write(tmp_path, f"x,X,{body},,,,TRUE,,,,,,,10.00,,,active"))
    assert Product.objects.get().description == "<h3>Big</h3><p>Text</p>"


def test_pictures_are_looked_up_inside_the_folder_only(tmp_path):
    (tmp_path / "inside").mkdir()
    (tmp_path / "inside/a.txt").write_text("in")
    (tmp_path / "secret.txt").write_text("out")
    (tmp_path / "inside/link.txt").symlink_to(tmp_path / "secret.txt")
    folder = ImageFolder(tmp_path / "inside")
    assert folder.read("a.txt") == b"in"
    for source in (
        "../secret.txt",
        "link.txt",
        str(tmp_path / "secret.txt"),
        "https://example.com/a.txt",
        "",
        "none.txt",
    ):
        assert folder.read(source) is None


def test_a_broken_picture_is_reported_and_the_product_is_imported(tmp_path):
    (tmp_path / "a.webp").write_text("<svg onload=alert(1)>")
    report = import_file(write(tmp_path, "x,X,,,,,TRUE,,,,,,,10.00,,a.webp,active"))
    assert [str(problem) for problem in report.problems] == [
        "line 2: x: a.webp: The file is not a JPEG, PNG or WebP picture."
    ]
    assert (Product.objects.count(), ProductImage.objects.get().file.name) == (1, "")


def test_two_handles_that_make_one_slug_get_two_addresses(tmp_path):
    import_file(write(tmp_path, "nhan-1,A,,,,,TRUE,,,,,,,1,,,", "nhẫn-1,B,,,,,TRUE,,,,,,,1,,,"))
    assert list(Product.objects.order_by("pk").values_list("slug", flat=True)) == ["nhan-1", "nhan-1-2"]
