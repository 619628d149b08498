"""The pages of promotions in the admin: choosing what they do, their form and its pickers."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Group, Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from catalog.formats import moment
from catalog.markets import default_market
from catalog.money import format_money
from catalog.products.categories import ensure_category
from orders.admin.promotions.choices import CHOICES, choice_of
from orders.models import Coupon, Order, Promotion
from orders.models.promotion import KIND_LANES, REQUIRED
from orders.promotions import costs
from orders.promotions.coupons import make_batch, usable_codes
from orders.promotions.overlaps import overlaps_of, warnings_of
from orders.promotions.wording import names_of, sentence, with_names
from orders.rules import promotion_rules
from tests.factories import (
    make_cart,
    make_order,
    make_promotion,
    make_shipping,
    make_tax,
    make_variant,
    place,
    shelve,
    with_codes,
)
from tests.orders.staff_pages import staff
from tests.reading import errors_of, find, find_all, form_of, links_of, rows_of, text_of

pytestmark = pytest.mark.django_db
LIST = "/admin/orders/promotion/"
ADD = f"{LIST}add/"


@pytest.fixture(autouse=True)
def owner(client):
    staff(client, is_superuser=True)


def fields_of(answer) -> set[str]:
    """The names of the fields that the page asks for."""
    fields = [*find_all(answer, "input"), *find_all(answer, "select")]
    return {field.attributes.get("name", "") for field in fields if field.attributes.get("type") != "hidden"}


def test_every_kind_of_promotion_can_be_chosen_in_each_of_its_lanes_and_asks_for_what_it_requires():
    chosen = sorted((choice.kind, choice.lane) for choice in CHOICES.values())
    assert chosen == sorted((kind, lane) for kind, lanes in KIND_LANES.items() for lane in lanes)
    assert [
        choice.code for choice in CHOICES.values() if not choice.field_names >= set(REQUIRED.get(choice.kind, {}))
    ] == []


def test_a_new_promotion_begins_with_what_it_should_do(client):
    links = links_of(client.get(ADD))
    assert [code for code in CHOICES if f"{ADD}?kind={code}" not in links] == []


@pytest.mark.parametrize(
    ("code", "own", "others"),
    [
        ("percent", {"percent"}, {"amount_minor", "buy_quantity", "find_gift_variant", "find_reward_products"}),
        ("fixed_price", {"amount_minor"}, {"percent", "buy_quantity"}),
        ("buy_get", {"buy_quantity", "get_quantity", "percent", "find_reward_products"}, {"amount_minor"}),
        ("tiered-order", {"tiers-0-percent"}, {"percent", "amount_minor"}),
        ("gift", {"find_gift_variant"}, {"percent", "amount_minor"}),
    ],
)
def test_the_form_asks_only_for_what_the_promotion_needs(client, code, own, others):
    names = fields_of(client.get(f"{ADD}?kind={code}"))
    assert (own - names, others & names, {"kind", "lane"} & names) == (set(), set(), set())


def test_the_lane_follows_from_what_was_chosen(client):
    for code in ("percent", "percent-order"):
        client.post(f"{ADD}?kind={code}", {"name": code, "percent": "10", "_save": ""})
    assert list(Promotion.objects.values_list("name", "kind", "lane")) == [
        ("percent", "percent", "product"),
        ("percent-order", "percent", "order"),
    ]


def test_a_promotion_with_its_code_is_saved_and_switched_on_at_once(client):
    form = {"name": "Welcome", "percent": "10", "code": "wel-come 10", "_switch_on": ""}
    assert client.post(f"{ADD}?kind=percent-order", form).status_code == 302
    promotion = Promotion.objects.get()
    assert (promotion.is_active, promotion.needs_code, [coupon.code for coupon in promotion.coupons.all()]) == (
        True,
        True,
        ["WELCOME10"],
    )


@pytest.mark.parametrize(
    ("code", "words"), [("ab", "at least 3 letters and digits"), ("TAKEN", "The code TAKEN already exists.")]
)
def test_a_code_that_cannot_be_added_is_refused_before_anything_is_saved(client, code, words):
    make_promotion(codes=("TAKEN",))
    answer = client.post(f"{ADD}?kind=percent", {"name": "New", "percent": "10", "code": code})
    assert (words in " ".join(errors_of(answer)), Promotion.objects.count()) == (True, 1)


def test_a_code_that_somebody_else_takes_meanwhile_is_refused_and_the_entries_stay(client, monkeypatch):
    other = make_promotion(codes=("TAKEN",))
    monkeypatch.setattr("orders.admin.promotions.form.PromotionForm._check_codes", lambda self, cleaned: None)
    answer = client.post(f"{ADD}?kind=percent", {"name": "New", "percent": "12.5", "code": "TAKEN"})
    assert "The code TAKEN already exists." in text_of(answer)
    assert find(answer, "input", name="percent").attributes["value"] == "12.5"
    assert list(Promotion.objects.all()) == [other]


def test_searching_without_scripts_lists_what_was_found_and_saves_nothing(client):
    mug, chosen = make_variant(title="Alma mug").product, make_variant(title="Reef cup").product
    form = {"name": "", "products": [chosen.pk], "find_products": "alma", "_find": "products"}
    answer = client.post(f"{ADD}?kind=percent", form)
    boxes = {box.attributes["value"]: "checked" in box.attributes for box in find_all(answer, "input", name="products")}
    assert (boxes, errors_of(answer), Promotion.objects.count()) == ({str(chosen.pk): True, str(mug.pk): False}, [], 0)


def test_a_script_finds_rows_for_a_picker(client):
    mug = make_variant(title="Alma mug")
    answer = client.get(f"{LIST}rows/?source=variants&name=gift_variant&single=1&term={mug.sku}")
    box = find(answer, "input", name="gift_variant")
    assert (box.attributes["type"], box.attributes["value"]) == ("radio", str(mug.pk))
    assert client.get(f"{LIST}rows/?source=users&term=a").status_code == 404


def test_groups_of_customers_are_found_and_roles_of_staff_are_not(client):
    group = Group.objects.create(name="Owners' club")
    answer = client.get(f"{LIST}rows/?source=groups&name=groups&term=owner")
    assert [box.attributes["value"] for box in find_all(answer, "input", name="groups")] == [str(group.pk)]


def test_methods_and_countries_are_checked_by_their_names(client):
    make_shipping()
    answer = client.get(f"{ADD}?kind=percent")
    labels = {box.attributes["value"] for box in find_all(answer, "input", name="countries")}
    assert {"DE", "AT"} <= labels
    assert len(find_all(answer, "input", name="methods")) == 1
    assert "Germany" in text_of(answer)


def test_a_promotion_that_is_off_can_do_something_else(client):
    promotion = make_promotion("percent", "product", percent=10, is_active=False)
    change = f"{LIST}{promotion.pk}/change/"
    assert f"{change}?kind=gift" in links_of(client.get(f"{LIST}{promotion.pk}/kind/"))
    client.post(f"{change}?kind=amount-order", {"name": "Off", "amount_minor": "5.00", "_save": ""})
    promotion.refresh_from_db()
    assert (promotion.kind, promotion.lane, promotion.amount_minor, promotion.percent) == ("amount", "order", 500, 0)


def test_a_promotion_that_is_on_keeps_what_it_does(client):
    promotion = make_promotion("percent", "product", percent=10)
    assert "Switch the promotion off" in text_of(client.get(f"{LIST}{promotion.pk}/kind/", follow=True))
    client.post(f"{LIST}{promotion.pk}/change/?kind=amount-order", {"name": "On", "percent": "20", "_save": ""})
    promotion.refresh_from_db()
    assert (choice_of(promotion).code, promotion.percent, promotion.is_active) == ("percent", 20, True)
    client.post(f"{LIST}{promotion.pk}/change/", {"name": "On", "percent": "20", "_switch_off": ""})
    promotion.refresh_from_db()
    assert promotion.is_active is False


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


@pytest.mark.parametrize(
    ("kind", "lane", "fields", "words"),
    [
        ("percent", "order", {"percent": "12.5"}, "12.5 % off the order"),
        ("percent", "product", {"percent": 20, "excludes_sale": True}, "20 % off everything, not on sale"),
        ("amount", "order", {"amount_minor": 500, "minimum_minor": 4000}, "€5.00 off the order, from €40.00"),
        ("amount", "product", {"amount_minor": 500}, "€5.00 off each unit"),
        ("fixed_price", "product", {"amount_minor": 900}, "everything for €9.00 each"),
        ("buy_get", "product", {"buy_quantity": 2, "get_quantity": 1, "percent": 100}, "Buy 2, get 1 free"),
        ("buy_get", "product", {"buy_quantity": 1, "get_quantity": 1, "percent": 50}, "Buy 1, get 1 at 50 % off"),
        ("multibuy", "product", {"buy_quantity": 3, "amount_minor": 1000}, "3 for €10.00"),
        ("delivery_percent", "delivery", {"percent": 100, "countries": ["DE"]}, "Free delivery, to Germany"),
        ("delivery_amount", "delivery", {"amount_minor": 200}, "€2.00 off the delivery"),
        ("delivery_price", "delivery", {"amount_minor": 100}, "Delivery for €1.00"),
        ("percent", "order", {"percent": 10, "codes": ("HELLO",)}, "10 % off the order, code HELLO"),
        ("percent", "order", {"percent": 10, "is_first_order_only": True}, "10 % off the order, first order only"),
    ],
)
def test_a_promotion_is_said_in_one_sentence(kind, lane, fields, words):
    promotion = with_names(Promotion.objects.filter(pk=make_promotion(kind, lane, **fields).pk)).get()
    assert sentence(promotion, names_of(promotion, sees_codes=True)) == words


def test_the_list_says_in_words_what_promotions_do_and_how_often_they_were_used(client):
    make_shipping()
    make_tax()
    make_promotion("percent", "order", percent=10, name="Welcome", codes=("HELLO",), most_uses=5)
    place(with_codes(make_cart(make_variant(2400)), "HELLO"))
    row = rows_of(client.get(LIST))[1]
    assert row[1:] == ["Welcome", "10 % off the order, code HELLO", "1 of 5", "€2.40", "On"]


def names_in(client, query: str) -> list[str]:
    return [row.promotion.name for row in client.get(f"{LIST}?{query}").context["cl"].rows]


def test_promotions_are_listed_by_whether_they_run(client):
    now = timezone.now()
    make_promotion(name="Runs")
    make_promotion(name="Planned", begins_at=now + timedelta(days=1))
    make_promotion(name="Ended", ends_at=now - timedelta(days=1))
    make_promotion(name="Off", is_active=False)
    tabs = {tab: names_in(client, f"tab={tab}") for tab in ("running", "planned", "ended", "off", "all")}
    assert tabs == {
        "running": ["Runs"],
        "planned": ["Planned"],
        "ended": ["Ended"],
        "off": ["Off"],
        "all": ["Off", "Ended", "Planned", "Runs"],
    }
    assert names_in(client, "") == ["Runs"]


def test_promotions_are_found_by_name_and_by_code(client):
    make_promotion(name="Été doux", is_active=False, codes=("SUMMER",))
    make_promotion(name="Other")
    assert names_in(client, "q=ete") == names_in(client, "q=sum-mer") == ["Été doux"]


def test_pages_of_promotions_follow_each_other(client):
    for number in range(27):
        make_promotion(name=f"P{number:02}")
    first = client.get(LIST).context["cl"]
    second = client.get(f"{LIST}{first.next_url}").context["cl"]
    assert [row.promotion.name for row in second.rows] == ["P01", "P00"]
    back = client.get(f"{LIST}{second.previous_url}").context["cl"]
    assert [row.promotion.pk for row in back.rows] == [row.promotion.pk for row in first.rows]
    assert (first.previous_url, second.next_url, back.previous_url) == ("", "", "")


def test_the_list_of_promotions_takes_few_queries(client):
    category = ensure_category(["Tableware"])
    for number in range(3):
        make_promotion("percent", "product", percent=10, categories=[category], codes=(f"CODE{number}",))
    client.get(LIST)
    with CaptureQueriesContext(connection) as few:
        client.get(LIST)
    for number in range(3, 9):
        make_promotion("percent", "product", percent=10, categories=[category], codes=(f"CODE{number}",))
    with CaptureQueriesContext(connection) as many:
        client.get(LIST)
    assert (len(many) - len(few), len(many) <= 12) == (0, True)


def test_many_promotions_are_switched_at_once_and_it_stands_in_their_history(client):
    fine = make_promotion(percent=10, is_active=False)
    without_code = make_promotion(percent=10, is_active=False, needs_code=True, name="Secret")
    form = {"action": "switch_on", "_selected_action": [fine.pk, without_code.pk]}
    text = text_of(client.post(LIST, form, follow=True))
    assert ("1 promotion switched on." in text, "these were not switched on: Secret." in text) == (True, True)
    assert list(Promotion.objects.filter(is_active=True)) == [fine]
    assert "Switched on." in text_of(client.get(f"{LIST}{fine.pk}/history/"))
    client.post(LIST, {"action": "switch_off", "_selected_action": [fine.pk]})
    assert not Promotion.objects.filter(is_active=True).exists()


def test_the_codes_of_a_promotion_are_listed_searched_stopped_and_exported(client):
    make_shipping()
    make_tax()
    promotion = make_promotion("percent", "order", percent=10, codes=("HELLO", "OTHER"))
    place(with_codes(make_cart(make_variant(2400)), "HELLO"))
    codes = f"{LIST}{promotion.pk}/codes/"
    assert [row[0:2] for row in rows_of(client.get(codes))[1:]] == [["OTHER", "0"], ["HELLO", "1"]]
    assert [row[0] for row in rows_of(client.get(f"{codes}?q=hel"))[1:]] == ["HELLO"]
    answer = client.post(codes, {"stop": Coupon.objects.get(code="OTHER").pk}, follow=True)
    assert "The code OTHER cannot be used any more." in text_of(answer)
    assert [coupon.code for coupon in usable_codes(promotion)] == ["HELLO"]
    assert "Stopped the code …R." in text_of(client.get(f"{LIST}{promotion.pk}/history/"))
    file = b"".join(client.get(f"{LIST}{promotion.pk}/codes.csv")).decode().splitlines()
    assert file == ["code,uses,maximum uses,batch", "HELLO,1,,", "OTHER,0,0,"]


def test_staff_who_may_not_read_codes_see_their_ends_only_and_find_whole_codes(client):
    promotion = make_promotion("percent", "order", percent=10, codes=("WELCOME2027",), is_active=True)
    batch = make_batch(promotion, 2, prefix="goodwill")
    codes = list(promotion.coupons.values_list("code", flat=True))
    coupon = promotion.coupons.get(batch="")
    staff(client, "Support")
    pages = [
        *(LIST, f"{LIST}{promotion.pk}/change/", f"{LIST}{promotion.pk}/history/", "/admin/orders/coupon/"),
        *(f"/admin/orders/coupon/{coupon.pk}/change/", f"/admin/orders/coupon/{coupon.pk}/history/"),
        f"{LIST}{promotion.pk}/try/",
        "/admin/autocomplete/?app_label=orders&model_name=promotionuse&field_name=coupon&term=W",
    ]
    texts = {url: client.get(url).content.decode() for url in pages}
    texts["try"] = client.post(f"{LIST}{promotion.pk}/try/", {"try-with_code": "on"}).content.decode()
    assert [(url, code) for url, text in texts.items() for code in codes if code in text] == []
    assert "…027" in texts["/admin/orders/coupon/"]
    for url in (f"{LIST}{promotion.pk}/codes.csv", f"{LIST}{promotion.pk}/codes/{batch}.csv"):
        assert client.get(url).status_code == 403
    found = lambda term: len(client.get("/admin/orders/coupon/", {"q": term}).context["cl"].result_list)  # noqa: E731
    assert (found("welcome2027"), found("welcome202"), found("W"), found(batch)) == (1, 0, 0, 2)
    assert client.get("/admin/orders/coupon/?code__startswith=W").status_code == 400


def test_staff_who_add_codes_but_may_not_read_them_get_no_file_and_find_no_beginnings(client):
    user = staff(client)
    user.user_permissions.set(Permission.objects.filter(codename__in=("view_promotion", "add_coupon")))
    promotion = make_promotion(percent=10, codes=("WELCOME2027",))
    codes = f"{LIST}{promotion.pk}/codes/"
    page = client.post(codes, {"count": "2"}, follow=True)
    assert "2 random codes were added" in text_of(page)
    assert f"{LIST}{promotion.pk}/codes.csv" not in links_of(page)
    assert [code for code in promotion.coupons.values_list("code", flat=True) if code in text_of(page)] == []
    assert [len(rows_of(client.get(codes, {"q": term}))) for term in ("welcome2027", "welcome")] == [2, 0]


def test_codes_of_other_promotions_are_not_stopped_from_here(client):
    mine, other = make_promotion(codes=("MINE",)), make_promotion(codes=("THEIRS",))
    answer = client.post(f"{LIST}{mine.pk}/codes/", {"stop": other.coupons.get().pk})
    assert (answer.status_code, usable_codes(other).count()) == (404, 1)


def test_the_list_of_all_codes_finds_the_beginning_of_a_code_and_a_batch(client):
    promotion = make_promotion(codes=("HELLO10",))
    batch = make_batch(promotion, 2, prefix="gift")
    listed = lambda term: len(client.get("/admin/orders/coupon/", {"q": term}).context["cl"].result_list)  # noqa: E731
    assert (listed("hel-lo"), listed(batch), listed("nothing"), listed("")) == (1, 2, 0, 3)


def test_the_form_says_whether_the_promotion_runs_and_shows_percentages_as_they_were_typed(client):
    promotion = make_promotion("percent", "order", percent="12.500", begins_at=timezone.now() + timedelta(days=1))
    page = client.get(f"{LIST}{promotion.pk}/change/")
    assert [badge.text for badge in find_all(page, "span", **{"class": "badge"})] == ["Planned"]
    assert find(page, "input", name="percent").attributes["value"] == "12.5"


def test_two_staff_edit_one_promotion_and_the_second_is_told(client):
    promotion = make_promotion("percent", "order", percent=10, name="Welcome", is_active=False)
    change = f"{LIST}{promotion.pk}/change/"
    shown = {
        name: value for name, value in form_of(client.get(change), id="promotion_form").items() if value is not None
    }
    other = Client()
    staff(other, is_superuser=True)
    theirs = {
        name: value for name, value in form_of(other.get(change), id="promotion_form").items() if value is not None
    }
    other.post(change, {**theirs, "percent": "20", "_save": ""})
    text = text_of(client.post(change, {**shown, "percent": "15", "_save": ""}))
    assert "changed this to “20”" in text
    promotion.refresh_from_db()
    assert promotion.percent == 20
    client.post(change, {**shown, "minimum_minor": "40.00", "_save": ""})
    promotion.refresh_from_db()
    assert (promotion.percent, promotion.minimum_minor) == (20, 4000)
    assert "Percent off" in text_of(client.get(f"{LIST}{promotion.pk}/history/"))


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
