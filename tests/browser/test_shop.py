"""The shop in a real browser: with and without scripts, by keyboard, on a small screen, without violations."""

import uuid

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import NEEDS_BROWSER, found_by_axe, open_page

pytestmark = NEEDS_BROWSER
ADDRESS = {
    "#name": "Anna Peeters",
    "#line1": "Kraanlei 12",
    "#postcode": "10115",
    "#city": "Berlin",
}


def fill_checkout(page: Page) -> None:
    for field, value in ADDRESS.items():
        page.fill(field, value)
    page.fill("#email", new_mailbox())


def new_mailbox() -> str:
    """A different e-mail address for each order, because unpaid orders are limited by address."""
    return f"{uuid.uuid4().hex[:12]}@example.com"


def test_with_scripts_a_variant_is_chosen_added_and_paid(browser, shop):
    page, complaints = open_page(browser, shop, reduced_motion="no-preference")
    page.goto("/p/alma-mug/")
    page.check("#option1-3")
    page.wait_for_url("**/?glaze=moss*")
    page.click("#buy .btn")
    page.wait_for_selector("#cart[open]")
    assert "Moss" in page.inner_text("#drawerbody")
    assert page.get_attribute("#cartlink", "aria-label") == "Cart, 1 item"
    page.click("#cart >> text=Check out")
    page.select_option("#country", "BE")
    page.wait_for_selector("#place >> text=€33.90")
    fill_checkout(page)
    page.fill("#postcode", "90")
    page.click("#place .btn")
    page.wait_for_selector(".errors")
    assert page.evaluate("document.activeElement.className") == "errors"
    assert page.input_value("#line1") == "Kraanlei 12"
    page.fill("#postcode", "9000")
    page.click("#place .btn")
    page.wait_for_url("**/c/pay/**")
    page.click("button[value=pay]")
    page.wait_for_url("**/orders/**")
    assert page.inner_text("h1") == "Thank you, Anna"
    assert complaints == []


def test_a_cart_that_changes_keeps_typed_words_and_the_keyboards_place(browser, shop):
    page, complaints = open_page(browser, shop)
    page.goto("/p/alma-mug/")
    page.click("#buy .btn")
    page.wait_for_selector("#cart[open]")
    page.goto("/cart/")
    page.click("text=Note or gift message")
    page.fill("#note", "half a sentence")
    page.focus("[data-step='1']")
    for quantity in ("2", "3"):
        page.keyboard.press("Enter")
        page.wait_for_selector(f"input[name=quantity][value='{quantity}']")
    page.click("text=Discount code or gift card")
    page.fill("#code", "NOPE")
    with page.expect_response("**/cart/") as answer:
        page.keyboard.press("Enter")
    page.wait_for_selector("#code-e")
    assert (answer.value.status, page.evaluate("document.activeElement.id")) == (422, "code")
    assert (page.input_value("#note"), page.input_value("#code")) == ("half a sentence", "NOPE")
    assert complaints == []


def test_without_scripts_on_a_phone_everything_works(browser, shop):
    page, _ = open_page(browser, shop, java_script_enabled=False, viewport={"width": 390, "height": 844})
    page.goto("/")
    page.click(".card h3 a >> nth=0")
    page.click("#buy .btn")
    page.wait_for_url("**/cart/")
    page.fill("input[name=quantity]", "2")
    page.click("text=Update")
    page.click(".box >> text=Check out")
    page.select_option("#country", "AT")
    page.click("text=Update for this country")
    fill_checkout(page)
    page.fill("#postcode", "1010")
    page.click("#place .btn")
    page.wait_for_url("**/c/pay/**")
    page.click("text=Back to the shop")
    page.wait_for_url("**/orders/*/back/")
    page.click("text=Change my order")
    page.wait_for_url("**/cart/?back=1")
    assert page.input_value("input[name=quantity]") == "2"
    page.click(".box >> text=Check out")
    fill_checkout(page)
    page.select_option("#country", "DE")
    page.click("#place .btn")
    page.wait_for_url("**/c/pay/**")
    page.click("button[value=pay]")
    page.wait_for_url("**/orders/**")
    assert page.inner_text("h1") == "Thank you, Anna"


def test_a_product_is_bought_with_the_keyboard_alone(browser, shop):
    page, complaints = open_page(browser, shop)
    page.goto("/p/lund-table-lamp/")
    tab_to(page, "input[type=radio]")
    page.keyboard.press("ArrowDown")
    page.wait_for_url("**/?*")
    tab_to(page, "#buy .btn")
    page.keyboard.press("Enter")
    page.wait_for_selector("#cart[open]")
    page.keyboard.press("Escape")
    page.goto("/checkout/")
    tab_to(page, "#email")
    page.keyboard.type(new_mailbox())
    for field in ("#name", "#line1", "#postcode", "#city"):
        tab_to(page, field)
        page.keyboard.type(ADDRESS[field])
    tab_to(page, "#place .btn")
    page.keyboard.press("Enter")
    page.wait_for_url("**/c/pay/**")
    assert complaints == []


def tab_to(page: Page, selector: str) -> None:
    for _ in range(80):
        page.keyboard.press("Tab")
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
    raise AssertionError(f"the keyboard does not reach {selector}")


@pytest.mark.parametrize(
    ("scheme", "width"),
    [
        ("light", 320),
        pytest.param("dark", 1280, marks=pytest.mark.full),
        pytest.param("light", 1280, marks=pytest.mark.full),
        pytest.param("dark", 320, marks=pytest.mark.full),
    ],
)
def test_no_page_fails_axe_or_overflows(browser, shop, width, scheme):
    page, complaints = open_page(browser, shop, viewport={"width": width, "height": 900}, color_scheme=scheme)
    page.goto("/p/terra-vase/")
    page.click("#buy .btn")
    page.wait_for_selector("#cart[open]")
    problems = []
    for url in (
        "/",
        "/c/tableware/",
        "/p/alma-mug/",
        "/search/?q=mug",
        "/search/?q=zzz",
        "/cart/",
        "/checkout/",
        "/orders/find/",
        "/account/login/",
        "/account/signup/",
        "/help/delivery/",
        "/nothing/",
    ):
        page.goto(url)
        page.wait_for_timeout(100)
        overflow = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        found = found_by_axe(page)
        problems += [f"{url}: {v['id']}: {v['nodes'][0]['html'][:120]}" for v in found]
        problems += [f"{url}: {overflow} px too wide"] if overflow > 0 else []
    assert problems == []
    assert complaints == []
