"""The shop's texts as a market reads them: its own where it has some, otherwise those of the shop."""

from catalog.markets import Market
from catalog.models import Page, PageText, Store, StoreText

STORE_TEXTS = ("tagline", "introduction", "announcement")


def store_in(market: Market) -> Store:
    """The store with the market's texts."""
    store = Store.objects.select_related("gift_card").first() or Store()
    text = StoreText.objects.filter(store_id=store.pk, market=market.code).first() if market.prefix else None
    for name in STORE_TEXTS:
        setattr(store, name, getattr(text, name, "") or getattr(store, name))
    return store


def page_in(page: Page, market: Market) -> Page:
    """The page with the market's title and body."""
    text = PageText.objects.filter(page_id=page.pk, market=market.code).first() if market.prefix else None
    if text:
        page.title, page.body = text.title, text.body
    return page
