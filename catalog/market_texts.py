"""The shop's texts as a market reads them: its own where it has some, otherwise those of the shop."""

from django.db.models import OuterRef, Subquery
from django.db.models.functions import JSONObject

from catalog.markets import Market
from catalog.models import Page, PageText, Store, StoreText

STORE_TEXTS = ("tagline", "introduction", "announcement")


def store_in(market: Market) -> Store:
    """The store with the market's texts, by one query."""
    texts = StoreText.objects.filter(store=OuterRef("pk"), market=market.code if market.prefix else "")
    own = texts.values(found=JSONObject(**{name: name for name in STORE_TEXTS}))
    store = Store.objects.select_related("gift_card").annotate(own_texts=Subquery(own)).first()
    if not store:
        return Store()
    for name, text in (store.own_texts or {}).items():
        setattr(store, name, text or getattr(store, name))
    return store


def page_in(page: Page, market: Market) -> Page:
    """The page with the market's title and body."""
    text = PageText.objects.filter(page_id=page.pk, market=market.code).first() if market.prefix else None
    if text:
        page.title, page.body = text.title, text.body
    return page
