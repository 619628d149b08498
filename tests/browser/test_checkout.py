"""The cart and the checkout in a real browser: by keyboard, without scripts, on the smallest phone, with mistakes."""

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import NEEDS_BROWSER, found_by_axe, open_page
from tests.browser.test_shop import ADDRESS, fill_checkout, new_mailbox, tab_to
from tests.stripe_desk import StripeDesk

pytestmark = NEEDS_BROWSER
SMALLEST_PHONE = {"width": 320, "height": 640}


def problems_of(page: Page) -> list[str]:
    """What axe finds, and whether the page is wider than its window."""
    overflow = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    found = found_by_axe(page)
    wide = [f"{page.url}: {overflow} px too wide"] if overflow > 0 else []
    return wide + [f"{page.url}: {v['id']}: {v['nodes'][0]['html'][:160]}" for v in found]


def overflow_of(page: Page) -> int:
    return page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")


def type_over(page: Page, words: str) -> None:
    page.keyboard.press("Control+a")
    page.keyboard.type(words)


def test_the_whole_checkout_by_keyboard_without_scripts_at_320_px_with_one_error(browser, shop):
    page, _ = open_page(browser, shop, java_script_enabled=False, viewport=SMALLEST_PHONE)
    page.goto("/p/alma-mug/")
    tab_to(page, "#buy .btn")
    page.keyboard.press("Enter")
    page.wait_for_url("**/cart/")
    assert overflow_of(page) == 0
    tab_to(page, "a[href$='/checkout/']")
    page.keyboard.press("Enter")
    page.wait_for_url("**/checkout/")
    for field, value in {"#email": new_mailbox(), **ADDRESS, "#postcode": "101"}.items():
        tab_to(page, field)
        page.keyboard.type(value)
    tab_to(page, "#ship-standard")
    page.keyboard.press("ArrowDown")
    assert page.is_checked("#ship-express")
    tab_to(page, "#place .btn")
    page.keyboard.press("Enter")
    page.wait_for_selector(".errors")
    assert page.title().startswith("Error: Checkout")
    assert page.inner_text(".errors li") == "Enter a postcode like 10115"
    assert page.input_value("#line1") == "Kraanlei 12"
    assert page.is_checked("#ship-express")
    assert overflow_of(page) == 0
    tab_to(page, ".errors a")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "postcode"
    type_over(page, "10115")
    # Enter in a field is the same as the button.
    page.keyboard.press("Enter")
    page.wait_for_url("**/c/pay/**")
    page.click("button[value=pay]")
    page.wait_for_url("**/orders/**")
    assert page.inner_text("h1") == "Thank you, Anna"
    assert "Express delivery" in page.inner_text(".sum")
    assert overflow_of(page) == 0


@pytest.mark.parametrize("width", [320, pytest.param(1280, marks=pytest.mark.full)])
def test_totals_follow_in_place_and_no_state_fails_axe(browser, shop, width):
    page, complaints = open_page(browser, shop, viewport={"width": width, "height": 900})
    for address in ("/p/alma-mug/", "/p/terra-vase/"):
        page.goto(address)
        page.click("#buy .btn")
        page.wait_for_selector("#cart[open]")
    page.goto("/cart/")
    page.click("summary:has-text('Discount code')")
    page.fill("#code", "welcome-10")
    page.click("#use")
    page.wait_for_selector(".code-note >> text=WELCOME10")
    page.click("button[name=save] >> nth=0")
    page.wait_for_selector("text=Saved for later >> visible=true")
    page.click("button[name=restore] >> nth=0")
    page.wait_for_selector("button[name=save] >> nth=1")
    page.click("button[name=remove] >> nth=0")
    page.wait_for_selector("text=was removed")
    found = problems_of(page)
    page.select_option("#country", "CH")
    page.wait_for_selector(".sum >> text=not charged on exports")
    page.goto("/checkout/")
    page.fill("#line1", "Half a stree")
    page.select_option("#country", "DE")
    page.wait_for_selector("#place >> text=Order and pay")
    page.wait_for_selector("#ship-workshop")
    assert page.input_value("#line1") == "Half a stree"
    page.click("#place .btn")
    page.wait_for_selector(".errors")
    found += problems_of(page)
    fill_checkout(page)
    page.check("#ship-workshop")
    page.wait_for_selector("#summary .sum >> text=Free")
    page.wait_for_selector("#line1", state="detached")
    page.click("summary:has-text('Discount code')")
    page.fill("#code", "no such code")
    page.click("#use")
    page.wait_for_selector("text=We do not know this code.")
    assert page.input_value("#name") == "Anna Peeters"
    found += problems_of(page)
    page.click("#place .btn")
    page.wait_for_url("**/c/pay/**")
    page.click("button[value=pay]")
    page.wait_for_url("**/orders/**")
    found += problems_of(page)
    assert found == []
    assert complaints == []


