"""Every link in every mail, feed and page head leads to SHOP_URL, whatever host the request was sent to."""

import re

import pytest
from allauth.account.models import EmailAddress
from django.test import Client

from shop.models import Mail
from tests.factories import make_order, make_user, make_variant
from tests.reading import markup_of

pytestmark = pytest.mark.django_db
HOSTS = ["localhost:8443", "127.0.0.1"]
HOME = "https://shop.example.com"


@pytest.fixture(autouse=True)
def home(settings):
    settings.SHOP_URL = HOME


def links_of(text: str) -> set[str]:
    return {f"{scheme}://{host}" for scheme, host in re.findall(r"(https?)://([^/\s\"'<>?]+)", text)}


def known_user() -> None:
    user = make_user("anna@example.com")
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("signup", {"email": "new@example.com", "password1": "a long new passphrase"}),
        ("signup", {"email": "anna@example.com", "password1": "a long new passphrase"}),
        ("password/reset", {"email": "anna@example.com"}),
        ("password/reset", {"email": "nobody@example.com"}),
    ],
)
def test_links_in_mails_about_accounts_do_not_follow_the_host(path, form, host):
    known_user()
    Client(HTTP_HOST=host).post(f"/account/{path}/", form)
    assert [links_of(mail.body) for mail in Mail.objects.all()] == [{HOME}]


@pytest.mark.parametrize("host", HOSTS)
def test_links_in_mails_about_orders_do_not_follow_the_host(host):
    order = make_order(make_variant(0), email="anna@example.com", shipping_code="standard")
    order.total_minor = 0
    Client(HTTP_HOST=host).post(f"/orders/{order.public_id}/account/", {"password1": "a long new passphrase"})
    assert {link for mail in Mail.objects.all() for link in links_of(mail.body)} <= {HOME}


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("path", ["/", "/robots.txt", "/sitemap.xml", "/search/?q=mug"])
def test_addresses_in_page_heads_and_feeds_do_not_follow_the_host(path, host):
    make_variant(title="Alma mug")
    assert host not in markup_of(Client(HTTP_HOST=host).get(path))
