"""Pages in versions: saved with author and time, planned for later, and readable for the orders that accepted them."""

from datetime import timedelta

import pytest
from django.utils import timezone

from catalog.clock import as_of
from catalog.formats import moment
from catalog.markets import default_market
from catalog.models import Page, PageText, PageVersion, Store
from catalog.models.page import NEEDED_SLUGS
from catalog.page_versions import PageContent, save_page
from catalog.store_texts import page_in
from orders import rules as shop_rules
from shop.setting_up.starting_values import LEGAL_SLUGS
from tests.catalog.test_staff_permissions import role
from tests.factories import make_order, make_variant
from tests.reading import find, form_of, messages_of, text_of

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def empty_cache(monkeypatch):
    monkeypatch.setattr(shop_rules._Cache, "rules", None)


@pytest.fixture
def terms():
    return Page.objects.create(section="legal", slug="terms", title="Terms", body="<p>Fair</p>")


def url_of(page: Page) -> str:
    return f"/admin/catalog/page/{page.pk}/change/"


def save(client, page: Page, query: str = "", **changes):
    return client.post(url_of(page), {**form_of(client.get(url_of(page) + query), id="page_form"), **changes})


def local(moment) -> str:
    return timezone.localtime(moment).strftime("%Y-%m-%dT%H:%M")


def test_every_save_is_a_version_with_its_author_and_the_former_text_is_kept(admin_client, admin_user, terms, client):
    assert save(admin_client, terms, body="<p>Fairer</p><script>alert(1)</script>").status_code == 302
    first, second = PageVersion.objects.order_by("number")
    assert (first.body, first.author, first.begins_at) == ("<p>Fair</p>", None, terms.updated_at)
    assert (second.body, second.author) == ("<p>Fairer</p>", admin_user)
    assert "Fairer" in text_of(client.get("/legal/terms/"))
    assert save(admin_client, terms).status_code == 302
    assert PageVersion.objects.count() == 2, "nothing new was typed"


def test_a_planned_version_is_shown_from_its_time_on(admin_client, terms, client):
    begins = timezone.now() + timedelta(days=3)
    assert save(admin_client, terms, body="<p>New</p>", begins_at=local(begins)).status_code == 302
    [message] = messages_of(admin_client.get(url_of(terms)))
    assert message.endswith(f"is planned for {moment(begins)}.")
    assert "Fair" in text_of(client.get("/legal/terms/"))
    with as_of(begins):
        assert page_in(Page.objects.get(), default_market()).body == "<p>New</p>"
    shown = text_of(admin_client.get(url_of(terms)))
    assert "Planned" in shown
    planned = PageVersion.objects.get(number=2)
    assert client.get(f"/legal/terms/versions/{planned.pk}/").status_code == 404


def test_a_planned_version_can_be_deleted_and_one_that_has_begun_cannot(admin_client, terms):
    save(admin_client, terms, body="<p>New</p>", begins_at=local(timezone.now() + timedelta(days=3)))
    versions = url_of(terms).replace("change", "versions")
    answer = admin_client.post(f"{versions}1/cancel/", follow=True)
    assert "This version has already begun, so it stays readable." in text_of(answer)
    admin_client.post(f"{versions}2/cancel/")
    assert list(PageVersion.objects.values_list("number", flat=True)) == [1]


def test_a_time_that_is_over_is_refused_and_the_text_is_kept(admin_client, terms):
    answer = save(admin_client, terms, body="<p>New</p>", begins_at="2020-01-01T10:00")
    assert "This time is over. Leave it empty to publish the text now." in text_of(answer)
    assert find(answer, "textarea", name="body").source.strip() == "<p>New</p>"


def test_a_former_version_is_the_start_of_a_new_one(admin_client, terms):
    save(admin_client, terms, body="<p>Worse</p>")
    assert save(admin_client, terms, "?version=1").status_code == 302
    assert Page.objects.get().body == PageVersion.objects.first().body == "<p>Fair</p>"


def test_the_terms_that_an_order_accepted_stay_readable(admin_client, terms, client):
    save_page(terms, PageContent("Terms", "<p>Second</p>", {}))
    order = make_order(make_variant())
    save_page(terms, PageContent("Terms", "<p>Third</p>", {}))
    assert order.terms.body == "<p>Second</p>"
    assert order.terms_version == order.terms.label
    page = client.get(f"/orders/{order.public_id}/")
    link = find(page, "a", href=order.terms_url)
    assert link.text == "terms of sale"
    old = client.get(order.terms_url)
    assert "Second" in text_of(old)
    assert find(old, "meta", name="robots").attributes["content"] == "noindex"
    assert find(admin_client.get(f"/admin/orders/order/{order.pk}/change/"), "a", href=order.terms_url).text == (
        order.terms_version
    )


def test_an_order_accepts_the_planned_terms_from_their_time_on(terms):
    save_page(terms, PageContent("Terms", "<p>Later</p>", {}), begins_at=timezone.now() + timedelta(seconds=30))
    rules = shop_rules.current_rules()
    assert rules.terms_at(timezone.now() + timedelta(minutes=1)).id == PageVersion.objects.get(number=2).pk
    assert rules.terms_at(terms.updated_at).id == PageVersion.objects.get(number=1).pk
    assert rules.terms_at(terms.updated_at - timedelta(days=1)) is None


