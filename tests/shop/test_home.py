"""The home page of the desk: tiles, figures, lights, latest orders and the checklist of a new shop."""

from datetime import timedelta

import pytest
from django.core.cache import caches
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from catalog.charts import Point, bar_chart, line_chart
from catalog.markets import default_market
from catalog.models import Page, Product, Store
from orders.lifecycle import confirm
from orders.models import Order, ShippingMethod, ShippingRate, ShippingZone, TaxRate
from payments.models import StripeEvent
from shop.desk.checklist import DONE
from shop.desk.figures import change_of, figures_of
from shop.desk.home import greeting
from shop.desk.lights import lights_for
from shop.models import Heartbeat, Mail
from shop.setting_up import set_up
from shop.setting_up.answers import starting_answers
from shop.setting_up.starting_values import LEGAL_SLUGS
from shop.tasks import audit
from tests.factories import make_order, make_user, make_variant
from tests.orders.staff_pages import staff as log_in
from tests.payments.books import at, local, sell, take_back
from tests.reading import find, find_all, form_of, text_of
from tests.shop.test_setup_shop import SELLER

pytestmark = pytest.mark.django_db
HOME = "/admin/"


@pytest.fixture
def complete():
    """The checklist is done, as in every shop that is open."""
    caches["process"].set(DONE, value=True)


def test_staff_see_the_work_that_waits_as_links(client, complete):
    order = make_order()
    confirm(order)
    Order.objects.update(ship_by=timezone.localdate() - timedelta(days=1))
    log_in(client, "Fulfilment")
    page = client.get(HOME)
    assert "1 Late to ship Oldest was due on" in text_of(page)
    assert order.number in text_of(page)
    late = next(link for link in find_all(page, "a") if "Late to ship" in link.text)
    assert late.attributes["href"] == "/admin/orders/order/?work=late"


def test_figures_are_for_staff_who_may_see_reports(client, complete):
    for role, is_shown in (("Finance", True), ("Fulfilment", False)):
        log_in(client, role)
        assert ("Last 30 days" in text_of(client.get(HOME))) == is_shown


def test_home_needs_ten_queries_at_most(client, complete):
    for _ in range(3):
        confirm(make_order())
    log_in(client, "Finance", "Fulfilment", "Catalogue", "Support")
    client.get(HOME)
    with CaptureQueriesContext(connection) as queries:
        client.get(HOME)
    assert len(queries) <= 10, [query["sql"][:90] for query in queries]


@pytest.mark.parametrize("roles", [(), ("Manager",), ("Finance", "Fulfilment", "Catalogue", "Support")])
@pytest.mark.parametrize("is_complete", [True, False])
def test_every_visit_of_an_open_shop_needs_ten_queries_at_most(client, roles, is_complete):
    set_up(starting_answers(SELLER))
    make_variant()
    Page.objects.filter(**{} if is_complete else {"slug__in": LEGAL_SLUGS}).update(body="<p>Ours.</p>")
    audit()
    for _ in range(3):
        confirm(make_order())
    if roles:
        log_in(client, *roles)
    else:
        client.force_login(make_user(is_superuser=True, is_staff=True))
    for _ in range(2):
        caches["process"].clear()
        for _ in range(2):
            with CaptureQueriesContext(connection) as queries:
                page = client.get(HOME)
            assert len(queries) <= 10, [query["sql"][:90] for query in queries]
            assert ("Left to do" in text_of(page)) == (not is_complete)


def test_the_checklist_returns_once_the_audit_finds_that_something_is_missing(client):
    set_up(starting_answers(SELLER))
    make_variant()
    Page.objects.update(body="<p>Ours.</p>")
    audit()
    TaxRate.objects.all().delete()
    log_in(client, "Owner")
    assert "Welcome to your shop" not in text_of(client.get(HOME))
    audit()
    assert "Welcome to your shop" in text_of(client.get(HOME))


def test_thirty_days_are_compared_with_those_before_and_today_with_the_same_weekday():
    now = local(2026, 11, 26, 12, 30)
    kept = [sell(local(2026, 11, 26, 9)), sell(local(2026, 11, 26, 12)), sell(local(2026, 11, 20))]
    sell(local(2026, 11, 19, 11))
    sell(local(2026, 11, 19, 13))  # later on the clock than now
    take_back(sell(local(2026, 10, 20)), local(2026, 10, 21))
    sell(local(2026, 10, 28))
    with at(now):
        today, week, month = figures_of(default_market())
    average = f"€{kept[0].total_minor / 100:.2f}"
    assert (today.sentence, today.change.text) == (
        f"2 orders · {average} on average · 100.0 % of carts paid",
        "+100.0 %",
    )
    assert [row.label for row in today.chart.rows][-1] == "12:00"
    assert (week.comparisons[1].now, week.comparisons[1].before) == ("3", "2")
    assert (month.comparisons[1].now, month.comparisons[1].before) == ("6", "1")
    assert month.comparisons[0].before == "€0.00"
    assert month.change.text == ""


