"""Announcement and pages of the shop as each market reads them."""

import pytest

from catalog.markets import all_markets, default_market
from catalog.models import Page, PageText, Store, StoreText
from catalog.store_texts import page_in, store_in
from tests.reading import find, markup_of, text_of

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _markets(settings):
    american = {"code": "us", "prefix": "us", "language": "en-US", "currency": "USD", "is_tax_included": False}
    settings.MARKETS = [settings.MARKETS[0], {**american, "countries": ["US"]}]
    Store.objects.update_or_create(pk=1, defaults={"name": "Loom", "tagline": "Slow", "announcement": "From €60"})
    Page.objects.create(slug="sending", title="Delivery", body="<p>€4.90</p>")


def american_texts() -> None:
    StoreText.objects.create(store_id=1, market="us", announcement="From $250")
    PageText.objects.create(page=Page.objects.get(slug="sending"), market="us", title="Shipping", body="<p>$19</p>")


def test_a_market_has_texts_of_its_own_and_the_others_keep_theirs():
    american_texts()
    main, american = default_market(), all_markets()["us"]
    page = Page.objects.get(slug="sending")
    assert (store_in(american).announcement, store_in(american).tagline) == ("From $250", "Slow")
    assert (store_in(main).announcement, page_in(page, main).title) == ("From €60", "Delivery")
    assert page_in(page, american).body == "<p>$19</p>"


def test_without_texts_of_its_own_a_market_shows_those_of_the_shop():
    american = all_markets()["us"]
    page = page_in(Page.objects.get(slug="sending"), american)
    assert (store_in(american).announcement, page.title) == ("From €60", "Delivery")


def test_the_pages_of_the_two_markets_differ(client):
    american_texts()
    page = client.get("/us/help/sending/")
    american = text_of(page)
    assert all(words in american for words in ("From $250", "$19"))
    assert find(page, "h1").text == "Shipping"
    assert "€" not in markup_of(page)
    main = text_of(client.get("/help/sending/"))
    assert all(words in main for words in ("From €60", "€4.90"))


def test_staff_choose_the_market_by_its_name_and_the_text_is_cleaned(admin_client):
    page = Page.objects.get(slug="sending")
    url = f"/admin/catalog/page/{page.pk}/change/"
    assert "United States (US Dollar)" in text_of(admin_client.get(url))
    form = {"section": "help", "slug": "sending", "title": "Delivery", "body": "<p>€4.90</p>"}
    american = {"title_us": "Shipping", "body_us": "<p>$19</p><script>alert(1)</script>"}
    answer = admin_client.post(url, {**form, **american})
    assert answer.status_code == 302, text_of(answer)
    assert PageText.objects.get().body == "<p>$19</p>"


def test_a_text_for_another_market_is_called_by_the_markets_name(us_market):
    assert str(StoreText(market="us")) == "United States (US Dollar)"
