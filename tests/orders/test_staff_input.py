"""Invalid input by staff is refused with the reason, and nothing that they enter breaks a shopper's page."""

import uuid
from datetime import datetime, timedelta

import pytest
from django.contrib.admin.models import CHANGE, LogEntry
from django.test import Client
from django.utils import timezone
from psycopg.types.range import TimestamptzRange

from orders.models import (
    Coupon,
    GiftCard,
    Promotion,
    PromotionTier,
    ShippingMethod,
    ShippingRate,
    ShippingZone,
    TaxRate,
)
from tests.factories import (
    make_cart,
    make_gift_card,
    make_promotion,
    make_shipping,
    make_tax,
    make_user,
    make_variant,
    place,
    with_codes,
)
from tests.orders.staff_pages import add, staff
from tests.reading import find, markup_of, messages_of, text_of

pytestmark = pytest.mark.django_db
NO_ROWS = {"TOTAL_FORMS": "0", "INITIAL_FORMS": "0"}
PROMOTION = {
    "name": "Ten",
    "kind": "percent-order",
    "position": "0",
    "market": "main",
    "percent": "10",
    **{f"tiers-{name}": value for name, value in NO_ROWS.items()},
}
METHOD = {
    "code": "bike",
    "name": "Bike",
    "kind": "delivery",
    "market": "main",
    "handling_days": "0",
    "days_min": "1",
    "days_max": "2",
    "position": "0",
    **{f"rates-{name}": value for name, value in NO_ROWS.items()},
}
ZONE = {"name": "North", "countries": "DE"}
RATE = {"country": "DE", "tax_class": "standard", "percent": "19", "valid_0": "2026-01-01T00:00"}


@pytest.fixture(autouse=True)
def owner(client):
    staff(client, is_superuser=True)


@pytest.fixture
def yen(settings):
    settings.MARKETS = [
        settings.MARKETS[0],
        {
            "code": "jp",
            "prefix": "jp",
            "language": "ja-JP",
            "currency": "JPY",
            "is_tax_included": True,
            "countries": ["JP"],
        },
    ]


def step(**fields) -> dict:
    row = {"from_quantity": "2", "from_minor": "0", "percent": "0", "amount_minor": "0", **fields}
    return {"kind": "tiered", "tiers-TOTAL_FORMS": "1", **{f"tiers-0-{name}": value for name, value in row.items()}}


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"percent": "101"}, "Enter a percentage between 0 and 100."),
        ({"percent": "-1"}, "Enter a percentage between 0 and 100."),
        ({"kind": "amount", "amount_minor": "1e5"}, "Enter an amount like 12.50."),
        ({"kind": "amount", "amount_minor": "-1"}, "An amount cannot be negative."),
        ({"kind": "amount", "amount_minor": "12.505"}, "This could mean 12505.00 or 12.51. Enter one of them."),
        ({"kind": "amount"}, "Enter the amount."),
        ({"percent": ""}, "Enter the percentage."),
        ({"countries": ["DE", "ZZ"]}, "Select a valid choice. ZZ is not one of the available choices."),
        ({"methods": "nope"}, "Select a valid choice. nope is not one of the available choices."),
        ({"begins_at": "0001-01-01T00:00"}, "Enter a year between 2000 and 2099."),
        ({"ends_at": "9999-12-31T23:59"}, "Enter a year between 2000 and 2099."),
        ({"begins_at": "2026-12-01T10:00", "ends_at": "2026-11-01T10:00"}, "The end must be after the start."),
        ({"kind": "tiered"}, "“The more, the cheaper” needs at least one step."),
        (step(percent="200"), "Enter a percentage between 0 and 100."),
        (step(percent="5", amount_minor="5"), "Enter either a percentage or an amount."),
    ],
)
def test_an_invalid_promotion_is_refused_with_the_reason(client, fields, words):
    assert words in " ".join(add(client, "promotion", {**PROMOTION, **fields}))
    assert not Promotion.objects.exists()


