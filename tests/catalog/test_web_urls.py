"""Which URLs staff may type, wherever they type one."""

from pathlib import Path

import pytest

from catalog.rich_text import clean
from catalog.web_urls import WebURLField, url_refusal

ROOT = Path(__file__).resolve().parents[2]
GOOD = [
    "https://example.com/",
    "http://example.com:8080/a/?b=c&d=%20#e",
    "https://bücher.example/ä",
    "https://example.com/@name",
]
BAD = [
    "https://user:pw@example.com/",
    "https://user@example.com/",
    "https://shop.example\\@evil.example/",
    "https:\\\\evil.example/",
    "https://example.com/\n",
    "https://example.com/a b",
    "https://example.com/\u202emoc",
    "https://example.com/\x00",
    "https://[",
    "https://",
    "ftp://example.com/",
    "javascript:alert(1)",
    "data:text/html,x",
    "//example.com/",
    "/path/",
    "",
]


@pytest.mark.parametrize("url", GOOD)
def test_the_url_of_a_web_page_is_accepted(url):
    assert url_refusal(url) == ""


@pytest.mark.parametrize("url", BAD)
def test_other_urls_are_refused_in_one_sentence(url):
    assert url_refusal(url).endswith(("again.", "without it.", "/page/."))


def test_https_is_meant_where_no_scheme_was_typed():
    assert WebURLField().clean("example.com/track") == "https://example.com/track"


@pytest.mark.parametrize(
    "href",
    [
        "https://shop.example@evil.example/",
        "https://shop.example\\@evil.example/",
        "/\\evil.example",
        "//user@evil.example",
        "https://a.example/\u202e",
    ],
)
def test_a_link_that_leads_elsewhere_than_it_seems_is_taken_out_of_texts(href):
    assert clean(f'<p><a href="{href}">Read</a></p>') == '<p><a rel="noopener nofollow">Read</a></p>'
    assert 'href="/help/?a=b@c"' in clean('<a href="/help/?a=b@c">Read</a>')


def test_no_form_of_the_shop_uses_another_field_for_urls():
    """Django's accepts ftp and names before “@”."""
    files = [
        path for app in ("accounts", "catalog", "orders", "payments", "shop") for path in (ROOT / app).rglob("*.py")
    ]
    found = {path.relative_to(ROOT).as_posix() for path in files if "forms.URLField" in path.read_text()}
    assert found == {"catalog/web_urls.py"}
