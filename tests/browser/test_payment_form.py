"""Paying in a page of the shop and with a saved card, in a real browser and against the sandbox's form."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import FrameLocator, Page

from tests.browser.conftest import NEEDS_BROWSER, open_page, violations
from tests.browser.test_shop import fill_checkout

pytestmark = [*NEEDS_BROWSER, pytest.mark.full]
WIDTHS = (320, 390, 1280, 1440)
DECLINED, PAYS = "4000000000000002", "4242424242424242"


@contextmanager
def paid_in_page(desk: Page) -> Iterator[None]:
    """Let the shop show the payment form in its own page, as staff do it."""
    _choose(desk, "in_page")
    try:
        yield
    finally:
        _choose(desk, "hosted")


def _choose(desk: Page, value: str) -> None:
    desk.goto("/admin/catalog/store/1/change/")
    desk.select_option("#id_payment_page", value)
    desk.click("[name=_save]")
    desk.wait_for_selector("text=The settings were saved.")


def order_in(page: Page) -> FrameLocator:
    """Order a mug, and return the payment form."""
    page.goto("/p/alma-mug/")
    page.click("#buy .btn")
    page.wait_for_selector("#cart[open]")
    page.goto("/checkout/")
    fill_checkout(page)
    page.click("#place .btn")
    page.wait_for_url("**/pay/form/")
    return page.frame_locator("iframe[title=Payment]")


def problems_at_every_width(page: Page, complaints: list[str]) -> list[str]:
    found = []
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        overflow = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        found += [f"{overflow} px too wide at {width} px"] if overflow > 0 else []
    return found + violations(page, complaints)


def test_a_shopper_pays_in_the_page_after_a_declined_card(browser, shop, admin_page):
    desk, _ = admin_page
    with paid_in_page(desk):
        page, complaints = open_page(browser, shop)
        form = order_in(page)
        form.locator("#number").fill(DECLINED)
        form.locator("button[value=pay]").click()
        form.locator("text=Your card was declined.").wait_for()
        found = problems_at_every_width(page, complaints)
        form.locator("#number").fill(PAYS)
        form.locator("button[value=pay]").click()
        page.wait_for_selector("h1:has-text('Thank you, Anna')")
        assert "Visa ending in 4242" in page.inner_text("main")
        # Without scripts, a button leads to the provider's own page.
        plain, _ = open_page(browser, shop, java_script_enabled=False)
        plain.context.add_cookies(page.context.cookies())
        order_again = plain.context.new_page()
        order_again.goto("/p/alma-mug/")
        order_again.click("#buy .btn")
        order_again.goto("/checkout/")
        fill_checkout(order_again)
        order_again.click("#place .btn")
        order_again.click("text=Pay on our provider’s page")
        order_again.wait_for_url("**/c/pay/**")
        assert (found, complaints) == ([], [])


def test_an_account_pays_with_a_card_that_it_saved_and_removes_it(browser, shop, admin_page):
    page, complaints = admin_page
    with paid_in_page(page):
        form = order_in(page)
        form.locator("#save").check()
        form.locator("button[value=pay]").click()
        page.wait_for_selector("h1:has-text('Thank you')")
        form = order_in(page)
        form.locator("text=Pay with Visa ending in 4242").click()
        page.wait_for_selector("h1:has-text('Thank you')")
        page.goto("/account/cards/")
        found = problems_at_every_width(page, complaints)
        page.click("a:has-text('Remove Visa ending in 4242')")
        page.wait_for_selector("h1:has-text('Remove Visa ending in 4242?')")
        found += problems_at_every_width(page, complaints)
        page.click("button:text-is('Remove')")
        page.wait_for_selector("text=You have no saved cards.")
        assert (found, complaints) == ([], [])
