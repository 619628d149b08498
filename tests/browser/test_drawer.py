"""The drawer after "Add to cart": at the widths at which the cart page's two columns once filled it."""

import pytest

from tests.browser.conftest import NEEDS_BROWSER, found_by_axe, open_page

pytestmark = NEEDS_BROWSER
PRODUCT = "/p/terra-vase/"
PARTS = "#ct, .added > *, .free-meter, #drawerbody > .sum, .drawer-acts > *"
OVERLAPS = """parts => {
  const boxes = [...document.querySelectorAll("#cart :is(" + parts + ")")].map((node) => node.getBoundingClientRect());
  const meet = (a, b) => a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 1 && b.top < a.bottom - 1;
  return boxes.flatMap((a, i) => boxes.slice(i + 1).filter((b) => meet(a, b))).length;
}"""
SIDEWAYS = """() => Math.max(
  document.documentElement.scrollWidth - innerWidth,
  document.querySelector("#cart").scrollWidth - document.querySelector("#cart").clientWidth)"""
ON_TOP = """() => [...document.querySelectorAll("#cart :is(.added img, .added strong, .added .price)")].every((node) => {
  const box = node.getBoundingClientRect();
  const seen = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
  return box.width > 20 && node.contains(seen);
})"""


@pytest.mark.parametrize("width", [320, 390, 960, 1280, 1440])
def test_the_drawer_shows_what_was_added_and_one_way_on(browser, shop, width):
    page, complaints = open_page(browser, shop, viewport={"width": width, "height": 900})
    page.goto(PRODUCT)
    page.click(".buy .btn")
    page.wait_for_selector("#cart[open] .added")
    assert page.inner_text("#ct") == "Added to your cart"
    assert page.inner_text("#cart .added strong") == page.inner_text("h1")
    assert page.evaluate(ON_TOP)
    assert page.evaluate(OVERLAPS, PARTS) == 0
    assert page.evaluate(SIDEWAYS) <= 0
    assert page.locator("#cart .btn:not(.ghost):visible").all_inner_texts() == ["Check out"]
    assert page.locator("#cart").get_by_text("View cart").count() == 1
    assert page.evaluate("document.querySelector('#cart').contains(document.activeElement)")
    assert found_by_axe(page) == []
    page.click("#cart [aria-label^='One'][aria-label$='more']")
    page.wait_for_selector("#cartlink[aria-label='Cart, 2 items']")
    assert page.evaluate("document.activeElement.id.startsWith('more-')")
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.matches('.buy .btn')")
    assert complaints == []
    page.context.close()
