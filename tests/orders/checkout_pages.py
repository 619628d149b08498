"""The cart and the checkout as a browser sees and sends them."""

from django.http import HttpResponse
from django.test import Client

from catalog.models import Variant
from orders.models import Cart
from tests.factories import seen_of

OURS = {"origin": "http://testserver"}  # the header by which a browser says that a form is the shop's own


def client_of(cart: Cart) -> Client:
    client = Client(headers=OURS)
    client.cookies["cart"] = str(cart.token)
    return client


def page_of(cart: Cart) -> HttpResponse:
    """The page of the cart."""
    return client_of(cart).get("/cart/")


def add(client: Client, variant: Variant, quantity: str = "1", **fields: str) -> HttpResponse:
    """Add a product to the cart by the form of its page."""
    return client.post("/cart/add/", {"product": variant.product_id, "quantity": quantity, **fields}, headers=OURS)


def value_of(response: HttpResponse, name: str) -> str:
    """The value that a field of the form shows; for a select, the selected option."""
    form = response.context["form"]
    return form[name].value() or ""


GERMAN = {
    "email": "anna@example.com",
    "country": "DE",
    "name": "Anna Peeters",
    "line1": "Torstr. 1",
    "line2": "Hof 2",
    "postcode": "10115",
    "city": "Berlin",
    "phone": "030 901820",
    "company": "Loom GmbH",
    "shipping_code": "standard",
}
AMERICAN = {
    "email": "maya@example.com",
    "country": "US",
    "name": "Maya Berger",
    "line1": "418 Maple St",
    "postcode": "97205",
    "city": "Portland",
    "state": "OR",
    "phone": "(503) 555-0142",
    "shipping_code": "standard",
}


def placing(response: HttpResponse, **fields: object) -> dict[str, object]:
    """The form as the page would submit it: its hidden fields and the typed values."""
    contents = response.context["contents"]
    seen = {"cart_mark": contents.mark, "total": contents.totals.total_minor, "due": contents.due_minor}
    return {**seen, "seen_sums": response.context["seen_sums"], "wrong": response.context["wrong"], **fields}


def place(client: Client, **fields: object) -> HttpResponse:
    """Choose the country, look at the total, press the button."""
    page = client.post("/checkout/", {**fields, "update": "1"})
    return client.post("/checkout/", placing(page, **fields))


def checkout_form(cart: Cart, **changes: object) -> dict[str, object]:
    """The form as the checkout would send it, without a look at the page."""
    seen = seen_of(cart)
    form = {
        "email": "ann@example.com",
        "country": "DE",
        "name": "Ann",
        "line1": "Street 1",
        "postcode": "10115",
        "city": "Berlin",
        "shipping_code": "standard",
        "cart_mark": seen.cart_mark,
        "total": seen.total_minor,
        "due": seen.due_minor,
    }
    return {**form, **changes}
