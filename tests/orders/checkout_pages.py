"""The checkout as a browser sees and sends it."""

from django.http import HttpResponse
from django.test import Client

from orders.models import Cart


def client_of(cart: Cart) -> Client:
    client = Client(headers={"origin": "http://testserver"})
    client.cookies["cart"] = str(cart.token)
    return client


def value_of(response: HttpResponse, name: str) -> str:
    """What a field of the form shows; of a list, what is selected."""
    form = response.context["form"]
    return form[name].value() or ""


GERMAN = {
    "email": "anna@example.com", "country": "DE", "name": "Anna Peeters", "line1": "Torstr. 1", "line2": "Hof 2",
    "postcode": "10115", "city": "Berlin", "phone": "030 901820", "company": "Loom GmbH", "shipping_code": "standard",
}  # fmt: skip
AMERICAN = {
    "email": "maya@example.com", "country": "US", "name": "Maya Berger", "line1": "418 Maple St", "postcode": "97205",
    "city": "Portland", "state": "OR", "phone": "(503) 555-0142", "shipping_code": "standard",
}  # fmt: skip


def placing(response: HttpResponse, **fields: object) -> dict[str, object]:
    """The form as the page would send it: its hidden fields and what was typed."""
    contents = response.context["contents"]
    seen = {"cart_mark": contents.mark, "total": contents.totals.total_minor, "due": contents.due_minor}
    return {**seen, "seen_sums": response.context["seen_sums"], "wrong": response.context["wrong"], **fields}


def place(client: Client, **fields: object) -> HttpResponse:
    """Choose the country, look at the total, press the button."""
    page = client.post("/checkout/", {**fields, "update": "1"})
    return client.post("/checkout/", placing(page, **fields))
