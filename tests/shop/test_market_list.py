"""Invalid values of SHOP_MARKETS and their error messages."""

import json

import pytest
from django.conf import settings as shop_settings
from django.core.exceptions import ImproperlyConfigured
from django.urls import get_resolver

from shop.market_list import RESERVED_PREFIXES, demo_markets, with_further_markets

MAIN = {"code": "main", "prefix": "", "language": "en", "currency": "EUR", "is_tax_included": True, "countries": ["DE"]}
US = {
    "code": "us",
    "prefix": "us",
    "language": "en-US",
    "currency": "USD",
    "is_tax_included": False,
    "countries": ["US"],
}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "this is not valid JSON (Expecting property name enclosed in double quotes: line 1 column 2 (char 1))."),
        ("{}", 'enter a list of markets, like [{"code": "us", …}].'),
        ('["us"]', 'enter a list of markets, like [{"code": "us", …}].'),
        ('[{"code": "us"}]', "market 1 is missing prefix, language, currency, is_tax_included, countries."),
        (json.dumps([{**US, "vat": 1}]), "market 1 has vat, which is not a setting of a market."),
        (json.dumps([{**US, "is_tax_included": 0}]), "is_tax_included of market 1 must be true or false."),
        (json.dumps([{**US, "countries": "US"}]), "countries of market 1 must be a list."),
        (json.dumps([{**US, "code": "U S"}]), "the code 'U S' must be at most 16 small letters, digits and hyphens."),
        (
            json.dumps([{**US, "prefix": "u/s"}]),
            "the prefix 'u/s' of us must be at most 16 small letters, digits and hyphens.",
        ),
        (
            json.dumps([{**US, "prefix": ""}]),
            "the prefix '' of us must be at most 16 small letters, digits and hyphens.",
        ),
        (json.dumps([{**US, "prefix": "cart"}]), "the prefix 'cart' of us is used by a page of the shop."),
        (
            json.dumps([{**US, "language": "klingon"}]),
            "the language 'klingon' of us is not known. Enter one like en-US.",
        ),
        (json.dumps([{**US, "currency": "usd"}]), "the currency 'usd' of us is not known. Enter one like USD."),
        (json.dumps([{**US, "countries": []}]), "the countries of us must be at least one code like US."),
        (
            json.dumps([{**US, "countries": ["USA"]}]),
            "the countries of us must be at least one code like US, not 'USA'.",
        ),
        (json.dumps([US, {**US, "prefix": "usa"}]), "the code 'us' is used twice."),
        (json.dumps([{**US, "code": "main"}]), "the code 'main' is used twice."),
        (json.dumps([US, {**US, "code": "usa"}]), "the prefix 'us' is used twice."),
        (
            json.dumps([{**US, "language": "en"}]),
            "two markets use the language en. Name a region, like en-GB.",
        ),
    ],
)
def test_a_market_that_cannot_work_is_refused_in_one_sentence(text, words):
    with pytest.raises(ImproperlyConfigured) as caught:
        with_further_markets(MAIN, text)
    assert str(caught.value) == f"SHOP_MARKETS: {words}"


def test_markets_that_work_stand_behind_the_default_one():
    assert with_further_markets(MAIN, "") == [MAIN]
    assert with_further_markets(MAIN, json.dumps([US])) == [MAIN, US]
    assert with_further_markets(MAIN, demo_markets(MAIN)) == [MAIN, US]
    assert demo_markets({**MAIN, "language": "en-US"}) == demo_markets({**MAIN, "currency": "USD"}) == ""


def test_no_prefix_can_hide_an_address_of_our_own():
    patterns = [str(pattern.pattern) for pattern in get_resolver().url_patterns]
    inner = [
        str(p.pattern) for found in get_resolver().url_patterns if not str(found.pattern) for p in found.url_patterns
    ]
    spoken = " ".join([*patterns, *inner]).replace("^", "")
    for sections in ("help|about", "legal"):
        spoken = spoken.replace(f"(?P<section>{sections})", f"{sections.replace('|', '/ ')}")
    first = {address.partition("/")[0] for address in spoken.split() if address[0].isalnum()}
    taken = {part for part in first if "." not in part and "<" not in part} | {shop_settings.STATIC_URL.strip("/")}
    assert taken == RESERVED_PREFIXES
