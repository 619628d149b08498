"""The texts of help and legal pages, with facts of the shop and its delivery in them."""

from dataclasses import dataclass

from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe

from catalog.markets import Market
from catalog.models import Page, Store
from catalog.money import format_money
from catalog.placeholders import fill_html, store_facts
from catalog.rich_text import clean
from orders.models import ShippingMethod

DELIVERY_TABLE = "{{ delivery_table }}"


@dataclass(frozen=True)
class DeliveryRow:
    """One way of delivery in a help page: where to, by what, in how many days, for how much."""

    zone: str
    method: str
    days: str
    cost: str


def page_html(page: Page, market: Market, store: Store) -> SafeString:
    """The cleaned text of a page; `{{ delivery_table }}` becomes the market's ways of delivery."""
    text = clean(fill_html(page.body, store_facts(store)))
    if DELIVERY_TABLE in text:
        table = render_to_string("includes/delivery_table.html", {"rows": delivery_rows(market)})
        text = text.replace(f"<p>{DELIVERY_TABLE}</p>", table).replace(DELIVERY_TABLE, table)
    return mark_safe(text)  # noqa: S308  (cleaned above; facts are escaped)


def delivery_rows(market: Market) -> list[DeliveryRow]:
    """Every active way of delivery in this market, by zone, with its lowest price."""
    methods = ShippingMethod.objects.filter(market=market.code, is_active=True).prefetch_related("rates__zone")
    rows = []
    for method in methods.exclude(kind=ShippingMethod.Kind.PICKUP):
        prices: dict[str, list[int]] = {}
        for rate in method.rates.all():
            prices.setdefault(rate.zone.name, []).append(rate.price_minor)
        rows += [DeliveryRow(zone, method.name, _days(method), _cost(method, p, market)) for zone, p in prices.items()]
    return rows


def _days(method: ShippingMethod) -> str:
    least, most = method.days_min, method.days_max
    span = f"{least}–{most}" if least < most else str(most)
    return f"{span} working day{'' if span == '1' else 's'}"


def _cost(method: ShippingMethod, prices: list[int], market: Market) -> str:
    lowest = format_money(min(prices), market.currency) if min(prices) else "free"
    words = f"from {lowest}" if min(prices) < max(prices) else lowest
    if method.free_from_minor:
        words += f", free from {format_money(method.free_from_minor, market.currency)}"
    return words
