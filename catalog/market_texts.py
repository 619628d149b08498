"""The shop's texts in a market: the market's own texts, or those of the shop if it has none."""

from django.db.models import OuterRef, Subquery
from django.db.models.functions import JSONObject

from catalog.markets import Market
from catalog.models import Page, PageText, Store, StoreText

STORE_TEXTS = ("tagline", "introduction", "announcement")


def store_in(market: Market) -> Store:
    """The store with the market's texts, with one query."""
    texts = StoreText.objects.filter(store=OuterRef("pk"), market=market.code if market.prefix else "")
    texts_as_json = texts.values(json=JSONObject(**{name: name for name in STORE_TEXTS}))
    store = Store.objects.select_related("gift_card").annotate(market_texts=Subquery(texts_as_json)).first()
    if not store:
        return Store()
    for name, text in (store.market_texts or {}).items():
        setattr(store, name, text or getattr(store, name))
    return store


def page_in(page: Page, market: Market) -> Page:
    """The page with the market's title and body."""
    text = PageText.objects.filter(page_id=page.pk, market=market.code).first() if market.prefix else None
    if text:
        page.title, page.body = text.title, text.body
    return page
