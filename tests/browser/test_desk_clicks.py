"""How many clicks the tasks of a day take, counted by Chromium from the home page of the desk to the result.

A click is a press of the mouse, also one that only goes into a field. Keys are counted apart. `before` is what the same
task took in the admin before the desk.
"""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import NEEDS_BROWSER
from tests.browser.desk_keyboard import Keyboard
from tests.browser.desk_steps import orders_to_ship
from tests.faults.demo import RunningDemo

pytestmark = [*NEEDS_BROWSER, pytest.mark.full]
# The session of the tab outlives its pages.
COUNTER = """for (const kind of ["pointerdown", "keydown"]) {
  addEventListener(kind, () => (sessionStorage[kind] = Number(sessionStorage[kind] ?? 0) + 1), true);
}"""


class Clicks(Keyboard):
    """A mouse and a keyboard whose presses Chromium counts."""

    def __init__(self, page: Page) -> None:
        super().__init__(page)
        page.add_init_script(COUNTER)

    def begin(self) -> None:
        self.page.goto("/admin/")
        self.page.evaluate("sessionStorage.clear()")

    def click(self, *selectors: str) -> None:
        for selector in selectors:
            self.page.click(selector)

    def type_row(self, *texts: str) -> None:
        """Type into this field and those after it, with Tab between them."""
        for number, text in enumerate(texts):
            if number:
                self.press("Tab")
            self.type(text)

    def begin_in(self, selector: str) -> None:
        """The page has put the focus into this field, so that nobody needs to click there."""
        self.page.wait_for_selector(f"{selector}:focus")

    def counted(self) -> tuple[int, int]:
        """Clicks and keys since the beginning."""
        return tuple(self.page.evaluate("['pointerdown', 'keydown'].map((kind) => Number(sessionStorage[kind] ?? 0))"))

    def are(self, expected: int, before: int) -> None:
        clicks, keys = self.counted()
        assert clicks == expected <= before, f"{clicks} clicks and {keys} keys, before {before} clicks"


@pytest.fixture
def clicks(admin_page: tuple[Page, list[str]]) -> Clicks:
    return Clicks(admin_page[0])


def section(name: str) -> str:
    return f"#nav a:has-text('{name}')"


def test_a_product_with_nine_variants(clicks: Clicks):
    page = clicks.page
    clicks.begin()
    clicks.click(section("Products"), ".head a:has-text('Add a product')")
    clicks.begin_in("#id_title")
    clicks.type("Dune bowl")
    clicks.click("label[for=id_status]")
    clicks.type("Active")
    clicks.click("button[name=_continue]", ".head .menu summary", ".head .menu :text('Create variants from options')")
    clicks.begin_in("#id_option1")
    clicks.type_row("Glaze", "Sand, Chalk, Moss", "Size", "S, M, L", "", "", "24.00", "10")
    clicks.press("Enter")
    page.wait_for_selector(".messagelist .success")
    assert page.locator("[id^=id_variants-][id$=-sku]:not([id*=__])").count() == 9
    assert page.is_visible(".head .badge:has-text('Active')")
    clicks.are(6, before=11)


def test_prices_of_twenty_products_and_back(clicks: Clicks):
    page = clicks.page
    clicks.begin()
    clicks.click(section("Products"), "tbody tr:nth-child(1) .c-check input")
    page.click("tbody tr:nth-child(20) .c-check input", modifiers=["Shift"])
    clicks.click("button[value=bulk_edit]")
    page.wait_for_selector("h1:text-is('Edit 20 products')")
    clicks.begin_in("#id_percent")
    clicks.type("5")
    clicks.press("Enter")
    clicks.click("[value=Apply]", "[value=Undo]")
    page.wait_for_selector(".head .badge:text-is('Undone')")
    clicks.are(6, before=25)


def test_a_sale_on_a_category(clicks: Clicks):
    page = clicks.page
    clicks.begin()
    clicks.click(section("Products"), ".bar summary:has-text('Filter')")
    clicks.tab_to("[name^=category]")
    clicks.type("Tableware")
    clicks.click(".bar button:has-text('Apply')")
    page.wait_for_selector(".chip")
    clicks.click("[data-all]", "button[value=bulk_edit]", "#id_sale_percent")
    clicks.type("20")
    page.fill("#id_sale_begins", "2030-11-27T00:00")  # keys in a date field depend on the language of the browser
    clicks.press("Enter")
    page.wait_for_url("**/run/**")
    clicks.click("[value=Apply]")
    page.wait_for_selector("[value=Undo]")
    clicks.are(7, before=9)


