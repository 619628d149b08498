"""Which tax an order bears: by country, region, class, moment, and kind of customer."""

from datetime import timedelta
from decimal import Decimal

import pytest
import time_machine
from django.utils import timezone
from psycopg.types.range import TimestamptzRange

from catalog.prices import set_price
from orders.checkout import place_order
from orders.customers import Buyer
from orders.errors import OrderRefused, TotalChanged
from orders.models import Cart, ShippingRate, TaxRate, TaxRegion
from orders.starting_tax import add_starting_regions, starting_rates
from orders.tax import change_rate, clean_vat_id, country_of_vat_id, region_of
from shop.operations.audit import run_audit
from tests.factories import (
    contents_of,
    make_cart,
    make_shipping,
    make_submission,
    make_tax,
    make_variant,
    place,
    seen_of,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def delivery():
    make_shipping(0, countries=["DE", "AT", "BE", "CH", "ES"])


def total(cart, country="DE", **address):
    return contents_of(cart, Buyer(country, **address)).totals


def test_each_class_has_its_rate_and_a_class_without_one_bears_the_standard_rate():
    make_tax(percent="19")
    make_tax(percent="7", tax_class="reduced")
    cart = make_cart(
        make_variant(11900), make_variant(10700, tax_class="reduced"), make_variant(11900, tax_class="reduced2")
    )
    lines = total(cart).lines
    assert [(line.tax_percent, line.tax_minor) for line in lines] == [
        (Decimal(19), 1900),
        (Decimal(7), 700),
        (Decimal(19), 1900),
    ]


def test_the_country_it_goes_to_decides():
    make_tax("DE", "19")
    make_tax("AT", "20")
    cart = make_cart(make_variant(12000))
    assert (total(cart).tax_minor, total(cart, "AT").tax_minor) == (1916, 2000)
    assert total(cart, "AT").total_minor == total(cart).total_minor


def test_a_region_goes_before_its_country():
    make_tax("DE", "19")
    make_tax("ES", "21")
    make_tax("ES", "0", region="canaries")
    TaxRegion.objects.create(code="canaries", country="ES", name="Canary Islands", postcodes="35*, 38*")
    cart = make_cart(make_variant(12100))
    assert total(cart, "ES", postcode="28013").tax_minor == 2100
    assert total(cart, "ES", postcode="35001").tax_minor == 0


def test_a_place_outside_of_the_tax_area_is_an_export_as_switzerland_is():
    make_tax("DE", "19")
    make_tax("ES", "21")
    TaxRegion.objects.create(
        code="canaries", country="ES", name="Canary Islands", postcodes="35*, 38*", is_outside=True
    )
    make_shipping(990, code="abroad", countries=["ES", "CH"], free_from_minor=None)
    ShippingRate.objects.exclude(method__code="abroad").delete()
    cart = make_cart(make_variant(2400))
    mainland = total(cart, "ES", postcode="28013")
    assert (mainland.treatment, mainland.total_minor) == ("domestic", 3390)
    for country, postcode in (("ES", "35001"), ("CH", "8001")):
        totals = total(cart, country, postcode=postcode)
        # 24.00 ÷ 1.19 = 20.168, 9.90 ÷ 1.19 = 8.319
        assert (totals.goods_minor, totals.shipping_minor, totals.total_minor) == (2017, 832, 2849)
        assert (totals.treatment, totals.tax_minor) == ("export", 0)


@pytest.mark.parametrize(
    ("country", "address"),
    [
        ("DE", {"postcode": "10115"}),
        ("DE", {"postcode": "27498"}),
        ("BE", {"postcode": "1000", "vat_id": "BE0123456749"}),
        ("AT", {"postcode": "1010"}),
        ("CH", {"postcode": "8001"}),
    ],
)
def test_orders_for_pick_up_have_the_tax_of_the_shop_wherever_the_buyer_lives(country, address):
    make_tax("DE")
    make_tax("AT", "20")
    make_tax("BE", "21")
    TaxRegion.objects.create(code="HEL", country="DE", name="Heligoland", postcodes="27498", is_outside=True)
    countries = ["DE", "AT", "BE", "CH"]
    make_shipping(0, code="pickup", kind="pickup", pickup_address="Kraanlei 12", countries=countries)
    cart = make_cart(make_variant(11900))
    shown = contents_of(cart, Buyer(country, **address), "pickup")
    assert (shown.totals.treatment, shown.totals.total_minor, shown.totals.tax_minor) == ("domestic", 11900, 1900)
    assert shown.basket.treatment == "domestic"
    order = place(cart, country=country, shipping_code="pickup", line1="", **address)
    assert (order.treatment, order.total_minor, order.tax_minor) == ("domestic", 11900, 1900)
    assert run_audit() == []


def test_the_region_with_the_narrower_postcode_range_applies():
    make_tax("DE", "19")
    TaxRegion.objects.create(code="a", country="DE", name="North", postcodes="20000-29999")
    TaxRegion.objects.create(code="b", country="DE", name="Helgoland", postcodes="27498", is_outside=True)
    make_tax("DE", "10", region="a")
    cart = make_cart(make_variant(11900))
    assert total(cart, postcode="27498").treatment == "export"
    assert total(cart, postcode="27499").taxes[0].percent == 10


@pytest.mark.parametrize("postcode", ["90210", "90210-1234", "90210 1234"])
def test_a_long_postcode_bears_the_tax_of_its_region(us_market, postcode):
    make_shipping(0, "us", market="us", countries=["US"])
    make_tax("US", "7.25", region="california")
    TaxRegion.objects.create(code="california", country="US", name="California", postcodes="90000-96199")
    cart = make_cart(make_variant())
    Cart.objects.update(market="us", currency="USD")
    set_price(cart.lines.get().variant_id, us_market, regular_minor=3100)
    cart.refresh_from_db()
    assert total(cart, "US", postcode=postcode).tax_minor == 225  # 31.00 × 7.25 % = 2.2475


def northern_ireland():
    make_tax("DE", "19")
    make_tax("GB", "20", region="gb-nir")
    TaxRegion.objects.create(code="gb-nir", country="GB", name="Northern Ireland", postcodes="BT*")
    make_shipping(1690, code="beyond", countries=["GB"], free_from_minor=None)
    return make_cart(make_variant(2400))


def test_a_business_in_northern_ireland_accounts_for_the_tax_itself():
    cart = northern_ireland()
    belfast = {"country": "GB", "postcode": "BT1 5GS"}
    assert total(cart, **belfast).total_minor == 4090
    totals = total(cart, **belfast, vat_id="XI123456782")
    # 24.00 ÷ 1.19 = 20.168, 16.90 ÷ 1.19 = 14.202
    assert (totals.goods_minor, totals.shipping_minor, totals.total_minor) == (2017, 1420, 3437)
    assert totals.treatment == "reverse_charge"


@pytest.mark.parametrize(
    ("postcode", "vat_id", "treatment"),
    [
        ("BT1 5GS", "GB123456782", "domestic"),  # not a number of the Union
        ("BT1 5GS", "BE0776091951", "domestic"),  # of another country than it goes to
        ("SW1A 1AA", "XI123456782", "export"),  # Great Britain
    ],
)
def test_other_numbers_and_places_leave_the_tax(postcode, vat_id, treatment):
    totals = total(northern_ireland(), "GB", postcode=postcode, vat_id=vat_id)
    assert totals.treatment == treatment


def test_a_shop_outside_of_the_union_never_leaves_tax_to_a_business(settings):
    settings.SHOP_COUNTRY = "CH"
    make_tax("CH", "8.1")
    make_tax("BE", "21")
    cart = make_cart(make_variant(11900))
    assert total(cart, "BE", vat_id="BE0776091951").treatment == "domestic"


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("GB 123 4567 82", "GB123456782"),
        ("CHE-123.456.789 MWST", "CHE123456789MWST"),
        ("NO 923 609 016 MVA", "NO923609016MVA"),
        ("923609016MVA", "923609016MVA"),
        ("XI 123456782", "XI123456782"),
    ],
)
def test_numbers_of_other_countries_are_kept_and_change_no_tax(typed, kept):
    assert clean_vat_id(typed) == kept
    assert country_of_vat_id(kept) == ("XI" if kept.startswith("XI") else "")


