"""The settings of the desk: the list of them, markets, payments, and a preview of every e-mail."""

import pytest

from catalog.models import Store
from shop.desk.mail_texts import ACCOUNT_MAILS, ORDER_MAILS
from shop.embedded.state import ROOT
from tests.catalog.test_staff_permissions import role
from tests.reading import find, find_all, markup_of, text_of

PARTS = {"button", "footer", "frame", "gift_card_codes", "lines", "offline_payment", "sums", "terms", "account"}
pytestmark = pytest.mark.django_db


def entries(client) -> list[str]:
    return [
        find(link, "b").text
        for link in find_all(find(client.get("/admin/settings/"), "main"), "a")
        if find_all(link, "b")
    ]


def test_the_settings_list_what_the_user_may_open(client):
    role(client, "Owner")
    assert entries(client)[:5] == ["Store details", "Pages", "Redirects", "Menus", "Languages and markets"]
    role(client, "Finance")
    assert entries(client) == ["Delivery", "Closing days", "Taxes", "Payments", "Payment methods"]
    role(client, "Fulfilment")
    assert entries(client) == []


def test_every_listed_setting_opens(client):
    role(client, "Owner")
    page = find(client.get("/admin/settings/"), "main")
    links = {link.attributes["href"] for link in find_all(page, "a") if find_all(link, "b")}
    assert {client.get(link, follow=True).status_code for link in links} == {200}


def test_markets_are_shown_as_the_environment_sets_them(admin_client, us_market):
    page = text_of(admin_client.get("/admin/settings/markets/"))
    assert all(words in page for words in ("United States (US Dollar)", "/us/", "USD, $1,234.50", "Tax comes on top"))


def test_payments_say_whether_money_moves(admin_client):
    assert "No: the shop uses a stand-in for Stripe" in text_of(admin_client.get("/admin/settings/payments/")) or (
        "No: the key is one for tests" in text_of(admin_client.get("/admin/settings/payments/"))
    )


def test_every_mail_of_the_shop_has_a_preview():
    kinds = {path.stem for path in (ROOT / "templates/emails").iterdir()}
    assert kinds - PARTS == ORDER_MAILS.keys()


@pytest.mark.parametrize("code", [*ORDER_MAILS, *ACCOUNT_MAILS])
def test_a_preview_shows_the_mail_with_nothing_left_out(admin_client, code):
    Store.objects.create(pk=1, name="Loom", seller_name="Loom GmbH", contact_email="hi@loom.example")
    page = admin_client.get(f"/admin/settings/mails/{code}/")
    text = find(page, "pre").source
    assert len(text) > 80, text
    assert "{" not in text.replace("{{", "")
    frames = find_all(page, "iframe")
    html = admin_client.get(f"/admin/settings/mails/{code}/page/")
    assert html.status_code == (200 if frames else 404)
    if frames:
        assert html.headers["X-Frame-Options"] == "SAMEORIGIN"
        assert "script-src" not in html.headers["Content-Security-Policy"]
        assert "frame-ancestors 'self'" in html.headers["Content-Security-Policy"]


def test_the_confirmation_is_shown_with_the_lines_and_sums_of_an_example(admin_client):
    html = markup_of(admin_client.get("/admin/settings/mails/order_confirmed/page/"))
    assert all(words in html for words in ("Stoneware mug", "€111.90", "Kraanlei 12", "Anna"))


@pytest.mark.parametrize("path", ["markets/", "mails/", "mails/gift/", "mails/gift/page/"])
def test_settings_need_their_permission(client, path):
    role(client, "Support")
    assert client.get(f"/admin/settings/{path}").status_code == 403


def test_there_is_no_preview_of_an_unknown_mail(admin_client):
    assert admin_client.get("/admin/settings/mails/nothing/").status_code == 404