def test_stock_received_corrected_moved_and_counted(clicks: Clicks, shop: RunningDemo):
    page = clicks.page
    made = shop.manage(
        "shell", "-c", "from catalog.models import Location; Location.objects.get_or_create(name='Back room')"
    )
    assert made.returncode == 0, made.stderr
    sku = "HS-APPPOT-MOSS"
    clicks.begin()
    clicks.click(section("Stock"), "a:text-is('Receive goods')")
    clicks.begin_in("#scan")
    clicks.type(sku)
    clicks.press("Enter")
    clicks.go("button[name=receive]")
    page.wait_for_selector(".messagelist .success")
    clicks.click(section("Stock"), "[name^=change-] >> nth=0")
    clicks.type("-1")
    clicks.click("#reason")
    clicks.type("broken")
    clicks.press("Enter")
    page.wait_for_selector(".messagelist .success")
    clicks.click(".head a:text-is('Transfer')")
    clicks.begin_in("#scan")
    clicks.type(sku)
    clicks.press("Enter")
    clicks.tab_to("#id_destination")
    clicks.type("Back")
    clicks.go("button[name=send]")
    page.wait_for_selector(".messagelist .success")
    clicks.click("button[name=all]")
    page.wait_for_selector(".messagelist .success")
    clicks.click(section("Stock"), ".head a:text-is('Count')")
    page.wait_for_url("**/stocktake/add/")
    clicks.tab_to("#id_lines")
    clicks.type(sku)
    clicks.click("main .submit-row [type=submit] >> nth=0")
    page.wait_for_url("**/change/")
    clicks.tab_to("[data-scan]")
    clicks.type(sku)
    clicks.press("Enter")
    clicks.click("button[name=post]")
    clicks.go("[value='Post the differences']")
    page.wait_for_selector(".messagelist .success")
    clicks.are(11, before=11)


SWITCH_OFF = """
from orders.models import Promotion
from orders.promotions.states import switch
switch(Promotion.objects.filter(name__in=["Ten off", "Five euros off", "Free delivery"]), is_on=False)
"""


@pytest.fixture
def _same_totals_afterwards(shop: RunningDemo) -> Iterator[None]:
    """Switch the promotions off again, because other tests buy in the same shop."""
    yield
    assert shop.manage("shell", "-c", SWITCH_OFF).returncode == 0


@pytest.mark.usefixtures("_same_totals_afterwards")
def test_three_promotions(clicks: Clicks):
    page = clicks.page
    clicks.begin()
    clicks.click(section("Promotions"))
    for number, (kind, name, values) in enumerate(
        (
            ("percent-order", "Ten off", {"#id_percent": "10"}),
            ("amount-order", "Five euros off", {"[name^=amount]": "5.00"}),
            ("delivery_percent", "Free delivery", {"#id_minimum_minor": "50.00"}),
        )
    ):
        if number:
            page.wait_for_selector(".messagelist .success")
        clicks.click(".head a.main", f".picks a[href$='kind={kind}']")
        clicks.begin_in("#id_name")
        clicks.type(name)
        for field, value in values.items():
            clicks.tab_to(field)
            clicks.replace(value)
        clicks.click("[name=_switch_on]")
    page.wait_for_selector(".messagelist .success")
    clicks.are(10, before=14)


def test_an_order_that_is_shipped(clicks: Clicks, shop: RunningDemo):
    page = clicks.page
    number = orders_to_ship(shop, page, 1)[0]
    clicks.begin()
    clicks.press("/")
    clicks.type(number)
    clicks.press("Enter")
    clicks.click(".head a:has-text('Ship')")
    clicks.begin_in(".qty input")
    clicks.tab_to("#id_carrier")
    clicks.type("DHL")
    clicks.click("button:has-text('Ship this parcel')")
    page.wait_for_selector(".messagelist .success")
    clicks.are(2, before=3)