def test_a_number_of_another_country_does_not_block_the_order():
    make_tax("DE", "19")
    order = place(make_cart(make_variant(11900, on_hand=1)), vat_id="CHE123456789")
    assert (order.vat_id, order.treatment, order.total_minor) == ("CHE123456789", "domestic", 11900)


@pytest.mark.parametrize(
    ("country", "postcode", "name"),
    [
        ("ES", "35001", "Canary Islands"),
        ("ES", "51001", "Ceuta"),
        ("ES", "52001", "Melilla"),
        ("FI", "22100", "Åland"),
        ("DE", "78266", "Büsingen"),
        ("DE", "27498", "Helgoland"),
        ("IT", "23041", "Livigno"),
        ("IT", "22061", "Campione d'Italia"),
        ("FR", "97110", "French overseas departments and territories"),
        ("GR", "630 86", "Mount Athos"),
        ("GB", "JE2 3AB", "Jersey"),
        ("GB", "GY1 1AA", "Guernsey, Alderney and Sark"),
        ("DK", "3900", "Greenland"),
        ("NO", "9170", "Svalbard and Jan Mayen"),
    ],
)
def test_a_shop_starts_with_the_places_outside_of_the_tax_area(country, postcode, name):
    add_starting_regions("DE", [country])
    region = region_of(TaxRegion.objects.all(), country, postcode)
    assert (region.name, region.is_outside) == (name, True)


