"""A morning at the desk without a mouse: every key is one that staff press, and the focus is always in sight."""

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import NEEDS_BROWSER
from tests.browser.desk_keyboard import Keyboard
from tests.browser.desk_steps import bought, orders_to_ship
from tests.faults.demo import RunningDemo

pytestmark = [*NEEDS_BROWSER, pytest.mark.full]


@pytest.fixture
def keyboard(admin_page: tuple[Page, list[str]]) -> Keyboard:
    return Keyboard(admin_page[0])


def open_order(keyboard: Keyboard, number: str) -> None:
    """Find the order by the search of the desk, where its number leads straight to it."""
    keyboard.press("/")
    keyboard.type(number)
    keyboard.press("Enter")
    keyboard.page.wait_for_selector(f"h1:has-text('{number}')")


def act(keyboard: Keyboard, label: str) -> None:
    """Press a button in the head of the order, or in its menu."""
    keyboard.skip_to_content()
    if keyboard.page.locator(f".head .menu :is(a, button):has-text('{label}')").count():
        keyboard.go(".head summary")
    keyboard.go(f".head :is(a, button):has-text('{label}')")
    keyboard.page.wait_for_selector(".breadcrumbs a:has-text('HS-')")


def see(keyboard: Keyboard, sentence: str) -> None:
    """Read the sentence at the head of the page; the keyboard goes on there."""
    keyboard.page.wait_for_selector(f".messagelist:has-text('{sentence}')")
    assert keyboard.is_on(".messagelist"), keyboard.focused()
    keyboard.look()


def test_orders_are_shipped_corrected_and_canceled_with_the_keyboard_alone(admin_page, keyboard, shop: RunningDemo):
    page, complaints = admin_page
    whole, part = orders_to_ship(shop, page, 2)

    open_order(keyboard, whole)
    act(keyboard, "Ship")
    assert keyboard.is_on(".qty input"), keyboard.focused()
    keyboard.tab_to("#id_carrier")
    keyboard.type("DHL")
    keyboard.go("button:has-text('Ship this parcel')")
    see(keyboard, "was shipped")
    assert page.is_visible(".head .badge:text-is('Shipped')")

    open_order(keyboard, part)
    act(keyboard, "Ship")
    for _field in page.locator(".qty input").all():
        keyboard.replace("0")
        keyboard.press("Tab")
    keyboard.go("button:has-text('Ship this parcel')")
    page.wait_for_selector(".errornote")
    assert keyboard.is_on(".errornote"), keyboard.focused()
    keyboard.look()
    keyboard.tab_to(".qty input")
    keyboard.replace("1")
    keyboard.go("button:has-text('Ship this parcel')")
    see(keyboard, "was shipped")

    open_order(keyboard, bought(shop, "keys@example.com"))
    act(keyboard, "Correct the address")
    assert keyboard.is_on("#id_name"), keyboard.focused()
    keyboard.replace("Anna Corrected")
    keyboard.tab_to("#id_postcode")
    keyboard.replace("1")
    keyboard.press("Enter")
    page.wait_for_selector(".errorlist")
    assert keyboard.is_on("#id_postcode"), keyboard.focused()
    keyboard.look()
    keyboard.replace("10117")
    keyboard.press("Enter")
    see(keyboard, "is corrected")
    assert "Anna Corrected" in page.inner_text("main")

    keyboard.tab_to("main textarea")
    keyboard.type("Wrap it as a gift.")
    keyboard.go("button:has-text('Add note')")
    see(keyboard, "The note was added.")

    act(keyboard, "Send an e-mail again")
    assert keyboard.is_on("[type=radio]"), keyboard.focused()
    keyboard.press("Space")
    keyboard.go("[value='Send it again']")
    see(keyboard, "on its way again")

    act(keyboard, "Cancel the order")
    keyboard.skip_to_content()
    keyboard.go("main button.danger")
    see(keyboard, "is canceled. Refund:")
    assert (keyboard.faults, complaints) == ([], [])


def test_a_run_over_two_orders_goes_from_j_and_x_to_the_result_of_each(admin_page, keyboard, shop: RunningDemo):
    page, complaints = admin_page
    orders_to_ship(shop, page, 2)
    page.goto("/admin/")
    keyboard.press("?")
    assert page.is_visible("#keys"), "the list of keys"
    keyboard.press("Escape", "g", "o")
    page.wait_for_url("**/orders/order/")
    keyboard.press("j", "x", "j", "j", "k", "x")
    assert page.inner_text(".bulk b") == "2 selected"
    keyboard.look()
    keyboard.press("a")
    keyboard.look()
    keyboard.tab_to("[data-clear]")
    keyboard.press("Enter")
    keyboard.look()
    assert keyboard.is_on(".c-check input"), keyboard.focused()
    keyboard.press("Space", "k", "x", "a")
    keyboard.go("button[value=mail]")
    page.wait_for_url("**/orderrun/**")
    keyboard.tab_to(".head a:has-text('Back to orders')")
    page.wait_for_selector(".note:has-text('2 done')")
    assert page.locator("tbody .badge:text-is('Done')").count() == 2
    assert keyboard.is_on("a:has-text('Back to orders')"), keyboard.focused()
    assert page.text_content("#live").strip() == "2 done."
    keyboard.press("j", "Enter")
    page.wait_for_selector("h1:has-text('HS-')")
    assert (keyboard.faults, complaints) == ([], [])
