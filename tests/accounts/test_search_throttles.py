"""Searches, filters and suggestions are counted; plain pages are not."""

import pytest
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext

from accounts.limits.throttle import Limit
from catalog.models import Category, Collection
from shop.middleware.limits import SEARCHING, SUGGESTING
from tests.accounts.throttling import (
    assert_refused,
    search,
    suggest,
    use_up,
)
from tests.reading import text_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]


@pytest.fixture
def category():
    Category.objects.create(name="Tableware", slug="tableware", path="tableware")
    Collection.objects.create(name="Gifts", slug="gifts")


@pytest.mark.parametrize("url", ["/c/tableware/", "/collections/gifts/", "/c/sale/"])
def test_a_plain_listing_its_order_and_its_pages_are_not_counted(client, category, url):
    use_up(SEARCHING, 60, ip="127.0.0.1")
    for query in ({}, {"sort": "price-up", "page": "1", "after": ""}, {"min": ""}):
        assert client.get(url, query).status_code == 200
    assert_refused(client.get(url, {"min": "1"}), 60)


@pytest.mark.parametrize("url", ["/c/tableware/", "/collections/gifts/", "/c/sale/", "/search/"])
@pytest.mark.parametrize("query", [{"min": "5"}, {"stock": "1"}, {"material": "clay"}])
def test_filters_share_one_counter_with_the_search(client, category, url, query):
    use_up(SEARCHING, 59, ip="127.0.0.1")
    assert client.get(url, query).status_code == 200
    assert_refused(client.get(url, query), 60)
    assert client.get("/c/tableware/").status_code == 200


def test_a_piece_of_a_page_counts_as_the_page():
    use_up(SEARCHING, 59)
    assert search(59, **{"x-fragment": "1"}).status_code == 200
    assert_refused(search(60, **{"x-fragment": "1"}), 60)
    assert_refused(search(60), 60)


def test_suggestions_are_counted_for_themselves_and_say_in_one_sentence_that_they_pause():
    use_up(SUGGESTING, 59)
    assert suggest(59).status_code == 200
    refused = suggest(60)
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "45")
    assert refused.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert text_of(refused) == "Suggestions pause for 45 seconds. Press Enter to search."
    assert search(61).status_code == 200


@pytest.mark.parametrize(("query", "counted"), [("sort=price-up", 0), ("stock=1", 1)])
def test_a_filter_costs_one_counter_and_neither_cookie_nor_session(client, category, query, counted):
    with CaptureQueriesContext(connection) as queries:
        answer = client.get(f"/c/tableware/?{query}")
    assert (answer.status_code, dict(answer.cookies)) == (200, {})
    assert "no-store" not in answer.headers.get("Cache-Control", "")
    assert "Cookie" not in answer.headers.get("Vary", "")
    tables = ("throttlecounter", "django_session", "shop_cache", "accounts_user")
    seen = [table for query in queries for table in tables if table in query["sql"]]
    assert seen == ["throttlecounter"] * counted


def test_a_search_that_cannot_be_counted_is_answered(client, monkeypatch):
    def is_away(*_: object) -> None:
        raise OperationalError("away")

    monkeypatch.setattr(Limit, "take", is_away)
    assert client.get("/search/?q=mug").status_code == 200


def test_a_refused_search_sets_no_cookie():
    use_up(SEARCHING, 60)
    answer = search(0)
    assert_refused(answer, 60)
    assert dict(answer.cookies) == {}
