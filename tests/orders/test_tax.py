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
from orders.models import TaxRate, TaxRegion
from orders.tax import change_rate, clean_vat_id, country_of_vat_id
from shop.auditing import run_audit
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


def total(cart, country="DE", **facts):
    return contents_of(cart, Buyer(country, **facts)).totals


def test_each_class_has_its_rate_and_a_class_without_one_bears_the_standard_rate():
    make_tax(percent="19")
    make_tax(percent="7", tax_class="reduced")
    cart = make_cart(
        make_variant(11900), make_variant(10700, tax_class="reduced"), make_variant(11900, tax_class="reduced2")
    )
    lines = total(cart).lines
    assert [(line.tax_percent, line.tax_minor) for line in lines] == [
        (Decimal(19), 1900), (Decimal(7), 700), (Decimal(19), 1900),
    ]  # fmt: skip


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
def test_a_vat_number_with_wrong_digits_is_refused_in_words(wrong):
    with pytest.raises(ValueError, match="This is not a VAT number"):
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


def test_f016_a_tax_on_top_that_changes_between_page_and_button_is_asked_about(us_market):
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
        (Decimal(19), None, begins), (Decimal(20), begins, None),
    ]  # fmt: skip


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


def test_an_order_of_a_business_says_why_there_is_no_tax():
    make_tax("DE", "19")
    make_tax("BE", "21")
    order = place(
        make_cart(make_variant(11900)), country="BE", postcode="9000", vat_id="BE0776091951", company="Atelier"
    )
    assert (order.treatment, order.tax_minor, order.total_minor, order.vat_id) == (
        "reverse_charge", 0, 10000, "BE0776091951",
    )  # fmt: skip
    assert run_audit() == []
