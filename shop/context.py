"""Template context of every page."""

from functools import cache
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from catalog.listings.browse import gift_card_url, top_categories
from catalog.markets import current_market
from catalog.store_texts import store_in
from orders.cart import count_items
from orders.visitor import current_cart

MENU_WIDTH = 4  # categories beside each other in the header; the others stand under "More"


def storefront(request: HttpRequest) -> dict[str, Any]:
    """Return the store, menu, market and cart count. Each is read only when a template uses it."""
    store = SimpleLazyObject(lambda: store_in(current_market()))
    menu = SimpleLazyObject(top_categories)
    return {
        "store": store,
        "gift_card_url": SimpleLazyObject(lambda: gift_card_url(store, current_market())),
        "menu": menu,
        "menu_start": SimpleLazyObject(lambda: menu[:MENU_WIDTH]),
        "menu_rest": SimpleLazyObject(lambda: menu[MENU_WIDTH:]),
        # A function, so that templates get a number: `pluralize` takes a lazy object for none.
        "cart_count": cache(lambda: count_items(current_cart(request))),
        "shop_url": settings.SHOP_URL,
        "market": current_market(),
        "is_demo": settings.MODE == "demo",
    }