@pytest.mark.full
def test_the_page_of_a_payment_that_is_checked_becomes_the_order_when_it_is_confirmed(browser, shop):
    desk = StripeDesk(shop.stored_environment()["STRIPE_API_BASE"])
    page, complaints = open_page(browser, shop, viewport=SMALLEST_PHONE)
    page.goto("/p/alma-mug/")
    page.click("#buy .btn")
    page.wait_for_selector("#cart[open]")
    page.goto("/checkout/")
    fill_checkout(page)
    page.click("#place .btn")
    page.wait_for_url("**/c/pay/**")
    desk.switch(**{"500": "9"}, drop="9")
    try:
        page.click("button[value=pay]")
        page.wait_for_url("**/return/")
        desk.switch(**{"500": ""})
        found = problems_of(page)
        page.focus("text=Check again")
        page.wait_for_selector("h1:has-text('Thank you, Anna')")
    finally:
        desk.all_is_well()
    assert "/return/" not in page.url
    assert page.title().startswith("Order ")
    assert page.evaluate("document.activeElement.tagName") == "H1"
    page.wait_for_selector("#live:has-text('Thank you, Anna')", state="attached")
    assert found + problems_of(page) == []
    assert complaints == []


def test_a_change_since_the_page_was_opened_is_shown_and_nothing_is_charged(browser, shop):
    page, complaints = open_page(browser, shop)
    page.goto("/p/terra-vase/")
    page.click("#buy .btn")
    page.wait_for_selector("#cart[open]")
    page.goto("/checkout/")
    fill_checkout(page)
    other = page.context.new_page()
    other.goto("/cart/")
    other.click("button[data-step='1']")
    other.wait_for_selector("#cartlink[aria-label='Cart, 2 items']")
    page.click("#place .btn")
    page.wait_for_selector(".errors")
    words = page.inner_text(".errors")
    assert "You have 2 of Terra vase in your cart now." in words
    assert "You have not been charged." in words
    assert page.input_value("#line1") == "Kraanlei 12"
    assert problems_of(page) == []
    assert complaints == []


def test_a_mistake_goes_when_it_is_put_right_and_back_from_the_payment_keeps_the_form(browser, shop):
    page, complaints = open_page(browser, shop)
    page.goto("/p/terra-vase/")
    page.click("#buy .btn")
    page.wait_for_selector("#cart[open]")
    page.goto("/checkout/")
    fill_checkout(page)
    page.fill("#email", "anna")
    page.fill("#postcode", "90")
    page.click("#place .btn")
    page.wait_for_selector(".errors")
    page.fill("#email", "anna@example.com")
    page.keyboard.press("Tab")
    page.wait_for_selector("#email-ok")
    assert page.locator(".errors li").all_inner_texts() == ["Enter a postcode like 10115"]
    page.fill("#postcode", "10115")
    page.keyboard.press("Tab")
    page.wait_for_selector(".solved")
    assert (page.locator(".errors").count(), page.evaluate("document.activeElement.id")) == (0, "city")
    assert problems_of(page) == []
    page.click("#place .btn")
    page.wait_for_url("**/c/pay/**")
    page.go_back()
    page.wait_for_url("**/orders/**")
    page.click("text=Change my order")
    page.wait_for_url("**/cart/**")
    page.goto("/checkout/")
    assert page.input_value("#line1") == "Kraanlei 12"
    assert page.input_value("#postcode") == "10115"
    assert complaints == []
