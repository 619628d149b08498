"""The checkout asks for an address as the chosen country writes it."""

import pytest

from accounts.addresses import keep_address
from orders.models import Order
from tests.factories import make_cart, make_shipping, make_tax, make_user, make_variant
from tests.orders.checkout_pages import AMERICAN, GERMAN, client_of, place, placing, value_of
from tests.reading import find, find_all, links_of, markup_of, text_of

pytestmark = pytest.mark.django_db
COUNTRIES = ["DE", "AT", "BE", "US", "GB", "IE", "QA", "HK", "AE", "IT", "ES"]


@pytest.fixture(autouse=True)
def _world(settings):
    settings.MARKETS = [{**settings.MARKETS[0], "countries": COUNTRIES}, *settings.MARKETS[1:]]
    make_shipping(countries=COUNTRIES)
    make_tax()


@pytest.fixture
def client():
    return client_of(make_cart(make_variant()))


def refusals(response):
    assert response.status_code == 422, response.headers
    return dict(response.context["errors"])


@pytest.mark.parametrize(
    ("country", "parts", "stored"),
    [
        ("QA", {"city": "Doha"}, ("", "Doha", "")),
        ("HK", {"city": "Wan Chai", "state": "Hong Kong Island"}, ("", "Wan Chai", "Hong Kong Island")),
        ("AE", {"state": "Dubai"}, ("", "", "Dubai")),
        ("IE", {"city": "Dublin", "state": "Co. Dublin"}, ("", "Dublin", "Co. Dublin")),
        ("GB", {"city": "London", "postcode": "sw1a1aa"}, ("SW1A 1AA", "London", "")),
        ("US", {"city": "Portland", "state": "OR", "postcode": "97205"}, ("97205", "Portland", "OR")),
        ("US", {"city": "APO", "state": "AE", "postcode": "09012"}, ("09012", "APO", "AE")),
        ("US", {"city": "FPO", "state": "AP", "postcode": "96601-1234"}, ("96601-1234", "FPO", "AP")),
        ("US", {"city": "DPO", "state": "AA", "postcode": "34004"}, ("34004", "DPO", "AA")),
        ("IT", {"city": "Milano", "postcode": "20121"}, ("20121", "Milano", "MI")),
        ("DE", {"city": "Berlin", "postcode": "D-10115", "state": "OR"}, ("10115", "Berlin", "")),
    ],
)
def test_an_order_goes_through_with_what_the_country_needs(client, country, parts, stored):
    fields = {"email": "a@example.com", "name": "Anna", "line1": "Main 8", "country": country, **parts}
    response = place(client, **fields, shipping_code="standard")
    assert response.status_code == 302, dict(response.context["errors"])
    order = Order.objects.get()
    assert (order.postcode, order.city, order.state) == stored


@pytest.mark.parametrize(
    ("country", "changes", "field", "words"),
    [
        ("US", {"postcode": "12"}, "postcode", "Enter a ZIP code like 95014"),
        ("US", {"postcode": "SW1A 1AA"}, "postcode", "Enter a ZIP code like 95014"),
        ("US", {"state": "", "postcode": ""}, "state", "Choose a state"),
        ("US", {"state": "Bavaria"}, "state", "Choose a state from the list"),
        ("US", {"state": "ME"}, "postcode", "97205 is not in Maine: check the ZIP code and the State"),
        ("US", {"line1": ""}, "line1", "Enter a street address, like 12 Main Street"),
        ("IE", {"postcode": "12345"}, "postcode", "Enter an Eircode like D02 X285"),
        ("GB", {"postcode": ""}, "postcode", "Enter a postcode"),
        ("AE", {"state": ""}, "state", "Choose an emirate"),
        ("HK", {"state": ""}, "state", "Choose an area"),
    ],
)
def test_errors_use_the_names_of_fields_in_the_country(client, country, changes, field, words):
    fields = {**AMERICAN, "country": country, **changes}
    assert refusals(place(client, **fields))[field] == words
    assert Order.objects.count() == 0


