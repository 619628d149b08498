"""Settings that must not meet: looked for by `manage.py check`, and by `check --deploy` before a deploy."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register


@register(Tags.security)
def keys_fit_the_mode(**_: Any) -> list[CheckMessage]:
    """A live key has no business in a demo or a test."""
    if not settings.IS_PRODUCTION and settings.STRIPE_SECRET_KEY.startswith(("sk_live_", "rk_live_")):
        return [
            Error(
                "A live Stripe key is set outside production.",
                hint="Unset STRIPE_SECRET_KEY.",
                id="shop.E001",
            )
        ]
    return []


@register(Tags.security, deploy=True)
def production_takes_real_money(**_: Any) -> list[CheckMessage]:
    """In production neither the sandbox nor a test key, and no plain http."""
    found: list[CheckMessage] = []
    if settings.STRIPE_API_BASE:
        found.append(Error("STRIPE_API_BASE points to a stand-in for Stripe.", hint="Unset it.", id="shop.E002"))
    if not settings.STRIPE_SECRET_KEY.startswith(("sk_live_", "rk_live_")):
        found.append(
            Error(
                "STRIPE_SECRET_KEY is not a live key.",
                hint="Take it from Stripe's dashboard.",
                id="shop.E003",
            )
        )
    if not settings.SHOP_HTTPS:
        found.append(
            Error("SHOP_HTTPS is off.", hint="Shoppers' addresses must not travel in the clear.", id="shop.E004")
        )
    if not settings.SHOP_URL.startswith("https://"):
        found.append(Error("SHOP_URL does not begin with https://.", id="shop.E005"))
    return found