def test_amounts_and_countries_are_kept_as_they_are_meant(client):
    form = {"kind": "amount", "amount_minor": "12,50", "countries": ["DE", "AT"], "begins_at": "2026-11-01T10:00"}
    assert add(client, "promotion", {**PROMOTION, **form}) == []
    promotion = Promotion.objects.get()
    assert (promotion.amount_minor, promotion.countries, promotion.begins_at.year) == (1250, ["DE", "AT"], 2026)


@pytest.mark.usefixtures("yen")
def test_the_steps_of_a_promotion_are_in_its_markets_currency(client):
    assert add(client, "promotion", {**PROMOTION, **step(amount_minor="500"), "market": "jp"}) == []
    assert PromotionTier.objects.get().amount_minor == 500
    assert add(client, "promotion", {**PROMOTION, **step(amount_minor="5.00"), "market": "jp"}) == [
        "JPY has no decimal places."
    ]


def test_the_uses_of_a_code_fit_into_its_counter(client):
    promotion = make_promotion()
    answer = client.post(f"/admin/orders/promotion/{promotion.pk}/codes/", {"code": "MANY", "most_uses": "9" * 12})
    assert answer.status_code == 422


@pytest.mark.parametrize("at", ["0001-01-01T00:00", "9999-12-31T23:59"])
def test_a_trial_at_the_end_of_time_is_refused(client, at):
    variant = make_variant()
    form = {"try-items": [variant.pk], "try-country": "DE", "try-at": at}
    answer = client.post(f"/admin/orders/promotion/{make_promotion().pk}/try/", form)
    assert (answer.status_code, "Enter a year between" in text_of(answer)) == (422, True)


def test_a_promotion_goes_with_its_codes_but_not_when_orders_used_it(client):
    make_shipping()
    make_tax()
    unused, used = make_promotion(codes=("UNUSED",), percent=10), make_promotion(codes=("USED",), percent=10)
    place(with_codes(make_cart(make_variant()), "USED"))
    for promotion in (unused, used):
        client.post(f"/admin/orders/promotion/{promotion.pk}/delete/", {"post": "yes"})
    assert list(Coupon.objects.values_list("code", flat=True)) == ["USED"]


def test_whoever_may_not_make_codes_is_not_led_there():
    promotion, client = make_promotion(), Client()
    staff(client, "Support")
    text = markup_of(client.get(f"/admin/orders/promotion/{promotion.pk}/change/"))
    assert ("/try/" in text, "/codes/" in text) == (True, False)


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"free_from_minor": "-5"}, "An amount cannot be negative."),
        ({"days_min": "5"}, "“At most” cannot be less than “at least”."),
        ({"code": "none"}, "“none” is reserved for orders that need no delivery. Choose another code."),
        ({"kind": "pickup"}, "Enter the pick-up address. Shoppers see it."),
        ({"market": "zz"}, "Select a valid choice."),
    ],
)
def test_an_invalid_delivery_method_is_refused_with_the_reason(client, form, words):
    assert words in " ".join(add(client, "shippingmethod", {**METHOD, **form}))
    assert not ShippingMethod.objects.exists()


def test_delivery_prices_are_written_as_amounts(client):
    zone = ShippingZone.objects.create(name="North", countries=["DE"])
    row = {"zone": zone.pk, "from_grams": "0", "from_minor": "", "price_minor": "4,90"}
    rows = {"rates-TOTAL_FORMS": "1", **{f"rates-0-{name}": value for name, value in row.items()}}
    assert add(client, "shippingmethod", {**METHOD, "free_from_minor": "60", **rows}) == []
    rate = ShippingRate.objects.get()
    assert (rate.method.free_from_minor, rate.from_minor, rate.price_minor) == (6000, 0, 490)
    assert "€60.00" in text_of(client.get("/admin/orders/shippingmethod/"))


