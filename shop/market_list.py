"""Read SHOP_MARKETS, the markets besides the default one, and refuse invalid ones with a clear message at start."""

import json
import re
from typing import Any

from babel import Locale, UnknownLocaleError
from django.core.exceptions import ImproperlyConfigured

FIELDS = {
    "code": str,
    "prefix": str,
    "language": str,
    "currency": str,
    "is_tax_included": bool,
    "countries": list,
}
# A market's code is stored with every price and order, and its prefix is part of its URLs.
CODE = re.compile(r"[a-z0-9][a-z0-9-]{0,15}")
# The first parts of the shop's own URLs, which a market's prefix must not hide.
RESERVED_PREFIXES = frozenset(
    {
        *("admin", "staff", "account", "orders", "cart", "checkout", "back-in-stock", "payments", "media", "static"),
        *("mailbox", "healthz", "readyz", "c", "p", "collections", "search", "suggest", "help", "legal", "about"),
        *("feeds",),
    }
)
DEMO = (
    '[{"code": "us", "prefix": "us", "language": "en-US", "currency": "USD", "is_tax_included": false,'
    ' "countries": ["US"]}]'
)


def demo_markets(main: dict[str, Any]) -> str:
    """Return SHOP_MARKETS of the demo: an American market, unless the main market is one."""
    return "" if main["language"] == "en-US" or main["currency"] == "USD" else DEMO


def _refuse(problem: str) -> None:
    raise ImproperlyConfigured(f"SHOP_MARKETS: {problem}")


def with_further_markets(main: dict[str, Any], text: str) -> list[dict[str, Any]]:
    """Return the default market and those in the text; raise ImproperlyConfigured if they are invalid or conflict."""
    try:
        listed = json.loads(text or "[]")
    except ValueError as error:
        raise ImproperlyConfigured(f"SHOP_MARKETS: this is not valid JSON ({error}).") from error
    if not isinstance(listed, list) or not all(isinstance(entry, dict) for entry in listed):
        _refuse('enter a list of markets, like [{"code": "us", …}].')
    markets = [main]
    for number, entry in enumerate(listed, start=1):
        _check_shape(entry, f"market {number}")
        _check_values(entry)
        _check_beside(entry, markets)
        markets.append(entry)
    return markets


def _check_shape(entry: dict[str, Any], name: str) -> None:
    missing, unknown = [key for key in FIELDS if key not in entry], [key for key in entry if key not in FIELDS]
    if missing:
        _refuse(f"{name} is missing {', '.join(missing)}.")
    if unknown:
        _refuse(f"{name} has {', '.join(unknown)}, which is not a setting of a market.")
    for key, kind in FIELDS.items():
        if not isinstance(entry[key], kind):
            _refuse(f"{key} of {name} must be {'true or false' if kind is bool else f'a {_kind_name(kind)}'}.")


def _kind_name(kind: type) -> str:
    return "list" if kind is list else "text"


def _check_values(entry: dict[str, Any]) -> None:
    code, prefix, currency = entry["code"], entry["prefix"], entry["currency"]
    if not CODE.fullmatch(code):
        _refuse(f"the code '{code}' must be at most 16 small letters, digits and hyphens.")
    if not CODE.fullmatch(prefix):
        _refuse(f"the prefix '{prefix}' of {code} must be at most 16 small letters, digits and hyphens.")
    if prefix in RESERVED_PREFIXES:
        _refuse(f"the prefix '{prefix}' of {code} is used by a page of the shop.")
    locale = _locale(entry["language"])
    if not locale:
        _refuse(f"the language '{entry['language']}' of {code} is not known. Enter one like en-US.")
    english = Locale.parse("en")
    if currency not in english.currencies:
        _refuse(f"the currency '{currency}' of {code} is not known. Enter one like USD.")
    invalid = [country for country in entry["countries"] if not _is_country(country)]
    if invalid or not entry["countries"]:
        _refuse(
            f"the countries of {code} must be at least one code like US{f', not {invalid[0]!r}' if invalid else ''}."
        )


def _is_country(code: object) -> bool:
    return isinstance(code, str) and len(code) == 2 and code in Locale.parse("en").territories


def _locale(language: str) -> Locale | None:
    try:
        return Locale.parse(language.replace("-", "_"))
    except (ValueError, UnknownLocaleError):
        return None


def _check_beside(entry: dict[str, Any], markets: list[dict[str, Any]]) -> None:
    """Refuse a code, prefix or language that another market uses; search engines tell markets apart by language."""
    for key in ("code", "prefix"):
        if entry[key] in [other[key] for other in markets]:
            _refuse(f"the {key} '{entry[key]}' is used twice.")
    if entry["language"] in [other["language"] for other in markets]:
        _refuse(f"two markets use the language {entry['language']}. Name a region, like en-GB.")