def test_markets_have_their_texts_in_each_version(admin_client, terms, us_market, client):
    answer = save(admin_client, terms, title_us="Conditions")
    assert "Fill in both title and text, or neither." in text_of(answer)
    texts = {"title_us": "Conditions", "body_us": "<p>Square</p>"}
    assert save(admin_client, terms, **texts).status_code == 302
    assert PageText.objects.get().body == "<p>Square</p>"
    assert "Square" in text_of(client.get("/us/legal/terms/"))
    assert "Fair" in text_of(client.get("/legal/terms/"))


def test_a_new_page_that_is_planned_is_not_there_before(admin_client, client):
    fields = {"section": "about", "slug": "us", "title": "Us", "body": "<p>We</p>"}
    begins = timezone.now() + timedelta(days=1)
    assert admin_client.post("/admin/catalog/page/add/", {**fields, "begins_at": local(begins)}).status_code == 302
    assert client.get("/about/us/").status_code == 404


def test_two_who_edit_a_page_do_not_overwrite_each_other(admin_client, terms):
    fields = form_of(admin_client.get(url_of(terms)), id="page_form")
    save_page(Page.objects.get(), PageContent("Terms of sale", "<p>Just</p>", {}))
    answer = text_of(admin_client.post(url_of(terms), {**fields, "body": "<p>Kind</p>"}))
    assert "Text was changed to “<p>Just</p>” while this page was open." in answer
    assert Page.objects.get().body == "<p>Just</p>"


def test_who_may_only_look_at_pages_sees_versions_and_changes_none(client, terms):
    role(client, "Read-only")
    assert client.get(url_of(terms)).status_code == 403
    role(client, "Catalogue")
    assert client.get(url_of(terms).replace("change", "versions") + "1/").status_code == 404
    save_page(terms, PageContent("Terms", "<p>Second</p>", {}))
    assert "Second" in text_of(client.get(url_of(terms).replace("change", "versions") + "2/"))
    role(client, "Support")
    assert client.post(url_of(terms).replace("change", "versions") + "2/cancel/").status_code == 403


def test_a_page_in_the_default_market_costs_one_query(client, terms, django_assert_num_queries):
    with django_assert_num_queries(1):
        page = Page.objects.public(timezone.now()).with_version(timezone.now()).get()
        page_in(page, default_market())


def test_an_accepted_version_keeps_what_its_placeholders_stood_for(admin_client, admin_user, client, us_market):
    store = Store.objects.create(
        pk=1, name="Loom", seller_name="Loom GmbH", contact_email="a@loom.shop", return_days=30
    )
    text = "<p>Return it to {{ seller_name }} within {{ return_days }} days.</p>"
    terms = Page.objects.create(section="legal", slug="terms", title="Terms", body=text)
    about = save_page(Page(section="about", slug="about", title="About"), PageContent("About", "<p>Us</p>", {})).page
    first = save_page(terms, PageContent("Terms", text, {"us": {"title": "Terms", "body": text}}))
    planned = save_page(terms, PageContent("Terms", text, {}), begins_at=timezone.now() + timedelta(days=3))
    url = "/admin/catalog/store/1/change/"
    fields = form_of(admin_client.get(url), id="store_form")
    assert admin_client.post(url, {**fields, "return_days": "14"}).status_code == 302
    store.refresh_from_db()
    second = terms.versions.get(number=planned.number + 1)
    assert (store.return_days, second.author, about.versions.count()) == (14, admin_user, 1)
    pages = [f"/legal/terms/versions/{first.pk}/", f"/us/legal/terms/versions/{first.pk}/", "/legal/terms/"]
    pages.append(f"/legal/terms/versions/{second.pk}/")
    texts = [find(client.get(page), "div", class_="prose").text for page in pages]
    assert [text.split("within ")[1] for text in texts] == ["30 days.", "30 days.", "14 days.", "14 days."]
    planned.refresh_from_db()
    assert planned.values["return_days"] == "14"
    fields = form_of(admin_client.get(url), id="store_form")
    assert admin_client.post(url, {**fields, "tagline": "Slow"}).status_code == 302
    assert terms.versions.count() == planned.number + 1


def test_a_page_without_which_the_shop_is_closed_is_neither_deleted_nor_moved(admin_client, terms):
    care = Page.objects.create(section="help", slug="care", title="Care", body="<p>Wash</p>")
    assert admin_client.post(f"/admin/catalog/page/{terms.pk}/delete/", {"post": "yes"}).status_code == 403
    for change in ({"slug": "conditions"}, {"section": "help"}):
        refused = text_of(save(admin_client, terms, **change))
        assert "Without this page at its URL, the shop closes to shoppers." in refused, change
    assert save(admin_client, care, slug="caring", section="about").status_code == 302
    assert admin_client.post(f"/admin/catalog/page/{care.pk}/delete/", {"post": "yes"}).status_code == 302
    assert list(Page.objects.values_list("slug", "section")) == [("terms", "legal")]
    assert NEEDED_SLUGS == LEGAL_SLUGS