@pytest.mark.parametrize(
    ("country", "postcode"), [("ES", "28013"), ("FI", "00100"), ("DE", "78267"), ("FR", "98000"), ("GB", "IM1 1AA")]
)
def test_the_rest_of_a_country_is_inside_of_the_tax_area(country, postcode):
    add_starting_regions("DE", [country])
    assert region_of(TaxRegion.objects.all(), country, postcode) is None


def test_a_shop_starts_with_the_rates_that_its_seller_charges():
    assert starting_rates("DE", ["DE", "AT", "CH"]) == {
        "AT": {"standard": "20", "reduced": "10", "reduced2": "13"},
        "DE": {"standard": "19", "reduced": "7"},
    }
    assert starting_rates("CH", ["CH", "DE"]) == {"CH": {"standard": "8.1", "reduced": "2.6", "reduced2": "3.8"}}
    assert starting_rates("US", ["US"]) == {}


def test_starting_regions_are_added_once():
    assert [add_starting_regions("DE", ["DE", "PT", "GB"]) for _ in range(2)] == [7, 0]
    assert TaxRate.objects.get(country="PT", region="pt-azores", tax_class="standard").percent == 16


def test_a_seller_outside_of_the_union_has_no_rate_of_northern_ireland():
    add_starting_regions("CH", ["GB"])
    assert set(TaxRegion.objects.values_list("code", flat=True)) == {"gb-guernsey", "gb-jersey"}


def test_an_export_bears_no_tax_and_loses_the_tax_at_home():
    make_tax("DE", "19")
    totals = total(make_cart(make_variant(11900)), "CH")
    assert (totals.treatment, totals.is_tax_included, totals.total_minor, totals.tax_minor) == (
        "export",
        False,
        10000,
        0,
    )


def test_a_shop_without_any_rate_charges_what_it_shows():
    totals = total(make_cart(make_variant(11900)), "CH")
    assert (totals.treatment, totals.total_minor) == ("domestic", 11900)


@pytest.mark.parametrize(
    ("country", "vat_id", "treatment"),
    [
        ("BE", "BE0776091951", "reverse_charge"),
        ("DE", "DE136695976", "domestic"),  # at home
        ("AT", "BE0776091951", "domestic"),  # another country than it goes to
        ("BE", "", "domestic"),
    ],
)
def test_a_business_of_another_member_state_accounts_for_the_tax_itself(country, vat_id, treatment):
    for code, percent in (("DE", "19"), ("BE", "21"), ("AT", "20")):
        make_tax(code, percent)
    assert total(make_cart(make_variant(11900)), country, vat_id=vat_id).treatment == treatment


@pytest.mark.parametrize(
    ("typed", "kept"),
    [("be 0776.091.951", "BE0776091951"), ("DE136695976", "DE136695976"), ("EL 094259216", "EL094259216")],
)
def test_a_vat_number_is_kept_as_it_is_written_officially(typed, kept):
    assert clean_vat_id(typed) == kept