def test_choosing_a_country_asks_for_its_fields_and_keeps_what_was_typed(client):
    page = client.post("/checkout/", {**GERMAN, "country": "US", "update": "1"})
    text = text_of(page)
    assert page.context["form"].rows() == [["city"], ["state", "postcode"]]
    assert all(label in text for label in ("Street address", "ZIP code", "State", "Oregon"))
    assert (value_of(page, "line1"), value_of(page, "city")) == ("Torstr. 1", "Berlin")
    page = client.post("/checkout/", {**AMERICAN, "country": "DE", "update": "1"})
    assert "state" not in markup_of(page)
    page = client.post("/checkout/", {**GERMAN, "country": "US", "update": "1"})
    assert value_of(page, "state") == "OR"


def test_a_zip_code_chooses_its_state(client):
    page = client.post("/checkout/", {**AMERICAN, "state": "", "update": "1"})
    assert find(page, "option", value="OR", selected=True).text == "Oregon"


def test_an_address_kept_before_there_were_states_gets_its_own():
    user = make_user("maya@example.com")
    keep_address(user.pk, {**AMERICAN, "state": ""})
    client = client_of(make_cart(make_variant(), user=user))
    client.force_login(user)
    assert value_of(client.get("/checkout/"), "state") == "OR"


def test_an_invoice_address_is_written_as_its_country_does(client):
    billing = {
        "billing_name": "Loom",
        "billing_line1": "1 Main St",
        "billing_city": "Portland",
        "billing_country": "US",
    }
    errors = refusals(place(client, **GERMAN, **billing, billing_postcode="12"))
    assert errors == {
        "billing_postcode": "Enter a ZIP code like 95014",
        "billing_state": "Choose a state for the invoice",
    }
    place(client, **GERMAN, **billing, billing_postcode="972051234")
    order = Order.objects.get()
    assert (order.billing_postcode, order.billing_state) == ("97205-1234", "OR")


@pytest.mark.parametrize(
    ("country", "sentence"),
    [
        ("BE", "Enter a street and number for the invoice, like Kraanlei 12"),
        ("US", "Enter a street address for the invoice, like 12 Main Street"),
    ],
)
def test_a_missing_street_of_an_invoice_is_named_before_its_example(client, country, sentence):
    errors = refusals(place(client, **GERMAN, billing_name="Loom", billing_country=country))
    assert errors["billing_line1"] == sentence


def test_mistakes_are_listed_in_the_order_of_the_page(client):
    wrong = {"email": "", "name": "", "line1": "", "city": "", "postcode": "", "state": "", "shipping_code": ""}
    american = place(client, **{**AMERICAN, **wrong})
    names = [name for name, _ in american.context["errors"]]
    assert names == ["email", "name", "line1", "city", "state", "postcode", "shipping_code"]
    german = place(client, **{**GERMAN, **wrong})
    assert [name for name, _ in german.context["errors"]] == [
        "email",
        "name",
        "line1",
        "postcode",
        "city",
        "shipping_code",
    ]
    for page in (american, german):
        wrong_names = [name for name, _ in page.context["errors"]]
        fields = [element.attributes["id"] for element in find_all(page, id=True)]
        places = [fields.index(name) for name in wrong_names if name != "shipping_code"]
        assert places == sorted(places)
        assert all(f"#{name}" in links_of(page) for name in wrong_names)


