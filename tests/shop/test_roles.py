"""Who may open and change what in the admin: every URL and action from its resolver, by permission and by role."""

import os
import re
from pathlib import Path

import pytest
from django.apps import apps
from django.contrib.auth.models import Permission
from django.db import connection
from django.http import HttpResponse
from django.template.response import SimpleTemplateResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.roles import ROLES, SUMMARIES
from catalog.models import PurchaseOrder, Store, Swatch, Synonym
from tests.factories import make_gift_card, make_location, make_order, make_promotion, make_user
from tests.shop.role_table import ALL_STAFF, NOBODY, AdminPage, admin_actions, admin_pages, table

pytestmark = pytest.mark.django_db
DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "roles.md"
WRITES = ("INSERT", "UPDATE", "DELETE")
NEEDED = [page for page in admin_pages() if page.permission not in (ALL_STAFF, None)]


@pytest.fixture(autouse=True)
def _unrendered(monkeypatch) -> None:
    """Answer without rendering pages, because only the status matters here."""
    monkeypatch.setattr(SimpleTemplateResponse, "rendered_content", "")
    monkeypatch.setattr("shop.views.staff_error", lambda request, status, *_: HttpResponse(status=status))


@pytest.fixture
def sample(settings, tmp_path) -> dict[str, str]:
    """One row of what most pages show, by the name of its argument in URLs."""
    settings.MEDIA_ROOT = tmp_path
    order = make_order()
    make_promotion(codes=("SUMMER",))
    make_gift_card()
    Store.objects.create(pk=1)
    Swatch.objects.create(name="Sand", colour="#aabbcc")
    Synonym.objects.create(words=["mug", "cup"])
    purchase = PurchaseOrder.objects.create(supplier="Alma", location=make_location(), currency="EUR")
    return {
        "purchase_id": str(purchase.pk),
        "product_id": str(order.lines.get().variant.product_id),
        "order_id": str(order.pk),
    }


def url_of(page: AdminPage, sample: dict[str, str]) -> str:
    """The URL of a page, with ids of the sample or else 1."""

    def value(found: re.Match) -> str:
        name = found.group("name")
        if page.name.startswith("catalog_product_") and name in ("object_id", "product_id"):
            return sample["product_id"]
        return sample.get(name) or {"code": "main", "batch": "b", "app_label": "catalog"}.get(name, "1")

    return "/admin/" + re.sub(r"<(\w+:)?(?P<name>\w+)>", value, page.route)


def client_with(*permissions: str, **fields) -> Client:
    employee = make_user(is_staff=True, **fields)
    for permission in permissions:
        app, codename = permission.split(".")
        employee.user_permissions.add(Permission.objects.get(content_type__app_label=app, codename=codename))
    client = Client()
    client.force_login(employee)
    return client


def test_every_page_and_action_says_which_permission_it_needs():
    assert [page.name for page in admin_pages() if page.permission is None] == []
    assert [action for action, permission in admin_actions().items() if permission is None] == []


def test_staff_without_permissions_open_nothing(sample):
    client = client_with()
    statuses = {page.name: client.get(url_of(page, sample)).status_code for page in NEEDED}
    assert {name: status for name, status in statuses.items() if status not in (403, 405)} == {}


def test_a_reader_of_everything_changes_nothing_by_any_page_action_or_inline(sample):
    """A reader sends every form as the owner would see it, with changes, and no row of the shop is written."""
    reader, owner = make_user(is_staff=True), client_with(is_superuser=True)
    reader.user_permissions.set(Permission.objects.filter(codename__startswith="view_"))
    client = Client()
    client.force_login(reader)
    written = {}
    for page in NEEDED:
        url = url_of(page, sample)
        fields = {"post": "yes", "confirmed": "yes", "_save": "Save"}
        if page.name.endswith("_change") and (shown := owner.get(url)).status_code == 200:
            fields |= changed_fields(getattr(shown, "context_data", None) or {})
        written[page.name] = writes_of(client, url, fields)
    for label, action in admin_actions():
        rows = [str(pk) for pk in apps.get_model(label)._default_manager.values_list("pk", flat=True)]
        fields = {"action": action, "_selected_action": rows, "post": "yes"}
        written[f"{label}: {action}"] = writes_of(client, f"/admin/{label.lower().replace('.', '/')}/", fields)
    url = "/admin/autocomplete/?app_label=orders&model_name=orderline&field_name=order&term="
    written["autocomplete by POST"] = writes_of(client, url, {"term": "x", "_save": "Save"})
    assert {name: statements for name, statements in written.items() if statements} == {}
    assert {name for name in written if name.endswith("_history")} >= {"orders_order_history", "catalog_store_history"}


def changed_fields(context: dict) -> dict[str, str]:
    """Every field of a change form and of the rows below it with another value, and with each row marked for deletion."""
    form = context.get("adminform")
    fields = dict.fromkeys(form.form.fields, "changed") if form else {}
    for inline in context.get("inline_admin_formsets", ()):
        formset = inline.formset
        counts = {"TOTAL_FORMS": len(formset.forms), "INITIAL_FORMS": formset.initial_form_count()}
        fields |= {f"{formset.prefix}-{name}": str(count) for name, count in counts.items()}
        for row in formset.forms:
            fields |= {row.add_prefix(name): "1" for name in row.fields}
            fields |= {row.add_prefix("id"): str(row.instance.pk or ""), row.add_prefix("DELETE"): "on"}
    return fields


def writes_of(client: Client, url: str, fields: dict) -> list[str]:
    """The statements that change rows when this client posts the fields, without those about its session and locks."""
    with CaptureQueriesContext(connection) as queries:
        client.post(url, fields)
    statements = [query["sql"] for query in queries if query["sql"].startswith(WRITES)]
    return [sql for sql in statements if not any(table in sql for table in ("django_session", "accounts_turn"))]


def test_one_permission_opens_each_page(sample):
    employee = make_user(is_staff=True)
    client = Client()
    client.force_login(employee)
    permissions = {
        f"{permission.content_type.app_label}.{permission.codename}": permission
        for permission in Permission.objects.select_related("content_type")
    }
    refused = {}
    for page in NEEDED:
        if page.permission == NOBODY:
            continue
        employee.user_permissions.set([permissions[name] for name in page.permission.split(" and ")])
        status = client.get(url_of(page, sample)).status_code
        if status in (403, 500):
            refused[page.name] = status
    assert refused == {}


def test_pages_for_nobody_are_refused_to_the_owner_too(sample):
    client = client_with(is_superuser=True)
    opened = {}
    for page in NEEDED:
        if page.permission == NOBODY and (status := client.get(url_of(page, sample)).status_code) != 403:
            opened[page.name] = status
    assert opened == {}


def test_the_table_of_roles_in_the_documentation_is_true():
    text = table()
    if os.environ.get("WRITE_ROLES"):
        DOCUMENT.write_text(text)
    assert DOCUMENT.read_text() == text, "Write docs/roles.md again: WRITE_ROLES=1 pytest tests/shop/test_roles.py"


def test_every_role_is_described_in_words():
    assert list(SUMMARIES) == list(ROLES)