def test_figures_of_markets_are_never_added(us_market):
    sell(local(2026, 11, 26, 9))
    sell(local(2026, 11, 26, 9), market="us", currency="USD")
    with at(local(2026, 11, 26, 10)):
        assert figures_of(us_market)[0].amount.startswith("$")
        assert figures_of(us_market)[0].comparisons[1].now == "1"
        assert figures_of(default_market())[0].comparisons[1].now == "1"


@pytest.mark.parametrize(
    ("now", "before", "text", "look"),
    [(110, 100, "+10.0 %", "ok"), (97, 100, "−3.0 %", "bad"), (5, 5, "0.0 %", ""), (5, 0, "", ""), (None, 5, "", "")],
)
def test_a_change_is_told_in_percent(now, before, text, look):
    assert (change_of(now, before).text, change_of(now, before).look) == (text, look)


def test_a_chart_has_a_round_axis_and_a_table_with_every_number():
    points = [Point("Mon", 120_000, 90_000), Point("Tue", -500, 0)]
    chart = bar_chart("Sales", points, "EUR")
    assert list(chart.y_labels) == ["0", "1k", "2k"]
    assert [(bar.css_class, bar.height) for bar in chart.bars] == [
        ("bar2", "45"),
        ("bar1", "60"),
        ("bar2", "0"),
        ("bar1", "0"),
    ]
    assert [(row.label, row.amount, row.before) for row in chart.rows] == [
        ("Mon", "€1,200.00", "€900.00"),
        ("Tue", "−€5.00", "€0.00"),
    ]
    assert chart.summary == "Sales, highest Mon with €1,200.00"
    line = line_chart("Sales", [Point("a", 0), Point("b", 100)], "JPY")
    assert (line.line, line.area, line.line_before) == ("M0 100L10 0", "M0 100L10 0L10 100L0 100z", "")


def test_charts_have_no_inline_style(client, complete):
    sell(timezone.now())
    log_in(client, is_superuser=True)
    page = client.get(HOME)
    assert len(find_all(page, "svg", role="img")) == 3
    assert "style=" not in page.content.decode()


def light(name: str):
    return next(light for light in lights_for(make_user(is_staff=True)).lights if light.name == name)


def test_the_light_of_the_books_tells_the_last_audit():
    assert light("Books").word == "Not checked yet"
    audit()
    assert (light("Books").word, light("Books").colour) == ("Agree", "")
    Mail.objects.create(
        message_id="<x>", sender="a", recipients=["b"], subject="x", status="dead", next_try_at=timezone.now()
    )
    audit()
    assert (light("Books").word, light("Books").colour) == ("Do not agree", "bad")
    assert "1 row to look at" in light("Books").sentence
    Heartbeat.objects.filter(name="audit").update(at=timezone.now() - timedelta(hours=2), problems=0)
    assert light("Books").word == "Not checked lately"


def test_lights_of_payments_mail_and_workers():
    assert [light(name).word for name in ("Payments", "E-mail", "Workers")] == ["Working", "Working", "Not running"]
    now = timezone.now()
    StripeEvent.objects.create(stripe_id="evt", type="x", livemode=False, next_try_at=now)
    StripeEvent.objects.update(received_at=now - timedelta(hours=2))
    Mail.objects.create(
        message_id="<y>", sender="a", recipients=["b"], subject="x", next_try_at=now - timedelta(minutes=11)
    )
    Heartbeat.objects.create(name="worker", at=now - timedelta(seconds=90))
    assert [light(name).word for name in ("Payments", "E-mail", "Workers")] == ["Stuck", "Late", "Silent"]


def test_a_new_shop_shows_the_steps_to_its_opening(client):
    log_in(client, is_superuser=True)
    page = client.get(HOME)
    assert find(page, "h1").text == "Welcome to your shop"
    steps = find_all(find(page, "ol", class_="steps"), "li")
    assert [step.attributes.get("class", "") for step in steps] == ["now", "", "", "", "", ""]
    assert "Set up the store" in text_of(page)


def test_steps_link_only_to_pages_that_the_user_may_change(client):
    log_in(client, "Catalogue")
    page = text_of(client.get(HOME))
    assert ("Add a product" in page, "Set up the store" in page) == (True, False)


@pytest.mark.parametrize("role", ["Support", "Fulfilment", "Read-only"])
def test_staff_who_can_do_no_step_of_a_new_shop_see_none(client, role):
    log_in(client, role)
    page = client.get(HOME)
    assert "Welcome to your shop" not in text_of(page)
    assert not find_all(page, "ol", class_="steps")


