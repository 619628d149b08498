"""A shopper without JavaScript, who uses cookies, links and forms over real HTTP."""

import re

from shop.chaos.shopper import Answer, Form, Shopper

__all__ = ["ADDRESS", "Answer", "Form", "Shopper", "add_to_cart", "first_product", "pay", "place"]

ADDRESS = {
    "email": "anna@example.com",
    "name": "Anna Peeters",
    "line1": "Kraanlei 12",
    "postcode": "10115",
    "city": "Berlin",
}


def first_product(shopper: Shopper) -> str:
    """The address of the first product on the first page."""
    page = shopper.get("/")
    found = re.search(r'href="(/p/[^"]+)"', page.text)
    assert found, page.text[:500]
    return found[1]


def add_to_cart(shopper: Shopper, address: str, quantity: int = 1) -> Answer:
    page = shopper.get(address)
    assert page.status == 200, (page.status, address)
    return shopper.submit(page.form("/cart/add/"), quantity=str(quantity))


def place(shopper: Shopper, **changes: str) -> Answer:
    """Fill the checkout and press the button; ends at the payment page when all is well."""
    page = shopper.get("/checkout/")
    return shopper.submit(page.form("/checkout/"), **{**ADDRESS, **changes})


def pay(shopper: Shopper, number: str) -> Answer:
    assert shopper.page
    return shopper.submit(shopper.page.form(""), ("action", "pay"), number=number)