@pytest.mark.parametrize("wrong", ["BE0776091952", "DE136695977", "XX123", "", "136695976", "🐢"])
def test_a_vat_number_with_wrong_check_digits_is_refused_with_the_reason(wrong):
    with pytest.raises(ValueError, match="This is not a valid VAT number"):
        clean_vat_id(wrong)


def test_greek_numbers_begin_with_el():
    assert country_of_vat_id("EL094259216") == "GR"


def test_a_rate_changes_on_the_second_and_the_page_asks_again():
    change = timezone.now() + timedelta(hours=1)
    rate = make_tax("DE", "19")
    rate.valid = TimestamptzRange(None, change)
    rate.save()
    TaxRate.objects.create(country="DE", percent="16", valid=TimestamptzRange(change, None))
    cart = make_cart(make_variant(11900, on_hand=5))
    seen = seen_of(cart)
    with time_machine.travel(change):
        assert total(cart).tax_minor == 1641
    with time_machine.travel(change - timedelta(seconds=1)):
        assert total(cart).tax_minor == 1900
        place_order(cart.pk, make_submission(), seen=seen)


@pytest.mark.fault("F016")
def test_a_tax_on_top_that_changes_between_page_and_button_is_asked_about(us_market):
    make_shipping(0, "us", market="us", countries=["US"])
    make_tax("US", "8")
    cart = make_cart(make_variant())
    cart.__class__.objects.update(market="us", currency="USD")
    set_price(cart.lines.get().variant_id, us_market, regular_minor=2600)
    cart.refresh_from_db()
    seen = seen_of(cart, "US", shipping_code="us")
    assert seen.total_minor == 2808
    TaxRate.objects.filter(country="US").update(percent="9")
    with pytest.raises(TotalChanged):
        place_order(cart.pk, make_submission(country="US", shipping_code="us"), seen=seen)


def test_a_change_of_a_rate_is_planned_and_what_held_stays_on_record():
    rate = make_tax("DE", "19")
    begins = timezone.now() + timedelta(days=30)
    change_rate(rate, Decimal("20"), begins)
    cart = make_cart(make_variant(12000))
    assert total(cart).tax_minor == 1916
    with time_machine.travel(begins):
        assert total(cart).tax_minor == 2000
    spans = TaxRate.objects.order_by("pk").values_list("percent", "valid")
    assert [(percent, span.lower, span.upper) for percent, span in spans] == [
        (Decimal(19), None, begins),
        (Decimal(20), begins, None),
    ]


@pytest.mark.parametrize(("percent", "days"), [("101", 1), ("-1", 1), ("20", 99)])
def test_a_change_of_a_rate_that_cannot_be_changes_nothing(percent, days):
    rate = make_tax("DE", "19")
    end = timezone.now() + timedelta(days=50)
    TaxRate.objects.update(valid=TimestamptzRange(None, end))
    with pytest.raises(OrderRefused):
        change_rate(rate, Decimal(percent), timezone.now() + timedelta(days=days))
    assert TaxRate.objects.get().valid.upper == end


def test_an_order_keeps_the_tax_of_each_rate_and_line():
    make_tax(percent="19")
    make_tax(percent="7", tax_class="reduced")
    order = place(make_cart(make_variant(11900), make_variant(10700, tax_class="reduced")))
    assert order.taxes == [
        {"percent": "19", "base_minor": 10000, "tax_minor": 1900},
        {"percent": "7", "base_minor": 10000, "tax_minor": 700},
    ]
    assert [(line.tax_percent, line.tax_minor) for line in order.lines.all()] == [
        (Decimal(19), 1900),
        (Decimal(7), 700),
    ]
    assert run_audit() == []


def test_an_order_of_a_business_shows_why_there_is_no_tax():
    make_tax("DE", "19")
    make_tax("BE", "21")
    order = place(
        make_cart(make_variant(11900)), country="BE", postcode="9000", vat_id="BE0776091951", company="Atelier"
    )
    assert (order.treatment, order.tax_minor, order.total_minor, order.vat_id) == (
        "reverse_charge",
        0,
        10000,
        "BE0776091951",
    )
    assert run_audit() == []