def test_an_amount_names_a_currency_only_if_the_market_is_known(client, us_market):
    pages = [client.get(f"/admin/orders/shippingmethod/add/{query}") for query in ("", "?market=us")]
    assert [label_of(page, "free_from_minor") for page in pages] == [
        "Free from (in the market’s currency)",
        "Free from (USD)",
    ]
    assert "Price (in the market’s currency)" in text_of(pages[0])


def label_of(page, name: str) -> str:
    return find(page, "label", for_=f"id_{name}").text


def test_a_duplicate_rate_is_refused_with_the_reason(client):
    method = make_shipping()
    zone = ShippingZone.objects.get()
    row = {"zone": zone.pk, "from_grams": "0", "from_minor": "0", "price_minor": "5"}
    rows = {"rates-TOTAL_FORMS": "1", **{f"rates-0-{name}": value for name, value in row.items()}}
    answer = client.post(f"/admin/orders/shippingmethod/{method.pk}/change/", {**METHOD, **rows})
    assert "already exists" in text_of(answer)


@pytest.mark.parametrize(
    ("model", "form", "words"),
    [
        ("shippingzone", {**ZONE, "countries": "Germani"}, "“Germani” is not a country code"),
        ("shippingzone", {**ZONE, "postcodes": "10000..19999"}, "“10000..19999” is not a postcode pattern"),
        (
            "taxregion",
            {"code": "x", "country": "es", "name": "X", "postcodes": "35**"},
            "“35**” is not a postcode pattern",
        ),
        ("taxrate", {**RATE, "country": "Z"}, "“Z” is not a country code"),
        ("taxrate", {**RATE, "percent": "119"}, "Enter a percentage between 0 and 100."),
        ("taxrate", {**RATE, "valid_0": ""}, "Enter when the rate starts."),
        ("taxrate", {**RATE, "valid_0": "0001-01-01T00:00"}, "Enter a year between 2000 and 2099."),
        ("taxrate", {**RATE, "valid_1": RATE["valid_0"]}, "The end must be after the start."),
        ("taxrate", {**RATE, "region": "nope"}, "There is no tax region “nope” in DE."),
    ],
)
def test_invalid_zones_regions_and_rates_are_refused_with_the_reason(client, model, form, words):
    assert words in " ".join(add(client, model, form))


def test_overlapping_tax_rates_are_refused_in_one_sentence(client):
    TaxRate.objects.create(country="DE", percent=19, valid=TimestamptzRange(None, None))
    assert add(client, "taxrate", {**RATE, "country": "de"}) == [
        "DE: 19 % already applies at that time. End that rate first."
    ]


def test_a_rate_that_has_held_for_ever_is_saved_as_it_is(client):
    rate = TaxRate.objects.create(country="DE", percent=19, valid=TimestamptzRange(None, None))
    form = {"country": "DE", "region": "", "tax_class": "standard", "percent": "18", "valid_0": "", "valid_1": ""}
    assert client.post(f"/admin/orders/taxrate/{rate.pk}/change/", form).status_code == 302
    rate.refresh_from_db()
    assert (rate.percent, rate.valid) == (18, TimestamptzRange(None, None))


def test_a_new_rate_is_planned_from_a_day_on_or_refused_with_the_reason(client):
    rate = TaxRate.objects.create(country="DE", percent=19, valid=TimestamptzRange(None, None))
    address = f"/admin/orders/taxrate/{rate.pk}/new/"
    assert client.post(address, {"percent": "20", "begins": "2031-01-01"}).status_code == 302
    begins = timezone.make_aware(datetime(2031, 1, 1))  # noqa: DTZ001  (the shop's own time zone)
    assert [row.valid for row in TaxRate.objects.order_by("pk")] == [
        TimestamptzRange(None, begins),
        TimestamptzRange(begins, None),
    ]
    again = client.post(address, {"percent": "21", "begins": "2032-01-01"})
    assert again.status_code == 422
    assert "This rate does not apply at that time" in text_of(again)
    past = client.post(address, {"percent": "21", "begins": "2020-01-01"})
    assert "This day is over, and its orders keep their tax. Choose today or a later day." in text_of(past)
    assert TaxRate.objects.count() == 2


