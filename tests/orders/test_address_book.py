"""The address book asks for an address as its country writes it."""

import pytest
from django.test import Client

from accounts.models import Address
from tests.factories import make_user
from tests.reading import find, find_all, form_of, text_of

pytestmark = pytest.mark.django_db
PORTLAND = {
    "name": "Maya Berger",
    "line1": "418 Maple St",
    "postcode": "972051234",
    "city": "Portland",
    "state": "OR",
    "country": "US",
    "phone": "(503) 555-0142",
}


@pytest.fixture(autouse=True)
def _countries(settings):
    settings.MARKETS = [{**settings.MARKETS[0], "countries": ["DE", "US", "AE"]}]


@pytest.fixture
def client():
    client = Client()
    client.force_login(make_user())
    return client


def test_an_address_is_kept_in_its_stored_form(client):
    assert client.post("/account/addresses/", PORTLAND).status_code == 302
    kept = Address.objects.get()
    assert kept.printed_lines == ["Maya Berger", "418 Maple St", "Portland, OR 97205-1234"]
    assert kept.phone == "+15035550142"


def test_an_address_without_a_city_or_postcode_is_kept_where_there_are_none(client):
    emirates = {"name": "Maya", "line1": "Street 8", "country": "AE", "state": "Dubai"}
    assert client.post("/account/addresses/", emirates).status_code == 302
    assert Address.objects.get().printed_lines == ["Maya", "Street 8", "Dubai"]


def test_a_new_address_starts_in_the_markets_first_country(client):
    chosen = find_all(client.get("/account/addresses/"), "option", selected=True)
    assert [option.attributes["value"] for option in chosen] == ["DE"]


def test_missing_fields_are_named(client):
    page = client.post("/account/addresses/", {"country": "US"})
    assert [words for _, words in page.context["errors"]] == [
        "Enter the full name",
        "Enter a street address, like 12 Main Street",
        "Enter a city",
        "Choose a state",
        "Enter a ZIP code",
    ]


def test_choosing_a_country_shows_its_fields_and_keeps_what_was_typed(client):
    page = client.post("/account/addresses/", {**PORTLAND, "country": "DE", "update": "1"})
    assert page.status_code == 200
    assert find_all(page, id="state") == []
    assert form_of(page)["line1"] == "418 Maple St"
    page = client.post("/account/addresses/", {**PORTLAND, "update": "1"})
    assert "ZIP code" in text_of(page)
    assert Address.objects.count() == 0


def test_a_kept_address_opens_with_its_own_country(client):
    client.post("/account/addresses/", PORTLAND)
    page = client.get(f"/account/addresses/{Address.objects.get().pk}/")
    assert (form_of(page)["country"], form_of(page)["state"]) == ("US", "OR")
    assert find(page, "option", value="OR").text == "Oregon"
