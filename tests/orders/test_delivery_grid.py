"""Which zone decides where several hold an address, and the page that shows it to staff."""

import itertools
from dataclasses import replace

import pytest

from catalog.markets import default_market
from orders.delivery.grid import delivery_grid, overlaps
from orders.delivery.options import ShippingQuery, choose_rates
from orders.models import ShippingMethod, ShippingRate, ShippingZone
from tests.factories import make_shipping
from tests.orders.staff_pages import add, staff
from tests.orders.test_shipping import rule_of
from tests.reading import links_of, text_of

SWISS = rule_of(zone="Switzerland", countries=("CH",), price_minor=1290)
BEYOND = rule_of(zone="Beyond", countries=("CH", "NO", "GB"), price_minor=1690)
ALPS = rule_of(zone="Alps", countries=("CH", "AT"), postcodes="3*, 7*", price_minor=2400)
ZERMATT = rule_of(zone="Zermatt", countries=("CH", "AT"), postcodes="3920", price_minor=3900)
TWIN = rule_of(zone="Twin", countries=("CH",), price_minor=990)


def chosen(*rows, postcode="8001", grams=0):
    """The one price, whatever the order of the rows."""
    found = {
        choice.rule.price_minor
        for order in itertools.permutations(rows)
        for choice in choose_rates(order, ShippingQuery("CH", postcode, grams, 0))
    }
    assert len(found) == 1
    return found.pop()


def test_the_zone_with_fewer_countries_decides_in_any_order_of_rows():
    assert chosen(SWISS, BEYOND) == 1290


def test_a_zone_by_postcodes_decides_and_of_two_the_narrower_one():
    assert chosen(SWISS, BEYOND, ALPS, ZERMATT, postcode="3920") == 3900
    assert chosen(SWISS, BEYOND, ALPS, ZERMATT, postcode="3900") == 2400
    assert chosen(SWISS, BEYOND, ALPS, ZERMATT, postcode="8001") == 1290


def test_the_cheaper_of_two_equally_specific_zones_applies_and_is_reported():
    assert chosen(SWISS, TWIN) == 990
    choice = choose_rates([SWISS, TWIN, BEYOND], ShippingQuery("CH", "8001", 0, 0))[0]
    zones = [[rule.zone for rule in rules] for rules in (choice.equals, choice.overruled)]
    assert zones == [["Switzerland"], ["Beyond"]]


def test_a_zone_decides_before_the_weight():
    heavy = replace(BEYOND, from_grams=1000, price_minor=2900)
    assert chosen(SWISS, BEYOND, heavy, grams=5000) == 1290


@pytest.fixture
def zones():
    """Switzerland stands in two zones of one method, and a part of it in a third."""
    method = make_shipping(1690, code="beyond", name="Tracked", countries=["DE", "AT"], free_from_minor=None)
    ShippingZone.objects.update(name="Beyond", countries=["DE", "AT", "BE"])
    for name, countries, postcodes, price in (("Alone", ["AT"], "", 1290), ("Alps", ["AT"], "6*", 2400)):
        zone = ShippingZone.objects.create(name=name, countries=countries, postcodes=postcodes)
        ShippingRate.objects.create(method=method, zone=zone, price_minor=price)
    ShippingRate.objects.create(method=method, zone=zone, from_grams=5000, price_minor=4400)
    return method


def shown(grid, name, part=""):
    place = next(place for place in grid.places if (place.name, place.part) == (name, part))
    return [[(price.amount, price.zone) for price in prices] for prices in place.columns]


@pytest.mark.django_db
def test_the_grid_shows_the_rate_and_the_zone_of_each_place_and_weight(zones, django_assert_num_queries):
    with django_assert_num_queries(1):
        grid = delivery_grid(default_market(), 0)
    assert grid.headings == ("any weight", "from 5,000 g")
    assert shown(grid, "Austria") == [[("€12.90", "Alone")]] * 2
    assert shown(grid, "Austria", "6*") == [[("€24.00", "Alps")], [("€44.00", "Alps")]]
    assert shown(grid, "Germany") == [[("€16.90", "Beyond")]] * 2


@pytest.mark.django_db
def test_the_grid_shows_what_is_free_and_what_is_not_delivered(zones):
    ShippingMethod.objects.update(free_from_minor=5000, most_grams=4999)
    grid = delivery_grid(default_market(), 5000)
    assert shown(grid, "Germany") == [[("Free", "Beyond")], []]


@pytest.mark.django_db
def test_overlapping_zones_are_named_with_the_one_that_decides(zones):
    ShippingZone.objects.create(name="Twin", countries=["AT"])
    found = [(overlap.names, overlap.winner) for overlap in overlaps(ShippingZone.objects.order_by("name"))]
    assert found == [
        (("Alone", "Alps"), "Alps"),
        (("Alone", "Beyond"), "Alone"),
        (("Alone", "Twin"), ""),
        (("Alps", "Beyond"), "Alps"),
        (("Alps", "Twin"), "Alps"),
        (("Beyond", "Twin"), "Twin"),
    ]


@pytest.mark.django_db
def test_staff_see_the_grid_and_the_overlaps(zones, client):
    staff(client, is_superuser=True)
    page = client.get("/admin/orders/shippingzone/grid/?goods=50")
    assert page.status_code == 200
    assert "Overruled: Beyond €16.90" in text_of(page)
    for name in ("shippingzone", "shippingmethod"):
        assert "/admin/orders/shippingzone/grid/" in links_of(client.get(f"/admin/orders/{name}/"))
    assert "AT also in “Alone”: “Alone” applies" in text_of(client.get("/admin/orders/shippingzone/"))


@pytest.mark.django_db
def test_an_amount_that_could_mean_two_is_refused_on_the_grid(client):
    staff(client, is_superuser=True)
    page = client.get("/admin/orders/shippingzone/grid/?goods=1,299")
    assert page.status_code == 422
    assert "This could mean 1299.00 or 1.30. Enter one of them." in text_of(page)


@pytest.mark.django_db
def test_saving_an_overlapping_zone_shows_a_warning(zones, client):
    staff(client, is_superuser=True)
    assert add(client, "shippingzone", {"name": "Again", "countries": "AT"}) == []
    page = text_of(client.get("/admin/orders/shippingzone/"))
    assert "AT also in “Alone”: neither is more specific, so the cheaper rate applies" in page


@pytest.mark.django_db
def test_the_page_names_the_places_to_which_nothing_is_delivered_and_the_methods(zones, client):
    staff(client, is_superuser=True)
    page = client.get("/admin/orders/shippingzone/grid/?goods=50")
    gaps = page.context["gaps"]
    assert all("no delivery to" in gap for gap in gaps)
    assert "working days" in text_of(page)
    assert page.context["grid"].places[0].cells[0].heading == "any weight"
