"""Template context of every page."""

from functools import cache
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from catalog.markets import current_market
from catalog.menus import Menus, store_with_menus
from orders.cart import count_items
from orders.visitor import current_cart


def storefront(request: HttpRequest) -> dict[str, Any]:
    """Return the store, menus, market and cart count. Each is read only when a template uses it."""
    market = current_market()
    store = SimpleLazyObject(lambda: store_with_menus(market))
    return {
        "store": store,
        "menus": Menus(store, market),
        # A function, so that templates get a number: `pluralize` takes a lazy object for none.
        "cart_count": cache(lambda: count_items(current_cart(request))),
        "shop_url": settings.SHOP_URL,
        "market": market,
        "is_demo": settings.MODE == "demo",
        "is_test_mode": settings.IS_TEST_MODE,
    }
