"""The texts of the shop and its pages: in the words of a market, with placeholders replaced by the shop's settings."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import OuterRef, QuerySet, Subquery
from django.db.models.functions import JSONObject
from django.utils.html import escape

from catalog.clock import shop_now
from catalog.markets import Market
from catalog.models import Page, PageText, PageVersion, Store, StoreText
from catalog.models.weekdays import weekday_names

PLACEHOLDER = re.compile(r"\{\{\s*([a-z_]{1,40})\s*\}\}")
STORE_TEXTS = ("tagline", "introduction")
ANNOUNCEMENT = ("announcement", "announcement_from", "announcement_until")


def store_in(market: Market) -> Store:
    """The store with the market's texts, with one query."""
    return first_store(stores_in(market))


def stores_in(market: Market) -> QuerySet[Store]:
    """The store with the market's texts as JSON, for `first_store`."""
    texts = StoreText.objects.filter(store=OuterRef("pk"), market=market.code if market.prefix else "")
    texts_as_json = texts.values(json=JSONObject(**{name: name for name in (*STORE_TEXTS, *ANNOUNCEMENT)}))
    return Store.objects.select_related("gift_card").annotate(market_texts=Subquery(texts_as_json))


def first_store(stores: QuerySet[Store]) -> Store:
    """Read the store of `stores_in`, and put the market's texts in place of its own."""
    store = stores.first()
    if not store:
        return Store()
    own = store.market_texts or {}
    for name in STORE_TEXTS:
        setattr(store, name, own.get(name) or getattr(store, name))
    store.announcement = current_announcement(own, {name: getattr(store, name) for name in ANNOUNCEMENT})
    return store


def current_announcement(*announcements: Mapping[str, Any]) -> str:
    """The first of these announcements that is shown at this time; empty if there is none."""
    return next((each["announcement"] for each in announcements if each.get("announcement") and _is_shown(each)), "")


def _is_shown(announcement: Mapping[str, Any]) -> bool:
    begins, ends = (_moment(announcement[name]) for name in ANNOUNCEMENT[1:])
    now = shop_now()
    return (begins is None or begins <= now) and (ends is None or now < ends)


def _moment(value: datetime | str | None) -> datetime | None:
    return datetime.fromisoformat(value) if isinstance(value, str) else value


def page_in(page: Page, market: Market) -> Page:
    """The page with the title and body that the market shows at this time.

    Takes no query in the default market if the page is annotated by `with_version`.
    """
    if not hasattr(page, "version_json"):
        page.version_json = Page.objects.with_version(shop_now()).values_list("version_json", flat=True).get(pk=page.pk)
    version = page.version_json
    if version:
        own = version["texts"].get(market.code, version) if market.prefix else version
        page.title, page.body = own["title"], own["body"]
        return page
    text = PageText.objects.filter(page_id=page.pk, market=market.code).first() if market.prefix else None
    if text:
        page.title, page.body = text.title, text.body
    return page


def version_in(version: PageVersion, market: Market) -> Page:
    """The page as this version shows it in the market, with what its placeholders stood for then."""
    own = version.texts.get(market.code) if market.prefix else None
    page = version.page
    page.title, page.body = (own["title"], own["body"]) if own else (version.title, version.body)
    page.body = fill_html(page.body, version.values)
    return page


def placeholder_values(store: Store) -> dict[str, str]:
    """The values of all placeholders as plain text. The help text of pages lists their names."""
    return {
        "shop_name": store.name,
        "seller_name": store.seller_name,
        "contact_email": store.contact_email,
        "return_days": str(store.return_days),
        "dispatch_days": weekday_names(store.dispatch_days),
        "cut_off": f"{settings.SHIPPING_CUT_OFF_HOUR}:00",
    }


def fill_html(text: str, values: Mapping[str, str]) -> str:
    """Replace known placeholders in HTML with escaped values. Unknown placeholders stay."""
    return PLACEHOLDER.sub(lambda match: escape(values.get(match[1], match[0])), text)


def fill(text: str, values: Mapping[str, str]) -> str:
    """Replace known placeholders in plain text, which a template must escape. Unknown placeholders stay."""
    return PLACEHOLDER.sub(lambda match: values.get(match[1], match[0]), text)
