"""The admin as a whole: its navigation, lists, actions and breadcrumbs."""

import re

import pytest
from django.contrib import admin
from django.contrib.admin.utils import flatten, flatten_fieldsets, label_for_field
from django.contrib.auth.models import Group
from django.urls import reverse
from django.utils import timezone

from catalog.models import Swatch
from orders.models import ShippingMethod
from shop.desk.list_texts import list_purpose
from shop.models import Mail
from tests.factories import make_user
from tests.reading import find, find_all, markup_of, text_of

pytestmark = pytest.mark.django_db
SITE = admin.site._registry


def list_of(label: str) -> str:
    return f"/admin/{label.lower().replace('.', '/')}/"


def role(client, name: str):
    employee = make_user(is_staff=True)
    employee.groups.set(Group.objects.filter(name=name))
    client.force_login(employee)
    return employee


def test_the_navigation_is_by_job_and_keeps_the_other_tables_under_records(client, staff):
    shown = navigation_of(client)
    sections = [section.label for section in shown.sections]
    assert sections == [
        "Home",
        "Orders",
        "Products",
        "Stock",
        "Customers",
        "Promotions",
        "Content",
        "Reports",
        "Settings",
    ]
    assert [link.label for link in shown.records] == sorted(link.label for link in shown.records)
    assert {"Payments", "Journals", "Stripe events"} <= {link.label for link in shown.records}


