"""Lists of the desk that stay fast with a million rows: what they count, sort by and how many queries they need."""

import pytest
from django.contrib import admin
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from shop.benchmarks.desk_pages import list_url
from shop.models import Mail
from tests.factories import make_location, make_user, make_variant
from tests.reading import find_all

pytestmark = pytest.mark.django_db
MAX_QUERIES = 12


@pytest.fixture
def long_tables(monkeypatch) -> None:
    monkeypatch.setattr("shop.desk.admin_pages.is_long", lambda model: True)


def make_mails(count: int) -> None:
    Mail.objects.bulk_create(
        Mail(
            message_id=f"<{n}@example.com>",
            recipients=["a@example.com"],
            subject=f"Mail {count - n:03}",
            next_try_at=timezone.now(),
        )
        for n in range(count)
    )


@pytest.mark.django_db(transaction=True)
def test_every_list_of_the_desk_needs_twelve_queries_at_most(client):
    make_location()
    for _ in range(4):
        make_variant(on_hand=3)
    call_command("seed_orders", orders=120, verbosity=0)
    call_command("bench", "fill-desk", orders=120)
    client.force_login(make_user(is_superuser=True, is_staff=True))
    needed = {}
    for model in admin.site._registry:
        with CaptureQueriesContext(connection) as queries:
            page = client.get(list_url(model), follow=True)
        assert page.status_code == 200, model
        needed[model._meta.label] = len(queries)
    assert {label: number for label, number in needed.items() if number > MAX_QUERIES} == {}


def test_a_long_list_is_sorted_only_by_what_an_index_sorts(client, long_tables):
    make_mails(3)
    client.force_login(make_user(is_superuser=True, is_staff=True))
    page = client.get("/admin/shop/mail/?o=0")
    assert [mail.subject for mail in page.context["cl"].result_list] == ["Mail 001", "Mail 002", "Mail 003"]
    assert find_all(page, "th a") == []


def test_a_short_list_is_sorted_by_any_column(client):
    make_mails(3)
    client.force_login(make_user(is_superuser=True, is_staff=True))
    page = client.get("/admin/shop/mail/?o=-0")
    assert [mail.subject for mail in page.context["cl"].result_list] == ["Mail 003", "Mail 002", "Mail 001"]


def test_a_list_has_pages_for_the_rows_that_it_counts(client, monkeypatch):
    monkeypatch.setattr("catalog.capped_counts.MAX_COUNTED", 4)
    monkeypatch.setattr(admin.site._registry[Mail], "list_per_page", 2)
    monkeypatch.setattr(admin.site._registry[Mail], "list_max_show_all", 2)
    make_mails(9)
    client.force_login(make_user(is_superuser=True, is_staff=True))
    page = client.get("/admin/shop/mail/?p=2")
    assert [mail.subject for mail in page.context["cl"].result_list] == ["Mail 003", "Mail 004"]
    assert (page.context["cl"].paginator.num_pages, page.context["cl"].result_count) == (2, 5)
    assert client.get("/admin/shop/mail/?p=3").headers["Location"] == "/admin/shop/mail/?e=1"
