"""The pages of settings: the list of all, and what the environment decides about markets and payments."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, path

from catalog.admin.base import require_permission
from catalog.formats import count_of
from catalog.markets import Market, all_markets
from catalog.money import format_money
from payments.gateway import is_live
from shop.desk import mail_texts
from shop.desk.lights import lights_for
from shop.desk.settings_list import SEE_PAYMENTS, SEE_SETTINGS, visible_groups
from shop.opening import Missing, missing_in

MAX_NAMED_COUNTRIES = 12


def urls(wrap: Callable) -> list[URLPattern]:
    """The URLs of the settings, with each view wrapped for staff."""
    return [
        path("settings/", wrap(index), name="settings"),
        path("settings/markets/", wrap(markets), name="settings_markets"),
        path("settings/payments/", wrap(payments), name="settings_payments"),
        path("settings/mails/", wrap(mail_texts.mails), name="settings_mails"),
        path("settings/mails/<slug:code>/", wrap(mail_texts.mail), name="settings_mail"),
        path("settings/mails/<slug:code>/page/", wrap(mail_texts.mail_page), name="settings_mail_page"),
    ]


def index(request: HttpRequest) -> HttpResponse:
    """List the settings that the user may open."""
    return _page(request, "admin/settings/index.html", "Settings", {"groups": visible_groups(request.user)})


@dataclass(frozen=True)
class MarketCard:
    """A market as its page shows it, with what its shoppers are missing."""

    market: Market
    path: str
    countries: str
    example: str
    missing: Sequence[Missing]


def markets(request: HttpRequest) -> HttpResponse:
    """Show the markets, which the environment sets, and what each still needs."""
    require_permission(request, SEE_SETTINGS)
    cards = [
        MarketCard(
            market=market,
            path=f"/{market.prefix}/" if market.prefix else "/",
            countries=_countries(market),
            example=format_money(123_450, market.currency, market.language),
            missing=missing_in(market) if market.prefix else (),
        )
        for market in all_markets().values()
    ]
    context = {"cards": cards, "time_zone": settings.TIME_ZONE}
    return _page(request, "admin/settings/markets.html", "Languages and markets", context)


def _countries(market: Market) -> str:
    names = [name for _, name in market.country_choices()]
    if len(names) <= MAX_NAMED_COUNTRIES:
        return ", ".join(names)
    return (
        f"{', '.join(names[:MAX_NAMED_COUNTRIES])} and {count_of(len(names) - MAX_NAMED_COUNTRIES, 'other', 'others')}"
    )


def payments(request: HttpRequest) -> HttpResponse:
    """Show whether payments work: the mode of Stripe, and its last event."""
    require_permission(request, SEE_PAYMENTS)
    light = next((each for each in lights_for(request.user).lights if each.name == "Payments"), None)
    context = {"light": light, "is_live": is_live(), "is_sandbox": bool(settings.STRIPE_API_BASE)}
    return _page(request, "admin/settings/payments.html", "Payments", context)


def _page(request: HttpRequest, template: str, title: str, context: dict[str, Any]) -> HttpResponse:
    return render(request, template, {**admin.site.each_context(request), "title": title, **context})
