"""Staff in a real browser: create a product, plan a sale, edit prices, import a file and undo it."""

import io
import re

import pytest
from PIL import Image

from tests.browser.conftest import NEEDS_BROWSER, open_page, violations

pytestmark = NEEDS_BROWSER
FILE = """Handle,Title,Body (HTML),Vendor,Type,Tags,Published,Option1 Name,Option1 Value,Variant SKU,Variant Inventory Tracker,Variant Inventory Qty,Variant Inventory Policy,Variant Price,Variant Compare At Price,Status
reef-cup,Reef cup,<p>A cup.</p>,Reef,Tableware,,TRUE,Glaze,Sand,REEF-S,shopify,5,deny,19.00,,active
reef-cup,,,,,,,,Moss,REEF-M,shopify,7,deny,19.00,,
alma-jug,Alma jug,<p>Another text.</p>,Alma Pottery,Tableware,,TRUE,,,,,,,,,active
"""


def pictures(count: int) -> list[dict]:
    files = []
    for number in range(count):
        buffer = io.BytesIO()
        Image.new("RGB", (400, 500), (60 * number, 120, 160)).save(buffer, "JPEG")
        files.append({"name": f"p{number}.jpg", "mimeType": "image/jpeg", "buffer": buffer.getvalue()})
    return files


def test_staff_make_a_product_with_twelve_variants_and_four_pictures(admin_page):
    page, complaints = admin_page
    page.goto("/admin/catalog/product/add/")
    problems = violations(page, complaints)
    page.fill("#id_title", "Tide bowl")
    page.select_option("#id_status", "active")
    page.click("button[name=_continue]")
    page.wait_for_url("**/change/**")
    address = page.url.split("change/")[0]
    page.click(".head .menu summary")
    page.click(".head .menu a:has-text('ariants from options')")
    fields = {"option1": "Glaze", "values1": "Sand, Chalk, Moss, Ink", "option2": "Size", "values2": "S, M, L"}
    for name, value in {**fields, "price": "24.00", "on_hand": "10", "grams": "400", "sku": "TIDE"}.items():
        page.fill(f"#id_{name}", value)
    problems += violations(page, complaints)
    page.click("text=Create variants")
    page.wait_for_url("**/change/**")
    assert page.input_value("#id_variants-11-sku") == "TIDE-INK-L"
    page.fill("#id_variants-0-price", "26.00")
    page.click("text=Fill prices down")
    assert page.input_value("#id_variants-11-price") == "26.00"
    page.click("button[name=_continue]")
    page.wait_for_selector(".messagelist .success")
    problems += violations(page, complaints)
    page.goto(f"{address}pictures/")
    page.set_input_files("#files", pictures(4))
    page.wait_for_selector(".previews canvas >> nth=3")
    page.click("input[value=Add]")
    page.wait_for_selector("text=4 pictures added.")
    page.drag_and_drop(".pictures li:nth-child(4) .numbers", ".pictures li:nth-child(1) .numbers")
    page.click(".picture-box >> nth=0", position={"x": 20, "y": 20})
    assert page.input_value("[name$=-focus_x] >> nth=0") != "50"
    for number in range(4):
        page.fill(f"[name=form-{number}-alt]", f"A bowl, {number}")
    problems += violations(page, complaints)
    page.click("input[value=Save]")
    page.wait_for_selector("text=The pictures were saved.")
    page.goto(f"{address}history/")
    assert "variant Ink · L" in page.inner_text("#content")
    problems += violations(page, complaints)
    page.goto("/p/tide-bowl/")
    assert page.locator(".opts input").count() == 7
    assert page.locator(".reel li").count() == 4
    assert "€26.00" in page.inner_text("#info")
    assert "\n".join(problems + complaints) == ""