def test_a_country_can_be_typed_by_its_name_and_one_without_a_market_is_pointed_out(client):
    sentence = "Nobody can order from Canada yet, because no market sells there."
    zone = client.post("/admin/orders/shippingzone/add/", {**ZONE, "countries": "germany, CANADA"}, follow=True)
    assert ShippingZone.objects.get().countries == ["DE", "CA"]
    rate = client.post("/admin/orders/taxrate/add/", {**RATE, "country": "Canada"}, follow=True)
    assert TaxRate.objects.get().country == "CA"
    assert [any(sentence in message for message in messages_of(page)) for page in (zone, rate)] == [True, True]


def test_store_credit_is_issued_once_by_a_double_click(client):
    customer, key = make_user(), uuid.uuid4()
    refused = client.post("/admin/orders/giftcard/issue/", {"key": key, "market": "main", "amount": "0"})
    form = {"key": key, "market": "main", "amount": "30", "email": customer.email}
    answers = [client.post("/admin/orders/giftcard/issue/", form, follow=True) for _ in range(2)]
    assert (refused.status_code, GiftCard.objects.count()) == (422, 1)
    assert "This form was already sent" in text_of(answers[1])


def test_blocking_a_gift_card_is_in_its_history(client):
    card, _code = make_gift_card()
    spent, _code = make_gift_card()
    GiftCard.objects.filter(pk=spent.pk).update(balance_minor=0, is_active=False)
    cards = {"_selected_action": [card.pk, spent.pk]}
    blocked = client.post("/admin/orders/giftcard/", {"action": "block", **cards}, follow=True)
    unblocked = client.post("/admin/orders/giftcard/", {"action": "unblock", **cards}, follow=True)
    assert [messages_of(page) for page in (blocked, unblocked)] == [
        ["1 gift card blocked."],
        ["1 gift card unblocked."],
    ]
    logged = LogEntry.objects.order_by("pk").values_list("object_id", "change_message", "action_flag")
    assert list(logged) == [(str(card.pk), "Blocked.", CHANGE), (str(card.pk), "Unblocked.", CHANGE)]
    history = text_of(client.get(f"/admin/orders/giftcard/{card.pk}/history/"))
    assert ("Blocked." in history, "Unblocked." in history) == (True, True)


def test_a_promotion_that_needs_a_code_is_not_switched_on_without_one(client):
    closed = {**PROMOTION, "needs_code": "on"}
    assert "has none that can still be used" in " ".join(add(client, "promotion", {**closed, "_switch_on": ""}))
    assert add(client, "promotion", closed) == []
    promotion = Promotion.objects.get()
    url = f"/admin/orders/promotion/{promotion.pk}/change/"
    assert "has none that can still be used" in text_of(client.post(url, {**closed, "_switch_on": ""}))
    coupon = Coupon.objects.create(promotion=promotion, code="HELLO")
    assert client.post(url, {**closed, "_switch_on": ""}).status_code == 302
    answer = text_of(
        client.post("/admin/orders/coupon/", {"action": "end", "_selected_action": coupon.pk}, follow=True)
    )
    assert "is switched on, but none of its codes can be used any more" in answer


@pytest.mark.django_db
def test_the_list_of_tax_rates_says_which_apply_now(admin_client):
    now = timezone.now()
    for country, begins, ends in (
        ("DE", None, None),
        ("AT", now + timedelta(days=9), None),
        ("BE", None, now - timedelta(days=9)),
        ("SK", None, now + timedelta(days=9)),
    ):
        TaxRate.objects.create(country=country, percent="19", valid=TimestamptzRange(begins, ends))
    page = text_of(admin_client.get("/admin/orders/taxrate/"))
    for words in ("Germany – Standard 19 % – – Now", "Austria", "Planned", "Ended", "Ends soon"):
        assert words in page
