"""The page where staff set the prices of a further market."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.utils import timezone

from catalog.admin.products import market_prices
from catalog.listings.browse import current_listings
from catalog.markets import default_market
from catalog.models import Change, Variant
from catalog.prices import prices_at, set_prices
from tests.factories import make_user, make_variant
from tests.reading import form_of, links_of, text_of

pytestmark = pytest.mark.django_db


def url_of(variant: Variant, code: str = "us") -> str:
    return f"/admin/catalog/product/{variant.product_id}/prices/{code}/"


def typed(variant: Variant, price: str, sale: str = "", seen: tuple[str, str] = ("", "")) -> dict[str, str]:
    return {
        f"price-{variant.pk}": price,
        f"sale-{variant.pk}": sale,
        f"initial-price-{variant.pk}": seen[0],
        f"initial-sale-{variant.pk}": seen[1],
    }


def in_us(variant: Variant, market) -> tuple | None:
    price = prices_at([variant.pk], market).get(variant.pk)
    return (price.regular_minor, price.amount_minor, price.currency) if price else None


def test_a_price_typed_for_a_market_holds_there_and_nowhere_else(admin_client, us_market):
    variant = make_variant(2400)
    product_page = admin_client.get(f"/admin/catalog/product/{variant.product_id}/change/")
    assert links_of(product_page)[url_of(variant)] == "Prices in United States (US Dollar)"
    assert "€24.00" in text_of(admin_client.get(url_of(variant)))
    answer = admin_client.post(url_of(variant), typed(variant, "27", "21,50"))
    assert answer.headers["Location"] == f"/admin/catalog/product/{variant.product_id}/change/"
    assert in_us(variant, us_market) == (2700, 2150, "USD")
    assert in_us(variant, default_market()) == (2400, 2400, "EUR")
    assert current_listings(us_market).get().price_minor == 2150
    assert Change.objects.get().differences == [
        ["variant (the only one): price (us)", None, "$27.00"],
        ["variant (the only one): sale (us)", None, "$21.50"],
    ]
    shown = form_of(admin_client.get(url_of(variant)))
    assert (shown[f"price-{variant.pk}"], shown[f"sale-{variant.pk}"]) == ("27.00", "21.50")


@pytest.mark.parametrize(
    ("price", "sale", "words"),
    [
        ("abc", "", "Enter an amount like 12.50."),
        ("-1", "", "An amount cannot be negative."),
        ("27", "27", "The sale price must be below the price."),
        ("", "5", "The sale price must be below the price."),
    ],
)
def test_nonsense_is_refused_in_one_sentence_and_nothing_typed_is_lost(admin_client, us_market, price, sale, words):
    variant, other = make_variant(2400), make_variant(1000)
    Variant.objects.filter(pk=other.pk).update(product=variant.product, option1="Moss")
    answer = admin_client.post(url_of(variant), typed(variant, price, sale) | typed(other, "31.00"))
    assert (answer.status_code, text_of(answer).count(words)) == (422, 1)
    assert (form_of(answer)[f"price-{other.pk}"], in_us(other, us_market)) == ("31.00", None)


def test_each_row_shows_its_own_error(admin_client, us_market):
    variant, other = make_variant(2400), make_variant(1000)
    Variant.objects.filter(pk=other.pk).update(product=variant.product, option1="Moss")
    text = text_of(admin_client.post(url_of(variant), typed(variant, "abc", "5") | typed(other, "5", "6")))
    assert text.count("Enter an amount like 12.50.") == 1
    assert text.count("The sale price must be below the price.") == 1


def test_unchanged_prices_are_kept_and_a_sale_keeps_its_end(admin_client, us_market):
    variant = make_variant(2400)
    ends = timezone.now() + timedelta(days=3)
    set_prices({variant.pk: (2700, 2000, ends)}, us_market)
    # The page was opened when the price was another one; only the sale was touched.
    admin_client.post(url_of(variant), typed(variant, "25.00", "19.00", seen=("25.00", "20.00")))
    price = prices_at([variant.pk], us_market)[variant.pk]
    assert (price.regular_minor, price.amount_minor, price.ends_at) == (2700, 1900, ends)


def test_a_price_that_a_run_has_changed_before_it_unlocks_the_product_stays(admin_client, us_market, monkeypatch):
    variant = make_variant(2400)
    set_prices({variant.pk: (3000, None, None)}, us_market)
    record_change = market_prices.recorded_change

    def record_after_run(product, author):
        set_prices({variant.pk: (4000, None, None)}, us_market)
        return record_change(product, author)

    monkeypatch.setattr(market_prices, "recorded_change", record_after_run)
    admin_client.post(url_of(variant), typed(variant, "30.00", "25.00", seen=("30.00", "")))
    assert in_us(variant, us_market) == (4000, 2500, "USD")


def test_a_blank_price_takes_the_product_out_of_the_market(admin_client, us_market):
    variant = make_variant(2400)
    admin_client.post(url_of(variant), typed(variant, "27"))
    assert current_listings(us_market).count() == 1
    admin_client.post(url_of(variant), typed(variant, "", "", seen=("27.00", "")))
    assert (in_us(variant, us_market), current_listings(us_market).count()) == (None, 0)
    assert current_listings(default_market()).count() == 1


@pytest.mark.parametrize(("role", "status"), [("Catalogue", 200), ("Fulfilment", 403), ("Read-only", 403)])
def test_only_roles_that_set_prices_open_the_page(client, us_market, role, status):
    employee = make_user(is_staff=True)
    employee.groups.set(Group.objects.filter(name=role))
    client.force_login(employee)
    assert client.get(url_of(make_variant())).status_code == status


def test_the_default_market_and_unknown_ones_have_no_such_page(admin_client, us_market):
    variant = make_variant()
    assert [admin_client.get(url_of(variant, code)).status_code for code in ("main", "ca")] == [404, 404]


def test_a_shop_with_one_market_offers_no_other_prices(admin_client):
    variant = make_variant()
    assert "Prices in" not in text_of(admin_client.get(f"/admin/catalog/product/{variant.product_id}/change/"))
