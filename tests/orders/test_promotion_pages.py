"""The pages of promotions in the admin: choosing what they do, their form and its pickers."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Group, Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from catalog.products.categories import ensure_category
from orders.admin.promotions.choices import CHOICES, choice_of
from orders.models import Coupon, Promotion
from orders.models.promotion import KIND_LANES, REQUIRED
from orders.promotions.coupons import make_batch, usable_codes
from orders.promotions.wording import names_of, sentence, with_names
from tests.factories import (
    make_cart,
    make_promotion,
    make_shipping,
    make_tax,
    make_variant,
    place,
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
