"""Trying a promotion in the admin: its preview, what it meets, and what it may cost."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from catalog.formats import moment
from catalog.markets import default_market
from catalog.money import format_money
from catalog.products.categories import ensure_category
from orders.models import Order, Promotion
from orders.promotions import costs
from orders.promotions.overlaps import overlaps_of, warnings_of
from orders.rules import promotion_rules
from tests.factories import (
    make_order,
    make_promotion,
    make_shipping,
    make_tax,
    make_variant,
    shelve,
)
from tests.orders.staff_pages import staff
from tests.reading import errors_of, find, text_of

pytestmark = pytest.mark.django_db
LIST = "/admin/orders/promotion/"
ADD = f"{LIST}add/"


@pytest.fixture(autouse=True)
def owner(client):
    staff(client, is_superuser=True)


def preview(client, form: dict, query: str) -> str:
    return text_of(client.post(f"{LIST}preview/?{query}", form))


@pytest.fixture
def shop():
    make_shipping()
    make_tax()


@pytest.mark.usefixtures("shop")
def test_a_promotion_is_tried_while_it_is_typed_and_nothing_is_saved(client):
    mug = make_variant(2400, title="Alma mug")
    form = {"percent": "25", "products": [mug.product_id], "try-items": [mug.pk], f"try-items-{mug.pk}": "3"}
    text = preview(client, form, "kind=percent")
    assert "25 % off Alma mug" in text
    assert "3 × Alma mug" in text
    assert "Saves €18.00" in text
    assert Promotion.objects.count() == 0


@pytest.mark.usefixtures("shop")
def test_without_an_example_cart_it_is_tried_on_what_it_is_for(client):
    make_variant(900, title="Soap")
    mug = make_variant(2400, title="Alma mug")
    text = preview(
        client,
        {"buy_quantity": "2", "get_quantity": "1", "percent": "100", "products": [mug.product_id]},
        "kind=buy_get",
    )
    assert ("3 × Alma mug" in text, "Saves €24.00" in text, "Soap" in text) == (True, True, False)


@pytest.mark.usefixtures("shop")
def test_steps_and_groups_are_tried_as_typed(client):
    group = Group.objects.create(name="Friends")
    mug = make_variant(1000, title="Alma mug")
    steps = {
        "tiers-TOTAL_FORMS": "1",
        "tiers-INITIAL_FORMS": "0",
        "tiers-0-from_quantity": "3",
        "tiers-0-percent": "10",
    }
    cart = {"try-items": [mug.pk], f"try-items-{mug.pk}": "3", "groups": [group.pk]}
    text = preview(client, {**steps, **cart, "try-is_member": "on"}, "kind=tiered")
    assert "10 % off from 3 units, for Friends" in text
    assert "Saves €3.00" in text
    assert "only for certain customers" in preview(client, {**steps, **cart}, "kind=tiered")


@pytest.mark.usefixtures("shop")
def test_the_button_tries_it_without_scripts_and_keeps_what_was_typed(client):
    mug = make_variant(2400, title="Alma mug")
    answer = client.post(f"{ADD}?kind=percent", {"name": "", "percent": "25", "try-items": [mug.pk], "_try": ""})
    assert "Saves €6.00" in text_of(answer)
    assert (find(answer, "input", name="percent").attributes["value"], errors_of(answer)) == ("25", [])
    assert Promotion.objects.count() == 0


def test_what_is_missing_is_named_in_the_preview(client):
    assert "Percent off: Enter the percentage." in preview(client, {"name": "New"}, "kind=percent")


def test_staff_who_may_not_change_promotions_try_them_on_a_page_of_its_own():
    promotion, client = make_promotion("percent", "product", percent=10), Client()
    make_shipping()
    make_tax()
    mug = make_variant(2400)
    staff(client, "Support")
    assert client.post(f"{LIST}preview/?of={promotion.pk}", {}).status_code == 403
    answer = client.post(f"{LIST}{promotion.pk}/try/", {"try-items": [mug.pk], "try-with_code": "on"})
    assert "Saves €2.40" in text_of(answer)


def test_drafts_are_found_only_by_staff_who_may_view_products(client):
    promotion, mug = make_promotion(percent=10), make_variant(sku="MUG-1")
    mug.product.status = "draft"
    mug.product.save()
    url = f"{LIST}rows/?source=variants&name=items&term=MUG-1"
    for role, is_found in (("Support", False), ("Marketing", True)):
        staff(client, role)
        assert ("MUG-1" in text_of(client.get(url))) == is_found
        sent = {"try-items": [mug.pk], "find_try-items": "MUG-1"}
        assert (mug.product.title in text_of(client.post(f"{LIST}{promotion.pk}/try/", sent))) == is_found


def draft_of(promotion: Promotion):
    return promotion_rules(Promotion.objects.filter(pk=promotion.pk))[0]


def meetings(promotion: Promotion) -> list[tuple[str, str]]:
    return [(overlap.name, overlap.rule) for overlap in overlaps_of(draft_of(promotion))]


def test_of_two_percentages_on_the_same_goods_the_larger_one_wins():
    category = ensure_category(["Tableware"])
    mug = shelve(ensure_category(["Tableware", "Mugs"]), "Alma mug")
    black = make_promotion("percent", "product", percent=20, name="Black week", categories=[category])
    mine = make_promotion("percent", "product", percent=15, name="Mugs", products=[mug])
    make_promotion("percent", "product", percent=50, name="Other goods", products=[make_variant().product])
    rule = "They do not add up: the one that saves more on an item applies to it. That is “Black week” with 20 %."
    assert meetings(mine) == [("Black week", rule)]
    assert meetings(black) == [("Mugs", rule)]


def test_promotions_of_other_times_countries_and_markets_do_not_meet():
    now = timezone.now()
    mine = make_promotion(
        "percent", "product", percent=15, begins_at=now, ends_at=now + timedelta(days=2), countries=["DE"]
    )
    make_promotion("percent", "product", percent=20, begins_at=now + timedelta(days=2))
    make_promotion("percent", "product", percent=20, countries=["AT"])
    make_promotion("percent", "product", percent=20, market="us")
    make_promotion("percent", "product", percent=20, is_active=False)
    assert meetings(mine) == []


def test_lanes_add_up_exclusive_promotions_do_not_and_of_two_equal_ones_the_first_wins():
    mine = make_promotion("percent", "order", percent=10, name="Mine", position=1)
    make_promotion("percent", "product", percent=20, name="Goods")
    make_promotion("delivery_percent", "delivery", percent=100, name="Delivery")
    make_promotion("percent", "order", percent=10, name="Same")
    make_promotion("amount", "order", amount_minor=500, name="Alone", is_exclusive=True)
    assert dict(meetings(mine)) == {
        "Same": "They do not add up: the one that saves more applies to the order. "
        "They save the same, so “Same” applies: its position is lower, or it is older.",
        "Alone": "“Alone” is exclusive: it applies alone, if it saves more than all others together.",
        "Goods": "Both apply: first “Goods”, then “Mine” to what is left to pay.",
        "Delivery": "Both apply.",
    }


def test_a_promotion_that_never_applies_says_why():
    sold, hidden = make_variant(2400), make_variant(price_minor=None).product
    gift = make_variant(900)
    gift.prices.all().delete()
    now = timezone.now()
    warnings = {
        "fine": make_promotion("percent", "product", percent=10, products=[sold.product]),
        "hidden": make_promotion("percent", "product", percent=10, products=[hidden]),
        "ended": make_promotion("percent", "product", percent=10, ends_at=now),
        "code": make_promotion("percent", "product", percent=10, needs_code=True),
        "gift": make_promotion("gift", "gift", gift_variant=gift),
    }
    name = default_market().name
    assert {key: warnings_of(draft_of(promotion), now) for key, promotion in warnings.items()} == {
        "fine": [],
        "hidden": [
            f"It applies to nothing that is sold at the moment: no product has a price and is visible in “{name}”."
        ],
        "ended": [f"It ended on {moment(now)}."],
        "code": ["It needs a code, but has none that can still be used."],
        "gift": [f"Nobody gets the gift: it has no price in “{name}”."],
    }


def test_the_form_shows_what_the_stored_promotion_meets(client):
    make_promotion("percent", "product", percent=20, name="Black week")
    promotion = make_promotion("percent", "product", percent=15, name="Mugs")
    assert "That is “Black week” with 20 %." in text_of(client.get(f"{LIST}{promotion.pk}/change/"))


@pytest.mark.usefixtures("shop")
def test_what_a_limited_promotion_may_cost_is_its_uses_left_times_what_the_example_saves(client):
    mug = make_variant(2400)
    form = {"percent": "25", "most_uses": "50", "products": [mug.product_id], "try-items": [mug.pk]}
    text = preview(client, form, "kind=percent")
    assert "Up to about €300.00" in text
    assert "50 uses left × €6.00, as in this example." in text


def test_what_a_promotion_without_a_limit_may_cost_is_what_the_last_orders_would_have_got(client):
    tableware = ensure_category(["Tableware"])
    mug = shelve(ensure_category(["Tableware", "Mugs"]), "Alma mug").variants.get()
    minor = make_order(mug, quantity=2).subtotal_minor
    make_order(make_variant(900))
    old = make_order(mug)
    Order.objects.filter(pk=old.pk).update(placed_at=timezone.now() - timedelta(days=31))
    text = preview(client, {"percent": "10", "categories": [tableware.pk]}, "kind=percent")
    assert f"{format_money(minor // 10, 'EUR')} in 30 days like the last" in text
    assert "1 of 2 orders would have got it. It has no limit." in text


@pytest.mark.usefixtures("shop")
def test_without_orders_and_without_a_limit_the_cost_is_unknown(client):
    make_variant(2400)
    text = preview(client, {"percent": "25"}, "kind=percent")
    assert "It has no limit, and there is no order of the last 30 days to try it on." in text


def test_the_cost_of_many_orders_is_that_of_the_newest_and_takes_a_fixed_number_of_queries(monkeypatch):
    monkeypatch.setattr(costs, "MAX_ORDERS", 2)
    category = ensure_category(["Tableware"])
    mug = shelve(category, "Alma mug").variants.get()
    draft = draft_of(make_promotion("percent", "product", percent=10, categories=[category], is_active=False))
    for _ in range(3):
        make_order(mug)
    with CaptureQueriesContext(connection) as queries:
        cost = costs.past_cost(draft, timezone.now())
    assert (cost.matching, cost.orders_in_words) == (2, "the newest 2 orders of that time")
    assert len(queries) == 4


@pytest.mark.parametrize("typed", ["1e9", "100.5", "-1"])
def test_what_is_no_percentage_is_refused_with_one_sentence(client, typed):
    text = preview(client, {"percent": typed}, "kind=percent")
    assert text.strip() == "Percent off: Enter a percentage between 0 and 100."