def test_the_desk_shows_the_name_of_the_shop_and_leads_to_orders_once_there_are_any(client, complete):
    store = Store.objects.create(pk=1, name="Reef & Cove")
    log_in(client, "Owner")
    page = client.get(HOME)
    assert find(page, "span", id="site-name").text == "Reef & Cove"
    assert find(page, "title").text.endswith("– Reef & Cove")
    assert not find_all(page, "a", class_="main")
    store.name = "Cove"
    store.save()
    make_order()
    page = client.get(HOME)
    assert find(page, "span", id="site-name").text == "Cove"
    assert find(page, "a", class_="main").text == "Orders"


@pytest.mark.parametrize(("hour", "words"), [(9, "Good morning"), (12, "Good afternoon"), (18, "Good evening")])
def test_the_greeting_follows_the_shops_clock(hour, words):
    with at(local(2026, 11, 26, hour)):
        assert greeting() == words


def steps_of(client) -> dict[str, list[str]]:
    """What each step of the checklist says, by its title."""
    steps = find_all(find(client.get(HOME), "ol", class_="steps"), "li")
    return {find(step, "b").text: [line.text for line in find_all(step, "span")] for step in steps}


def test_the_checklist_links_to_what_is_missing_and_names_the_steps_that_keep_the_shop_closed(client):
    set_up(starting_answers(SELLER))
    log_in(client, "Owner")
    imprint = Page.objects.get(slug="imprint")
    page = find(client.get(HOME), "main")
    assert "3 of 6 steps are done. Shoppers see “Opening soon” until these are too: Legal pages." in text_of(page)
    links = {link.text: link.attributes["href"] for link in find_all(page, "a")}
    assert links["The page “Imprint” still has its starting text. Read and change it."] == (
        f"/admin/catalog/page/{imprint.pk}/change/"
    )
    assert links["The page “Care” still has its starting text."].endswith("/change/")
    assert "Other markets" not in steps_of(client)
    imprint.delete()
    links = {link.text: link.attributes["href"] for link in find_all(client.get(HOME), "a")}
    url = links["There is no page “Imprint”."]
    fields = form_of(client.get(url), id="page_form")
    assert (fields["slug"], fields["section"], fields["title"]) == ("imprint", "legal", "Imprint")


def test_a_first_product_that_is_a_draft_is_named_instead_of_missing(client):
    set_up(starting_answers(SELLER))
    product = make_variant().product
    Product.objects.filter(pk=product.pk).update(title="First mug", status="draft")
    log_in(client, "Owner")
    links = {link.text: link.attributes["href"] for link in find_all(client.get(HOME), "a")}
    url = links["“First mug” is still a draft, and nothing else is sold."]
    assert url == f"/admin/catalog/product/{product.pk}/change/"
    assert "There are no products." not in links


def test_an_open_shop_is_told_what_is_left_and_the_checklist_ends_when_nothing_is(client):
    set_up(starting_answers(SELLER))
    Page.objects.filter(section="legal").update(body="<p>Ours.</p>")
    log_in(client, "Owner")
    page = text_of(client.get(HOME))
    assert "4 of 6 steps are done. The shop is open." in page
    assert "Left to do" in page
    make_variant()
    Page.objects.update(body="<p>Ours.</p>")
    assert "Welcome to your shop" not in text_of(client.get(HOME))


def test_the_checklist_leads_from_a_method_without_a_zone_to_its_first_rate(client, us_market):
    set_up(starting_answers(SELLER))
    log_in(client, "Owner")
    method = ShippingMethod.objects.create(code="us", name="Tracked", market="us")
    sentence = "No delivery zone has a country of the market /us/, so “Tracked” has no rate for it. Add a zone."
    assert sentence in steps_of(client)["Other markets"]
    zone = ShippingZone.objects.create(name="America", countries=["US"])
    sentence = "The delivery method “Tracked” has no rate for a country of the market /us/. Add one."
    assert sentence in steps_of(client)["Other markets"]
    links = {link.text: link.attributes["href"] for link in find_all(client.get(HOME), "a")}
    assert links[sentence] == f"/admin/orders/shippingmethod/{method.pk}/change/"
    ShippingRate.objects.create(method=method, zone=zone, price_minor=900)
    assert sentence not in steps_of(client)["Other markets"]


def test_the_checklist_and_the_page_of_the_markets_say_what_a_further_market_is_missing(client, us_market):
    set_up(starting_answers(SELLER))
    log_in(client, "Owner")
    missing = ["The market /us/ has no delivery method. Add one with rates in USD."]
    assert steps_of(client)["Other markets"] == missing
    make_variant()
    missing.append("The market /us/ shows no products, because none has a price in USD.")
    assert steps_of(client)["Other markets"] == missing
    page = client.get("/admin/settings/markets/")
    links = find_all(find(page, "ul", aria_label="Still missing"), "a")
    assert [link.text for link in links] == missing
    assert form_of(client.get(links[0].attributes["href"]), id="shippingmethod_form")["market"] == "us"