def test_every_model_of_the_admin_is_in_the_navigation_once(client, staff):
    shown = navigation_of(client)
    urls = [link.url for section in shown.sections for link in section.links] + [link.url for link in shown.records]
    lists = {reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist") for model in SITE}
    assert (lists - set(urls), len(urls)) == (set(), len(set(urls)))


def test_the_navigation_of_a_role_holds_what_it_may_see(client):
    role(client, "Fulfilment")
    shown = navigation_of(client)
    assert [section.label for section in shown.sections] == ["Home", "Orders", "Products", "Stock"]


def test_the_navigation_marks_the_page_and_its_section(client, staff):
    shown = navigation_of(client, "/admin/catalog/swatch/add/")
    marked = [(section.label, section.current) for section in shown.sections if section.is_current]
    links = [(link.label, link.current) for section in shown.sections for link in section.links if link.is_current]
    assert (marked, links) == ([("Content", "true")], [("Swatches", "true")])


def navigation_of(client, path: str = "/admin/"):
    return client.get(path).context["navigation"]


def labels_of(model_admin) -> list[str]:
    """Return the headings of the list, and the labels of the form's fields."""
    names = [*model_admin.list_display, *flatten(model_admin.fields or flatten_fieldsets(model_admin.fieldsets or ()))]
    own = {field.name for field in model_admin.model._meta.get_fields()}
    shown = [name for name in names if callable(name) or name in own or hasattr(model_admin, name)]
    return [str(label_for_field(name, model_admin.model, model_admin)) for name in shown]


def test_no_label_in_the_admin_is_the_name_of_a_column():
    labels = [label for model_admin in SITE.values() for label in labels_of(model_admin)]
    odd = re.compile(r"_|  |\b(id|ip|url|seo|sku|vat|gtin)\b")
    assert [label for label in labels if odd.search(label)] == []
    assert len(labels) > 150


def test_every_list_says_what_it_holds_and_is_called_the_same_in_its_heading_and_its_tab(client):
    client.force_login(make_user(is_staff=True, is_superuser=True))
    assert {model._meta.label for model in SITE if not list_purpose(model._meta)} == set()
    page = client.get(list_of("orders.ShippingMethod"))
    assert find(page, "h1").text == "Delivery methods"
    assert find(page, "title").source.strip().startswith("Delivery methods –")
    assert list_purpose(ShippingMethod._meta) in text_of(page)
    assert "Add a delivery method" in text_of(page)


def test_an_empty_list_offers_what_fills_it(client):
    client.force_login(make_user(is_staff=True, is_superuser=True))
    page = client.get(list_of("catalog.Synonym"))
    assert [link.attributes["href"] for link in find_all(page, "a") if link.text == "Add synonyms"] == [
        "/admin/catalog/synonym/add/",
        "/admin/catalog/synonym/add/",
    ]


def test_the_actions_of_a_list_are_buttons_that_act_on_the_ticked_rows(client):
    client.force_login(make_user(is_staff=True, is_superuser=True))
    sand, chalk = (Swatch.objects.create(name=name, colour="#aabbcc") for name in ("Sand", "Chalk"))
    page = client.get(list_of("catalog.Swatch"))
    button = find(page, "button", name="action")
    sent = {"index": "0", "select_across": "0", "action": button.attributes["value"], "_selected_action": [sand.pk]}
    assert sent.items() >= {"index": find(page, "input", name="index").attributes["value"]}.items()
    client.post(list_of("catalog.Swatch"), {**sent, "post": "yes"})
    assert list(Swatch.objects.values_list("name", flat=True)) == ["Chalk"]


def test_a_filter_of_a_list_is_a_menu_that_names_what_is_chosen(client):
    client.force_login(make_user(is_staff=True, is_superuser=True))
    url = list_of("catalog.Review")
    assert [menu.text for menu in find_all(client.get(url), "summary") if menu.text.startswith("Status")] == ["Status"]
    shown = client.get(url, {"status__exact": "pending"})
    assert [menu.text for menu in find_all(shown, "summary") if menu.text.startswith("Status")] == ["Status Waiting"]
    assert "Clear filters" in text_of(shown)


def test_deleting_ticked_rows_asks_on_a_page_of_the_desk_that_lists_them(client):
    client.force_login(make_user(is_staff=True, is_superuser=True))
    sand = Swatch.objects.create(name="Sand", colour="#aabbcc")
    sent = {"index": "0", "action": "delete_selected", "_selected_action": [sand.pk]}
    page = client.post(list_of("catalog.Swatch"), sent)
    assert find(page, "h1").text == "Delete what is ticked?"
    assert "Sand" in text_of(page)
    assert find(page, "input", value="Delete").attributes["class"] == "danger"


def test_staff_change_their_password_on_a_page_of_the_desk(client):
    client.force_login(make_user(is_staff=True, is_superuser=True))
    page = client.get("/admin/password_change/")
    assert [label.text for label in find_all(page, "label") if "assword" in label.text] == [
        "Old password",
        "New password",
        "New password confirmation",
    ]
    assert "forms.css" not in markup_of(page)


def test_a_swatch_is_shown_in_its_colour(client):
    client.force_login(make_user(is_staff=True, is_superuser=True))
    Swatch.objects.create(name="Sand", colour="#aabbcc")
    assert find(client.get(list_of("catalog.Swatch")), "circle").attributes["fill"] == "#aabbcc"


@pytest.mark.parametrize(
    ("path", "trail"),
    [
        ("orders/taxrate/", "Home › Settings › Tax rates"),
        ("orders/taxrate/add/", "Home › Settings › Tax rates › Add a tax rate"),
        ("accounts/staff/add/", "Home › Settings › Staff and roles › Invite somebody"),
        ("catalog/page/", "Home › Pages"),
    ],
)
def test_lists_of_settings_stand_below_the_settings_in_the_breadcrumbs(client, staff, path, trail):
    assert find(client.get(f"/admin/{path}"), "div", class_="breadcrumbs").text == trail


def test_the_outbox_counts_its_e_mails(client, staff):
    for number in range(2):
        Mail.objects.create(
            message_id=f"<{number}@x>",
            sender="a@x",
            recipients=[],
            subject="Hello",
            body="x",
            next_try_at=timezone.now(),
        )
    assert "2 e-mails" in text_of(client.get("/admin/shop/mail/"))