def test_a_mistake_goes_as_soon_as_it_is_put_right_and_the_others_stay(client):
    page = place(client, **{**GERMAN, "email": "anna", "name": "", "postcode": "1"})
    assert page.context["wrong"] == "email name postcode"
    again = {**GERMAN, "email": "anna", "name": "", "update": "1", "wrong": page.context["wrong"]}
    page = client.post("/checkout/", again)
    assert [name for name, _ in page.context["errors"]] == ["email", "name"]
    assert find_all(page, class_="corrected") != []
    assert find(page, id="postcode-ok")
    page = client.post("/checkout/", {**GERMAN, "update": "1", "wrong": page.context["wrong"]})
    assert (page.context["errors"], page.context["wrong"]) == ([], "")
    assert "All corrected" in text_of(page)


def test_nothing_is_checked_before_the_button_was_pressed(client):
    page = client.post("/checkout/", {**GERMAN, "email": "", "postcode": "1", "update": "1"})
    assert page.context["errors"] == []


def test_a_pick_up_asks_for_a_name_and_stores_no_address(client):
    make_shipping(0, "pickup", kind="pickup", countries=COUNTRIES, pickup_address="Kraanlei 12, Berlin")
    page = client.post("/checkout/", {**GERMAN, "shipping_code": "pickup", "update": "1"})
    assert "Who picks it up?" in text_of(page)
    assert "reach you about the pick-up" in text_of(page)
    assert "courier" not in markup_of(page)
    assert not any(find_all(page, id=name) for name in ("country", "line1", "line2", "postcode", "city", "state"))
    person = {"email": "anna@example.com", "name": "Anna", "country": "DE", "shipping_code": "pickup"}
    assert client.post("/checkout/", placing(page, **person)).status_code == 302
    order = Order.objects.get()
    assert (order.is_pickup, order.line1, order.city, order.phone) == (True, "", "", "")


def test_an_address_typed_before_choosing_pick_up_is_restored_for_delivery(client):
    make_shipping(0, "pickup", kind="pickup", countries=COUNTRIES)
    client.post("/checkout/", {**GERMAN, "shipping_code": "pickup", "update": "1"})
    person = {"email": "anna@example.com", "name": "Anna", "country": "DE", "shipping_code": "standard"}
    page = client.post("/checkout/", {**person, "update": "1"})
    assert [value_of(page, name) for name in ("line1", "postcode", "city")] == ["Torstr. 1", "10115", "Berlin"]


def test_a_pick_up_needs_no_address_without_scripts_either(client):
    """The page was shown with an address, and the pick-up was chosen on it without a way to the server."""
    make_shipping(0, "pickup", kind="pickup", countries=COUNTRIES)
    fields = {"email": "a@example.com", "name": "Anna", "country": "DE", "shipping_code": "pickup", "postcode": "1"}
    page = client.post("/checkout/", {**fields, "update": "1"})
    assert client.post("/checkout/", placing(page, **fields, line1="", city="")).status_code == 302


def test_products_sent_by_e_mail_need_no_address():
    client = client_of(make_cart(make_variant(needs_shipping=False, is_tracked=False)))
    page = client.get("/checkout/")
    assert not any(find_all(page, id=name) for name in ("line1", "postcode", "city", "state", "phone"))


def test_the_american_market_speaks_of_tax_and_shipping_addresses(settings):
    american = {**settings.MARKETS[0], "language": "en-US", "is_tax_included": False, "countries": ["US"]}
    settings.MARKETS = [american]
    page = client_of(make_cart(make_variant())).get("/checkout/")
    assert all(words in text_of(page) for words in ("Shipping address", "Email", "State", "ZIP code", "Street address"))
    assert not any(words in markup_of(page) for words in ("VAT", "E-mail", "Postcode", "tax area"))


def test_an_export_speaks_of_vat_in_europe_and_of_tax_in_america(settings, client):
    fields = {**AMERICAN, "update": "1"}
    assert "VAT not charged on exports" in text_of(client.post("/checkout/", fields))
    settings.MARKETS = [{**settings.MARKETS[0], "language": "en-US", "is_tax_included": False}]
    page = client.post("/checkout/", fields)
    assert "Tax none on this order" in text_of(page)
    assert "VAT" not in markup_of(page)
