"""No list, form or page of any model admin shows a raw value."""

import re
from datetime import UTC, date, datetime, timedelta
from html import unescape

import pytest
from django.contrib import admin
from django.db.models import Model
from django.utils import timezone
from psycopg.types.range import TimestamptzRange

from catalog import formats
from catalog.importing.runs import plan_file
from catalog.inventory import send
from catalog.inventory.stocktakes import count, open_stocktake
from catalog.markets import default_market
from catalog.models import (
    Attribute,
    AttributeValue,
    Collection,
    Location,
    Page,
    Product,
    ProductImage,
    ProductType,
    Review,
    Stock,
    Swatch,
    Synonym,
)
from catalog.prices import schedule_sales
from catalog.products.categories import create_category
from orders.models import ClosingDay, TaxRegion
from payments.models import StripeEvent
from payments.sessions import start_payment
from payments.settlement import settle
from shop.models import Mail
from tests.factories import make_gift_card, make_location, make_options, make_order, make_promotion, make_variant
from tests.reading import find, markup_of

pytestmark = pytest.mark.django_db
HEADER = "Handle,Title,Published,Variant SKU,Variant Inventory Tracker,Variant Inventory Qty,Variant Price,Status\n"
# What must not be read, and what it would be.
RAW = {
    "minor units": r"\bminor\b|\(cents\)",
    "a signed whole number": r"(?<![\w.,])[+-]\d{3,}(?![\d-])",
    "a hyphen for a minus": r"-[€$£]\d|(?<![\w.])-\d+\.\d\d\b",
    "a date of a machine": r"\b\d{4}-\d\d-\d\d\b",
    "a date of another style": r"\b(Jan|Feb|Aug|Sept|Oct|Nov|Dec)\. \d|\b[ap]\.m\.|\bnoon\b|\bmidnight\b|\b\d\d/\d\d/\d{4}\b",
    "a range": r"[\[(][^\])]*, None[)\]]|\bNone\b(?! (ticked|available))|\bTrue\b|\bFalse\b",
    "JSON": r"\[[\"']|\{[\"']|\bdatetime\b",
    "a UUID": r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b",
    "the code of a market": r"\bmain\b(?! content)",
    "an object": r"\bobject \(\d+\)|<[A-Z]\w+:",
    "one of many": r"(?<![\d.,])1 (variants|products|units|pictures|prices|codes|orders|lines|differences|numbers|reviews)\b",
}


