"""Staff plan the prices and sales of one product, end a sale, and cancel what is planned."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from catalog.admin.products.price_chart import price_chart
from catalog.charts import Step, step_chart
from catalog.markets import default_market
from catalog.models import Price, Variant
from catalog.price_plans import PriceRefused, cancel_plans, plan_prices, plan_sales, time_line
from catalog.prices import prices_at, set_price
from shop.operations.audit import run_audit
from tests.factories import make_variant
from tests.reading import find, find_all, form_of, messages_of, rows_of, text_of

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
FAR = datetime(2090, 1, 1, tzinfo=UTC)


def amount_at(variant, at, market=None):
    price = prices_at([variant.pk], market or default_market(), at).get(variant.pk)
    return price.amount_minor if price else None


def post(client, variant, **fields):
    url = f"/admin/catalog/product/{variant.product_id}/timeline/"
    return client.post(url, {"kind": "sale", "variants": [variant.pk], **fields})


def test_a_planned_price_ends_the_price_before_it_and_leaves_the_next_one():
    variant = make_variant(2400)
    plan_prices({variant.pk: 3000}, default_market(), FAR + 10 * DAY)
    plan_prices({variant.pk: 2600}, default_market(), FAR)
    times = [timezone.now(), FAR - DAY, FAR, FAR + 9 * DAY, FAR + 10 * DAY]
    assert [amount_at(variant, at) for at in times] == [2400, 2400, 2600, 2600, 3000]


def test_a_canceled_price_lets_the_price_before_it_go_on():
    variant = make_variant(2400)
    plan_prices({variant.pk: 2600}, default_market(), FAR)
    plan_prices({variant.pk: 3000}, default_market(), FAR + 10 * DAY)
    cancel_plans([Price.objects.get(amount_minor=2600).pk], default_market())
    assert [amount_at(variant, at) for at in (FAR, FAR + 10 * DAY)] == [2400, 3000]


def test_what_has_begun_cannot_be_canceled_or_planned_in_the_past():
    variant = make_variant(2400)
    with pytest.raises(PriceRefused, match="has begun already"):
        cancel_plans([Price.objects.get().pk], default_market())
    with pytest.raises(PriceRefused, match="must begin in the future"):
        plan_prices({variant.pk: 2600}, default_market(), timezone.now() - DAY)
    assert Price.objects.get().amount_minor == 2400


def test_a_sale_must_be_below_the_price_that_applies_then():
    variant = make_variant(2400, title="Mug")
    plan_prices({variant.pk: 1000}, default_market(), FAR)
    sentence = "The sale price of Mug must be below its price then, €10.00."
    with pytest.raises(PriceRefused, match=sentence):
        plan_sales({variant.pk: 1900}, default_market(), FAR + DAY, None)
    assert Price.objects.filter(kind="sale").count() == 0


def test_the_time_line_groups_variants_whose_prices_begin_together():
    first = make_variant(None)
    second = Variant.objects.create(product=first.product, option1="L")
    plan_prices({first.pk: 2400, second.pk: 2800}, default_market(), FAR)
    set_price(second.pk, default_market(), regular_minor=2700)
    periods = time_line([first, second], default_market())
    assert [(p.state, p.label, p.amount, p.variants) for p in periods] == [
        ("Planned", "Price", "€24.00 – €28.00", "All variants"),
        ("Now", "Price", "€27.00", "L"),
    ]


def test_staff_plan_a_sale_by_percent_and_see_it_on_the_products_page(client, staff):
    variant = make_variant(2400)
    answer = post(client, variant, percent="20", begins="2090-01-01T00:00", ends="2090-01-04T00:00")
    assert messages_of(client.get(answer.url)) == ["Sale planned for 1 variant."]
    page = client.get(f"/admin/catalog/product/{variant.product_id}/change/")
    table = find(page, "section", aria_labelledby="prices-heading")
    assert rows_of(table)[1] == ["1 Jan 2090 – 4 Jan 2090 Planned", "Sale", "This product", "€19.20"]
    assert "planned sale" in str(variant.product.changes.get().differences)
    assert run_audit() == []


def test_a_sale_that_overlaps_another_is_refused_in_one_sentence_and_keeps_what_was_typed(client, staff):
    variant = make_variant(2400, title="Mug")
    post(client, variant, percent="20", begins="2090-01-01T00:00", ends="2090-01-04T00:00")
    answer = post(client, variant, amount="15", begins="2090-01-03T00:00", ends="2090-01-09T00:00")
    assert (answer.status_code, "Mug already has a sale at that time." in text_of(answer)) == (422, True)
    assert form_of(answer)["amount"] == "15"


def test_a_sale_is_ended_now_and_a_plan_canceled(client, staff):
    variant = make_variant(2400)
    post(client, variant, amount="19")
    assert amount_at(variant, timezone.now()) == 1900
    sale = Price.objects.get(kind="sale")
    answer = post(client, variant, ids=str(sale.pk), end="1")
    assert messages_of(client.get(answer.url))[-1] == "The sale has ended."
    assert amount_at(variant, timezone.now()) == 2400
    post(client, variant, kind="price", amount="30", begins="2090-01-01T00:00")
    plan = Price.objects.get(amount_minor=3000)
    post(client, variant, ids=str(plan.pk), cancel="1")
    assert amount_at(variant, FAR + DAY) == 2400
    history = [row[0] for change in variant.product.changes.order_by("pk") for row in change.differences]
    assert [label for label in history if "planned price" in label] == ["variant (the only one): planned price"] * 2


def test_prices_of_another_product_cannot_be_canceled_here(client, staff):
    variant, other = make_variant(2400), make_variant(1000)
    plan_prices({other.pk: 1500}, default_market(), FAR)
    post(client, variant, ids=str(Price.objects.get(amount_minor=1500).pk), cancel="1")
    assert amount_at(other, FAR) == 1500


def test_a_new_price_now_leaves_a_running_sale(client, staff):
    variant = make_variant(2400)
    post(client, variant, amount="19", ends="2090-01-01T00:00")
    post(client, variant, kind="price", amount="26")
    current = prices_at([variant.pk], default_market())[variant.pk]
    assert (current.regular_minor, current.amount_minor, current.ends_at.year) == (2600, 1900, 2089)


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({}, "Enter either a percentage or a price."),
        ({"percent": "10", "amount": "5"}, "Enter either a percentage or a price."),
        ({"kind": "price", "percent": "10"}, "Enter the new price itself"),
        ({"kind": "price", "amount": "10", "ends": "2090-01-01T00:00"}, "A price applies until the next one."),
        ({"amount": "10", "begins": "2090-01-02T00:00", "ends": "2090-01-01T00:00"}, "The end of the sale must be"),
        ({"amount": "x"}, "Please correct the marked fields."),
    ],
)
def test_a_plan_that_cannot_be_is_told_in_one_sentence(client, staff, fields, sentence):
    answer = post(client, make_variant(2400), **fields)
    assert (answer.status_code, sentence in text_of(answer)) == (422, True)
    assert Price.objects.count() == 1


def test_each_market_has_its_own_time_line(client, staff, us_market):
    variant = make_variant(2400)
    url = f"/admin/catalog/product/{variant.product_id}/timeline/?market={us_market.code}"
    client.post(url, {"kind": "price", "variants": [variant.pk], "amount": "29"})
    assert amount_at(variant, timezone.now(), us_market) == 2900
    assert "$29.00" in text_of(client.get(url))


def test_the_chart_draws_each_price_to_the_scale_of_time():
    now = datetime(2026, 11, 11, tzinfo=UTC)
    steps = [Step(now - 10 * DAY, None), Step(now - 5 * DAY, 2000), Step(now, 1000, 2000), Step(now + 5 * DAY, 4000)]
    chart = step_chart("Prices", steps, now + 10 * DAY, now, "EUR")
    assert (chart.line, chart.line_before, chart.now) == ("M100 50H200V75H300V0H400", "M200 50H300", "200")
    assert chart.y_labels == ["0", "20", "40"]
    assert chart.x_labels == ["1 Nov 2026", "6 Nov 2026", "11 Nov 2026", "16 Nov 2026", "21 Nov 2026"]


def test_the_chart_shows_the_lowest_price_and_the_one_without_the_sale():
    variant = make_variant(2400)
    Variant.objects.create(product=variant.product, option1="L")
    assert price_chart(time_line([variant], default_market()), default_market()) is None
    plan_sales({variant.pk: 1900}, default_market(), FAR, FAR + DAY)
    chart = price_chart(time_line([variant], default_market()), default_market())
    assert chart.summary == "The lowest price over time: €24.00 now, then €19.00, €24.00"
    assert chart.has_before


def test_both_pages_of_prices_show_the_chart_and_the_table_behind_it(client, staff):
    variant = make_variant(2400)
    url = f"/admin/catalog/product/{variant.product_id}/"
    assert not find_all(client.get(f"{url}timeline/"), "div", class_="chart")
    plan_prices({variant.pk: 2600}, default_market(), FAR)
    for page in (client.get(f"{url}timeline/"), client.get(f"{url}change/")):
        picture = find(find(page, "div", class_="chart"), "svg")
        assert picture.attributes["aria-label"] == "The lowest price over time: €24.00 now, then €26.00"
        assert "Planned" in text_of(page)