@pytest.mark.full
def test_staff_schedule_a_sale_and_edit_fifty_prices_and_take_them_back(admin_page):
    page, complaints = admin_page
    page.goto("/admin/catalog/product/?status__exact=active")
    problems = violations(page, complaints)
    page.check("[data-all]")
    page.click("button[value=bulk_edit]")
    page.wait_for_url("**/bulk/**")
    for number in range(50):
        field = page.locator(f"[name=g{number}-price]")
        field.fill(f"{float(field.input_value()) + 1:.2f}")
    page.fill("#id_sale_percent", "20")
    page.fill("#id_sale_begins", "2030-11-27T00:00")
    page.fill("#id_sale_ends", "2030-11-30T00:00")
    problems += violations(page, complaints)
    page.click("text=Show what would change")
    page.wait_for_url("**/run/**")
    assert "→" not in page.inner_text("h1")
    assert page.locator("th:has-text(': price')").count() >= 50
    problems += violations(page, complaints)
    page.click('text="Apply"')
    page.wait_for_selector('text="Undo"', timeout=30_000)
    # What shoppers will see on that day, for staff only.
    page.goto("/staff/as-of/")
    problems += violations(page, complaints)
    page.fill("#moment", "2030-11-28T12:00")
    page.click("text=Show the shop")
    page.goto("/p/lind-stool/")
    assert "28 November 2030" in page.inner_text(".staff-bar")
    assert "Lowest price of the 30 days before the sale" in page.inner_text("#info")
    page.goto("/staff/as-of/")
    page.click("text=Back to now")
    page.goto("/p/lind-stool/")
    assert "Lowest price" not in page.inner_text("#info")
    page.goto("/admin/catalog/run/")
    page.click("#result_list tbody th a >> nth=0")
    page.click('text="Undo"')
    page.wait_for_selector(".head .badge:text-is('Undone')", timeout=30_000)
    assert "\n".join(problems + complaints) == ""


@pytest.mark.full
def test_staff_import_a_file_and_undo_it(admin_page):
    page, complaints = admin_page
    page.goto("/admin/catalog/run/add/")
    problems = violations(page, complaints)
    page.set_input_files("#id_file", [{"name": "reef.csv", "mimeType": "text/csv", "buffer": FILE.encode()}])
    page.click("text=Show what would change")
    page.wait_for_url("**/change/**")
    assert "1 new, 1 changed" in page.inner_text("main")
    page.click('text="Apply"')
    page.wait_for_selector('text="Undo"', timeout=30_000)
    run = page.url
    page.goto("/p/reef-cup/")
    assert page.inner_text("h1") == "Reef cup"
    page.goto(run)
    problems += violations(page, complaints)
    page.click('text="Undo"')
    page.wait_for_selector(".head .badge:text-is('Undone')", timeout=30_000)
    assert page.goto("/p/reef-cup/").status == 410
    assert "Another text" not in page.goto("/p/alma-jug/").text()
    for address in ("stock/", "stockmovement/", "stocktake/", "stocktake/add/", "transfer/add/", "review/"):
        page.goto(f"/admin/catalog/{address}")
        problems += violations(page, complaints)
    page.goto("/admin/catalog/stock/")
    page.click("main tbody th a >> nth=0")
    problems += violations(page, complaints)
    assert "\n".join(problems + complaints) == ""


def test_the_admin_fits_on_a_phone(browser, shop):
    page, complaints = open_page(browser, shop, viewport={"width": 390, "height": 844})
    page.goto("/account/login/")
    page.fill("input[name=login]", "owner@hearthside.example")
    page.fill("input[name=password]", re.search(r"owner@hearthside.example +(\S+)", shop.output)[1])
    page.click("button.btn:has-text('Log in')")
    page.wait_for_url("**/account/**")
    wide = []
    for address in (
        "product/",
        "product/1/change/",
        "product/1/pictures/",
        "product/bulk/?ids=1,2",
        "stock/",
        "run/add/",
    ):
        page.goto(f"/admin/catalog/{address}")
        overflow = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        wide += [f"{address}: {overflow} px too wide"] if overflow > 0 else []
    assert (wide, complaints) == ([], [])
