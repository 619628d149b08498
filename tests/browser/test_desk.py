"""A morning at the desk in a real browser: orders come in, and are found, shipped, canceled and corrected."""

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import NEEDS_BROWSER, violations
from tests.browser.desk_steps import bought, orders_to_ship
from tests.faults.demo import RunningDemo

pytestmark = [*NEEDS_BROWSER, pytest.mark.full]
PHONE = {"width": 390, "height": 844}


@pytest.fixture
def numbers(shop: RunningDemo, admin_page: tuple[Page, list[str]]) -> list[str]:
    """The numbers of twelve orders that are to be shipped."""
    return orders_to_ship(shop, admin_page[0], 12)


def open_order(page: Page, text: str) -> None:
    """Find the order by the search of the desk: its number leads to it, and other texts to a list of what was found."""
    page.locator("main").click(position={"x": 1, "y": 1})  # out of the field where the page begins
    page.keyboard.press("/")
    page.keyboard.type(text)
    page.keyboard.press("Enter")
    if not text.startswith("HS-"):
        page.click("main .hits a[href*='/orders/order/'] >> nth=0")
    page.wait_for_selector(f"h1:has-text('{text if text.startswith('HS-') else 'HS-'}')")


def start_run(page: Page, numbers: list[str], action: str, tab: str = "") -> None:
    """Tick these orders in their list and choose what to do with them."""
    page.goto(f"/admin/orders/order/{tab}")
    for number in numbers:
        page.check(f"tr:has(a.name:text-is('{number}')) .c-check input")
    assert page.inner_text(".bulk b") == f"{len(numbers)} selected"
    page.click(f".bulk button[value={action}]")


def results(page: Page) -> dict[str, str]:
    """The result of each order, once the run on the page is done."""
    page.wait_for_selector(".note:has-text('done')")
    rows = page.locator("main tbody tr")
    return {row.locator(".name").inner_text(): row.locator(".badge").inner_text() for row in rows.all()}


def ship(page: Page) -> None:
    page.click(".head a:has-text('Ship')")
    page.fill("#id_carrier", "DHL")
    page.click("button:has-text('Ship this parcel')")
    page.wait_for_selector(".messagelist .success")


def test_a_morning_at_the_desk(admin_page, numbers, shop):
    page, complaints = admin_page
    problems: list[str] = []
    assert len(numbers) == 12
    for number in numbers:
        open_order(page, number)
    problems += violations(page, complaints)

    open_order(page, numbers[0])
    ship(page)
    assert "Completed" in page.inner_text(".head") or "Shipped" in page.inner_text(".head")

    open_order(page, numbers[1])
    page.click(".head a:has-text('Ship')")
    quantity = page.locator(".qty input >> nth=0")
    whole = int(quantity.get_attribute("max"))
    rows = page.locator(".qty input").count()
    quantity.fill(str(whole - 1) if rows == 1 else "0")
    problems += violations(page, complaints)
    page.click("button:has-text('Ship this parcel')")
    page.wait_for_selector(".messagelist li")
    if whole > 1 or rows > 1:
        assert "Partly shipped" in page.inner_text(".head")

    page.set_viewport_size(PHONE)
    open_order(page, numbers[2])
    problems += violations(page, complaints)
    ship(page)
    page.set_viewport_size({"width": 1280, "height": 900})

    # Only an order that was paid at the stand-in for Stripe can be paid back.
    bought(shop, "morning@example.com")
    open_order(page, "morning@example.com")
    page.click(".head .menu summary")
    page.click(".head .menu :text('Cancel the order')")
    assert "will be canceled" in page.inner_text("main")
    problems += violations(page, complaints)
    page.click("main button.danger")
    assert "is canceled. Refund:" in page.inner_text(".messagelist")

    # Made-up orders have postcodes that their countries do not know.
    bought(shop, "noon@example.com")
    open_order(page, "noon@example.com")
    page.click("section:has(h2:text-is('Addresses')) a:has-text('Correct')")
    page.fill("#id_name", "Anna Corrected")
    page.click("input[value='Save the address']")
    page.wait_for_selector(".messagelist .success")
    assert "Anna Corrected" in page.inner_text("main")

    page.fill("main textarea >> nth=0", "Wrap it as a gift.")
    page.click("button:has-text('Add note')")
    page.wait_for_selector(".messagelist .success")
    assert "Wrap it as a gift." in page.inner_text("main ol.line")

    page.click(".head .menu summary")
    page.click(".head .menu :text('Send an e-mail again')")
    page.check("[type=radio] >> nth=0")
    problems += violations(page, complaints)
    page.click("[value='Send it again']")
    assert "The e-mail is on its way again." in page.inner_text(".messagelist")
    assert "sent again" in page.inner_text("main ol.line").lower()
    assert "\n".join(problems + complaints) == ""


def test_actions_for_many_orders_run_to_their_end(admin_page, shop):
    page, complaints = admin_page
    paid = orders_to_ship(shop, page, 3)
    canceled = [bought(shop, f"evening{number}@example.com") for number in range(2)]

    start_run(page, paid, "mail")
    page.wait_for_url("**/orderrun/**")
    problems = violations(page, complaints)
    assert results(page) == dict.fromkeys(paid, "Done")
    problems += violations(page, complaints)

    with page.expect_download() as download:
        start_run(page, paid, "export")
    lines = download.value.path().read_text("utf-8-sig").splitlines()
    assert {line.split(",")[0].strip('"') for line in lines[1:]} == set(paid)

    start_run(page, canceled, "cancel", tab="?tab=all")
    page.wait_for_url("**/orderrun/**")
    problems += violations(page, complaints)
    page.click("main button.danger")
    assert results(page) == dict.fromkeys(canceled, "Done")
    page.set_viewport_size(PHONE)
    problems += violations(page, complaints)
    page.click(f"a:text-is('{canceled[0]}')")
    page.wait_for_selector(".head .badge:text-is('Canceled')")
    assert "\n".join(problems + complaints) == ""
