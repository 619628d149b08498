"""Steps at the desk that several tests take."""

from playwright.sync_api import Page

from tests.faults.demo import RunningDemo
from tests.journeys.shopper import Shopper, add_to_cart, pay, place

TO_SHIP = "#result_list tbody tr:has(.badge:text-is('To ship')):has(.badge:text-is('Paid')) a.name"


def orders_to_ship(shop: RunningDemo, page: Page, count: int) -> list[str]:
    """The numbers of so many paid orders that are to be shipped. Of two dozen new ones, at least half are."""
    assert count <= 12
    done = shop.manage("seed_orders", "--orders", "24")
    assert done.returncode == 0, done.stderr
    page.goto("/admin/orders/order/")
    numbers = page.locator(TO_SHIP).all_inner_texts()[:count]
    assert len(numbers) == count
    return numbers


def bought(shop: RunningDemo, email: str, quantity: int = 1) -> str:
    """The number of an order of somebody who paid at the stand-in for Stripe, so that it can be paid back.

    Made-up orders cannot, and their postcodes are not those of their countries.
    """
    shopper = Shopper(shop.url)
    add_to_cart(shopper, "/p/alma-mug/", quantity)
    place(shopper, email=email)
    page = pay(shopper, "4242 4242 4242 4242")
    return next(word for word in page.text.replace("<", " ").replace(">", " ").split() if word.startswith("HS-"))
