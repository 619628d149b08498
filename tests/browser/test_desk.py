"""A morning at the desk in a real browser: orders come in, and are found, shipped, canceled and corrected."""

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import NEEDS_BROWSER, violations
from tests.faults.demo import RunningDemo
from tests.faults.test_demo import buy
from tests.journeys.shopper import pay

pytestmark = [*NEEDS_BROWSER, pytest.mark.full]
PHONE = {"width": 390, "height": 844}


@pytest.fixture
def numbers(shop: RunningDemo, admin_page: tuple[Page, list[str]]) -> list[str]:
    """The numbers of twelve orders that are to be shipped."""
    done = shop.manage("seed_orders", "--orders", "24")
    assert done.returncode == 0, done.stderr
    page = admin_page[0]
    page.goto("/admin/orders/order/")
    shown = page.locator("#result_list tbody tr:has(.badge:text-is('To ship')):has(.badge:text-is('Paid')) a.name")
    return shown.all_inner_texts()[:12]


def open_order(page: Page, text: str) -> None:
    """Find the order by the search of the desk, as staff do: `/`, its number or e-mail address, Enter."""
    page.keyboard.press("/")
    page.keyboard.type(text)
    page.keyboard.press("Enter")
    page.click("main .hits a[href*='/orders/order/'] >> nth=0")
    page.wait_for_selector("h1:has-text('HS-')")


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
    pay(buy(shop, "morning@example.com"), "4242 4242 4242 4242")
    open_order(page, "morning@example.com")
    page.click(".head .menu summary")
    page.click(".head .menu :text('Cancel the order')")
    assert "will be canceled" in page.inner_text("main")
    problems += violations(page, complaints)
    page.click("main button.danger")
    assert "is canceled. Refund:" in page.inner_text(".messagelist")

    # Made-up orders have postcodes that their countries do not know.
    pay(buy(shop, "noon@example.com"), "4242 4242 4242 4242")
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

    page.goto("/admin/orders/order/")
    page.locator(".c-check input[name=order]").nth(0).check()
    page.locator(".c-check input[name=order]").nth(1).check()
    assert page.inner_text(".bulk b") == "2 selected"
    problems += violations(page, complaints)
    assert "\n".join(problems + complaints) == ""
