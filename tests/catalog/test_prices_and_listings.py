"""Prices hold over time, and listings follow them on the second."""

from datetime import timedelta

import pytest
import time_machine
from django.db import IntegrityError, transaction
from django.db.models import TextField
from django.db.models.functions import Cast
from django.utils import timezone
from psycopg.types.range import TimestamptzRange

from catalog.inventory import Need, reserve
from catalog.listings import refresh_stock_classes, write_listings
from catalog.listings.browse import current_listings
from catalog.markets import default_market
from catalog.models import Attribute, AttributeValue, Category, Listing, Price, Product, Swatch, Variant
from catalog.prices import prices_at, set_price
from tests.factories import make_options, make_variant

pytestmark = pytest.mark.django_db


def price_now(variant):
    price = prices_at([variant.pk], default_market())[variant.pk]
    return price.amount_minor, price.regular_minor


def test_the_old_price_stays_on_record():
    variant = make_variant(2400)
    later = timezone.now() + timedelta(seconds=5)
    with time_machine.travel(later, tick=False):
        assert set_price(variant.pk, default_market(), regular_minor=2600) is True
        assert price_now(variant) == (2600, 2600)
    before = prices_at([variant.pk], default_market(), later - timedelta(seconds=1))
    assert before[variant.pk].amount_minor == 2400
    assert Price.objects.count() == 2


def test_the_same_price_again_changes_nothing():
    variant = make_variant(2400)
    assert set_price(variant.pk, default_market(), regular_minor=2400) is False


def test_a_sale_price_that_is_not_below_the_regular_one_is_no_sale():
    variant = make_variant(2400)
    assert set_price(variant.pk, default_market(), regular_minor=2400, sale_minor=2400) is False
    assert price_now(variant) == (2400, 2400)


def test_a_sale_ends_when_it_is_taken_off():
    variant = make_variant(2400)
    set_price(variant.pk, default_market(), regular_minor=2400, sale_minor=1900)
    assert price_now(variant) == (1900, 2400)
    set_price(variant.pk, default_market(), regular_minor=2400)
    assert price_now(variant) == (2400, 2400)


def test_the_database_refuses_two_prices_at_once():
    variant = make_variant(2400)
    with pytest.raises(IntegrityError, match="price_no_overlap"), transaction.atomic():
        Price.objects.create(
            variant=variant, currency="EUR", amount_minor=1, valid=TimestamptzRange(timezone.now(), None)
        )


def test_a_planned_sale_starts_and_ends_on_the_second_with_no_worker():
    variant = make_variant(2400)
    start = timezone.now() + timedelta(hours=1)
    end = start + timedelta(hours=1)
    Price.objects.create(
        variant=variant, currency="EUR", kind="sale", amount_minor=1900, valid=TimestamptzRange(start, end)
    )
    write_listings(Product.objects.filter(pk=variant.product_id))
    seen = []
    for moment in (start - timedelta(seconds=1), start, end - timedelta(seconds=1), end):
        with time_machine.travel(moment, tick=False):
            listing = current_listings(default_market()).get(product=variant.product_id)
            seen.append((listing.price_minor, listing.is_on_sale))
    assert seen == [(2400, False), (1900, True), (1900, True), (2400, False)]


def test_a_draft_is_not_listed_and_an_unpriced_product_neither():
    variant, unpriced = make_variant(), make_variant(None)
    Product.objects.filter(pk=variant.product_id).update(status="draft")
    write_listings(Product.objects.all())
    assert Listing.objects.count() == 0
    assert unpriced.pk


def test_a_listing_shows_the_range_the_sale_and_the_colours():
    cheap = make_variant(2400, on_hand=3, option1="Sand")
    product = cheap.product
    make_options(product, "Glaze")
    Swatch.objects.create(name="Sand", colour="#d9c7ac")
    other = Variant.objects.create(product=product, option1="Ink", is_tracked=True)
    set_price(other.pk, default_market(), regular_minor=3000, sale_minor=2800)
    write_listings(Product.objects.filter(pk=product.pk))
    listing = Listing.objects.get(product=product)
    assert (listing.price_minor, listing.highest_price_minor, listing.is_on_sale) == (2400, 2800, True)
    assert (listing.colours, listing.stock_class, listing.has_price_range) == (["Sand"], "low", True)


def test_listing_a_simple_product_takes_thirteen_statements(django_assert_num_queries):
    variant = make_variant()
    Listing.objects.all().delete()
    with django_assert_num_queries(13):  # two of them are the savepoint
        write_listings(Product.objects.filter(pk=variant.product_id))


def test_listing_products_with_everything_takes_twenty_statements_for_one_and_for_ten(django_assert_num_queries):
    category = Category.objects.create(name="Cups", slug="cups", path="cups")
    colour = Attribute.objects.create(code="colour", name="Colour", option_names=["Glaze"])
    AttributeValue.objects.create(attribute=colour, slug="sand", label="Sand")
    Swatch.objects.create(name="Sand", colour="#d9c7ac")
    products = [make_variant(option1="Sand").product for _ in range(10)]
    Product.objects.update(category=category)
    for product in products:
        make_options(product, "Glaze")
    write_listings(Product.objects.all())
    for some in (Product.objects.filter(pk=products[0].pk), Product.objects.all()):
        with django_assert_num_queries(20):
            write_listings(some)


def test_a_new_listing_is_found_by_the_words_of_its_title_maker_category_and_codes():
    category = Category.objects.create(name="Cups", slug="cups", path="cups")
    make_variant(title="Moon jug", sku="MJ7", barcode="4006381333931")
    Product.objects.update(category=category, vendor="Kiln", tags=["handmade"])
    write_listings(Product.objects.all())
    stored = Listing.objects.annotate(words=Cast("search", TextField())).get(is_past=False)
    assert stored.words == "'4006381333931':7C 'cup':5C 'handmad':4B 'jug':2A 'kiln':3B 'mj7':6C 'moon':1A"


def test_a_dirty_mark_is_worked_off_into_the_stock_class():
    variant = make_variant(on_hand=6)
    refresh_stock_classes()
    assert Listing.objects.get().stock_class == "in"
    reserve("A1", [Need(1, variant.pk, 6)])
    assert Listing.objects.get().stock_class == "in"
    assert refresh_stock_classes() == 1
    assert Listing.objects.get().stock_class == "out"
    assert refresh_stock_classes() == 0