def visible(html: str) -> str:
    """What a reader sees of a page, on one line; fields are left out, their values are typed and not shown."""
    html = re.sub(r"<(script|style|textarea|select|template|option)\b.*?</\1>", " ", html, flags=re.DOTALL)
    html = re.sub(r"<(time|meter|svg)\b.*?</\1>", " ", html, flags=re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


def raw_values(html: str) -> list[str]:
    text = visible(html)
    return [
        f"{what}: …{text[max(0, match.start() - 50) : match.end() + 30]}…"
        for what, pattern in RAW.items()
        for match in list(re.finditer(pattern, text))[:2]
    ]


def wrong_inputs(html: str) -> list[str]:
    """Inputs for dates that are not the browser's own, or whose values it could not read."""
    tags = re.findall(r"<input[^>]*>", html)
    wrong = [tag for tag in tags if "vDateField" in tag or "vTimeField" in tag]
    shapes = {"date": r"\d{4}-\d\d-\d\d", "datetime-local": r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?", "time": r"\d\d:\d\d"}
    for tag in tags:
        kind, value = re.search(r'type="([^"]+)"', tag), re.search(r'value="([^"]*)"', tag)
        if kind and value and value[1] and kind[1] in shapes and not re.fullmatch(shapes[kind[1]], value[1]):
            wrong.append(tag)
    return wrong


@pytest.fixture
def filled(db, stripe_desk, staff) -> dict[type[Model], Model]:
    """One row of nearly every model in the admin."""
    category = create_category("Mugs", create_category("Home", None))
    variant, other = make_variant(1320000, on_hand=1), make_variant()
    make_options(variant.product, "Glaze")
    attribute = Attribute.objects.create(name="Glaze", code="glaze")
    value = AttributeValue.objects.create(attribute=attribute, label="Sand", slug="sand")
    variant.product.attribute_values.add(value)
    now = timezone.now()
    begins = datetime(2026, 3, 1, 11, 7, 15, 330941, tzinfo=UTC)
    Product.objects.filter(pk=variant.product_id).update(
        category=category, tags=["a", "b"], publish_at=begins, type=ProductType.objects.create(name="Cups")
    )
    schedule_sales({variant.pk: 900000}, default_market(), now + timedelta(days=3), now + timedelta(days=5))
    ProductImage.objects.create(product=variant.product, position=1)
    Review.objects.create(product=variant.product, rating=4, title="Fine", text="Good", author="Anna", created_at=now)
    Collection.objects.create(name="Dear", slug="dear", kind="rule", rule_min_minor=13200)
    Page.objects.create(slug="care", title="Care", body="<p>Wash.</p>")
    Swatch.objects.create(name="Sand", colour="#aabbcc")
    Synonym.objects.create(words=["sofa", "couch"])
    promotion = make_promotion(kind="amount", amount_minor=13200, codes=("HELLO",), begins_at=begins, countries=["DE"])
    make_promotion(kind="percent", percent=10, market=default_market().code)
    card, _code = make_gift_card(13200)
    order = make_order(other)
    payment = start_payment(order.pk)
    stripe_desk.pay(payment.session_url)
    settle(payment.pk)
    unpaid = make_order(other)
    payment.refunds.create(amount_minor=1320, currency="EUR", status="done", reason="broken")
    StripeEvent.objects.create(
        stripe_id="evt_1", type="charge.refunded", livemode=False, body='{"a": 1}', next_try_at=now
    )
    stocktake = open_stocktake(make_location(), None)
    count(stocktake, {variant.pk: 0})
    transfer = send({other.pk: 1}, source=make_location(), destination=make_location("second", 20))
    run = plan_file((HEADER + "cup,Reef cup,TRUE,C-1,shopify,4,9.00,active\n").encode(), "cups.csv")
    ClosingDay.objects.create(day=date(2026, 12, 25), name="Christmas")
    TaxRegion.objects.create(code="north", country="DE", name="North", postcodes="10000-19999")
    Mail.objects.create(message_id="<a@x>", recipients=["petra@example.com"], subject="Hello", next_try_at=now)
    # The names that factories give to places are codes.
    for location in Location.objects.all():
        Location.objects.filter(pk=location.pk).update(name=f"Hall {location.pk}", code=f"hall-{location.pk}")
    rows = (variant, promotion, card, order, unpaid, stocktake, transfer, run, Stock.objects.get(variant=variant))
    return {type(row): row for row in rows}


def pages_of(filled: dict[type[Model], Model]) -> list[str]:
    """Every page by its address: lists, forms, and the pages that are no form of Django's."""
    found = []
    for model in admin.site._registry:
        stem = f"/admin/{model._meta.app_label}/{model._meta.model_name}/"
        row = filled.get(model) or model._default_manager.first()
        found += [stem, f"{stem}add/", *([f"{stem}{row.pk}/change/", f"{stem}{row.pk}/history/"] if row else [])]
    pk = {model._meta.model_name: row.pk for model, row in filled.items()}
    product = Product.objects.get(variants=pk["variant"]).pk
    return [
        *found,
        "/admin/",
        "/staff/as-of/",
        f"/admin/catalog/product/{product}/change/",
        f"/admin/catalog/product/{product}/history/",
        f"/admin/catalog/product/{product}/pictures/",
        f"/admin/catalog/product/{product}/variants/",
        f"/admin/catalog/product/{product}/timeline/",
        f"/admin/catalog/product/bulk/?ids={product}",
        f"/admin/orders/order/{pk['order']}/cancel/",
        f"/admin/orders/order/{pk['order']}/ship/",
        f"/admin/orders/promotion/{pk['promotion']}/try/",
        f"/admin/orders/promotion/{pk['promotion']}/codes/",
        "/admin/orders/giftcard/issue/",
    ]


def test_no_page_of_the_admin_shows_a_raw_value(client, filled):
    wrong, shown = [], 0
    for address in pages_of(filled):
        answer = client.get(address)
        is_missing = answer.status_code == 404 and address.endswith("/add/")
        if answer.status_code in (302, 403) or is_missing:
            continue  # nothing is added, or listed, here
        text = markup_of(answer)
        assert answer.status_code == 200, address
        shown += 1
        wrong += [f"{address} {words}" for words in [*raw_values(text), *wrong_inputs(text)]]
    assert "\n".join(wrong) == ""
    assert shown > 100


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (formats.money(123450, "EUR"), "€1,234.50"),
        (formats.money(-960, "EUR"), "−€9.60"),
        (formats.money(None, "EUR"), "–"),
        (formats.signed_money(5000, "EUR"), "+€50.00"),
        (formats.signed_money(-13200, "USD"), "−$132.00"),
        (formats.signed_money(0, "EUR"), "€0.00"),
        (formats.signed(1320), "+1,320"),
        (formats.signed(-3), "−3"),
        (formats.signed(0), "0"),
        (formats.day(date(2026, 11, 26)), "26 Nov 2026"),
        (formats.moment(datetime(2026, 11, 26, 11, 48, tzinfo=UTC)), "26 Nov 2026, 12:48"),
        (formats.day(datetime(2026, 11, 26, 23, 30, tzinfo=UTC)), "27 Nov 2026"),
        (formats.span(TimestamptzRange(datetime(2026, 2, 28, 23, tzinfo=UTC), None)), "1 Mar 2026 – open"),
        (formats.span(TimestamptzRange(None, datetime(2026, 7, 1, 10, 30, tzinfo=UTC))), "open – 1 Jul 2026, 12:30"),
        (formats.span(TimestamptzRange(None, None)), "always"),
        (
            formats.span(
                TimestamptzRange(datetime(2026, 7, 1, 8, 5, tzinfo=UTC), datetime(2026, 7, 1, 10, 30, tzinfo=UTC))
            ),
            "1 Jul 2026, 10:05 – 12:30",
        ),
        (formats.listed(["DE", "AT"]), "DE, AT"),
        (formats.listed([]), "–"),
        (formats.count_of(1, "variant"), "1 variant"),
        (formats.count_of(1204, "product"), "1,204 products"),
        (formats.count_of(2, "category", "categories"), "2 categories"),
    ],
)
def test_values_are_written_in_one_way(value, words):
    assert value == words


def test_a_market_is_called_by_its_countries_and_currency():
    assert formats.market_name(default_market().code) == default_market().name
    assert formats.market_name("gone") == "gone"


@pytest.mark.parametrize("typed", ["11/12/2026", "26.11.26"])
def test_a_date_that_can_be_read_in_two_ways_is_refused(client, staff, typed):
    answer = client.post("/admin/orders/closingday/add/", {"day": typed, "name": "Off"})
    assert (answer.status_code, ClosingDay.objects.count()) == (200, 0)


def test_a_moment_with_seconds_is_saved_as_it_is(client, staff):
    product = make_variant().product
    begins = datetime(2026, 3, 1, 11, 7, 15, tzinfo=UTC)
    Product.objects.update(publish_at=begins)
    field = find(client.get(f"/admin/catalog/product/{product.pk}/change/"), "input", name="publish_at")
    assert (field.attributes["type"], field.attributes["value"]) == ("datetime-local", "2026-03-01T12:07:15")
