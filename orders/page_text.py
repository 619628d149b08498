"""Texts of help and legal pages, with placeholders replaced by the shop's details and delivery table."""

from dataclasses import dataclass

from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe

from catalog.markets import Market
from catalog.models import Page, Store
from catalog.money import format_money
from catalog.rich_text import clean
from catalog.store_texts import fill_html, placeholder_values
from orders.models import ShippingMethod

DELIVERY_TABLE = "{{ delivery_table }}"


@dataclass(frozen=True)
class DeliveryRow:
    """A row of the delivery table: zone, method, working days and cost."""

    zone: str
    method: str
    days: str
    cost: str


def page_html(page: Page, market: Market, store: Store) -> SafeString:
    """Return the sanitized HTML of a page, with `{{ delivery_table }}` replaced by the market's delivery table."""
    text = clean(fill_html(page.body, placeholder_values(store)))
    if DELIVERY_TABLE in text:
        table = render_to_string("includes/delivery_table.html", {"rows": delivery_rows(market)})
        text = text.replace(f"<p>{DELIVERY_TABLE}</p>", table).replace(DELIVERY_TABLE, table)
    return mark_safe(text)  # noqa: S308  (sanitized above; inserted values are escaped)


def delivery_rows(market: Market) -> list[DeliveryRow]:
    """Return a row for each active shipping method and zone of this market, with the lowest price."""
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
    text = f"from {lowest}" if min(prices) < max(prices) else lowest
    if method.free_from_minor:
        text += f", free from {format_money(method.free_from_minor, market.currency)}"
    return text
