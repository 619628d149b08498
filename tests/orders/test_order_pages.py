"""Who can see an order: by its secret URL, by its number, or in an account."""

import uuid

import pytest

from tests.factories import (
    make_order,
    make_user,
)
from tests.reading import find, markup_of, text_of

pytestmark = pytest.mark.django_db


@pytest.mark.fault("F126")
def test_an_order_page_opens_only_with_its_secret_id(client):
    order = make_order(email="anna@example.com")
    assert client.get(f"/orders/{order.public_id}/").status_code == 200
    assert client.get(f"/orders/{uuid.uuid4()}/").status_code == 404
    assert client.get(f"/orders/{order.number}/").status_code == 404
    response = client.get(f"/orders/{order.public_id}/")
    assert response.headers["Cache-Control"] == "private, no-store"
    assert find(response, "meta", name="robots").attributes["content"] == "noindex"


def test_an_order_is_found_by_number_and_e_mail_address_and_guesses_are_limited(client):
    order = make_order(email="anna@example.com")
    found = client.post("/orders/find/", {"number": f" {order.number.lower()} ", "email": "ANNA@example.com"})
    assert found.headers["Location"] == f"/orders/{order.public_id}/"
    wrong = client.post("/orders/find/", {"number": order.number, "email": "eve@example.com"})
    assert wrong.status_code == 422
    assert "There is no order with this number" in text_of(wrong)
    for _ in range(8):
        client.post("/orders/find/", {"number": "HS-00000000", "email": "eve@example.com"})
    assert client.post("/orders/find/", {"number": order.number, "email": "eve@example.com"}).status_code == 429


def test_the_account_shows_own_orders_only(client):
    user = make_user()
    mine, theirs = make_order(user=user), make_order(user=make_user())
    assert client.get("/account/").status_code == 302
    client.force_login(user)
    page = client.get("/account/")
    assert mine.number in text_of(page)
    assert theirs.number not in markup_of(page)
