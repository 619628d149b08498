"""The pages of promotions in the admin: choosing what they do, their form and its pickers."""

import pytest
from django.contrib.auth.models import Group

from orders.admin.promotions.choices import CHOICES, choice_of
from orders.models import Promotion
from orders.models.promotion import KIND_LANES, REQUIRED
from tests.factories import make_promotion, make_shipping, make_variant
from tests.orders.staff_pages import staff
from tests.reading import errors_of, find, find_all, links_of, text_of

pytestmark = pytest.mark.django_db
LIST = "/admin/orders/promotion/"
ADD = f"{LIST}add/"


@pytest.fixture(autouse=True)
def owner(client):
    staff(client, is_superuser=True)


def names_of(answer) -> set[str]:
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
    names = names_of(client.get(f"{ADD}?kind={code}"))
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
    assert client.get(f"{LIST}{promotion.pk}/kind/").status_code == 403
    client.post(f"{LIST}{promotion.pk}/change/?kind=amount-order", {"name": "On", "percent": "20", "_save": ""})
    promotion.refresh_from_db()
    assert (choice_of(promotion).code, promotion.percent, promotion.is_active) == ("percent", 20, True)
    client.post(f"{LIST}{promotion.pk}/change/", {"name": "On", "percent": "20", "_switch_off": ""})
    promotion.refresh_from_db()
    assert promotion.is_active is False
