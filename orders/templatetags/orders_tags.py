"""What templates need to show orders."""

from babel import Locale
from django import template

from catalog.markets import current_market
from orders.models import Order, ShippingMethod
from orders.shipping import day_span, offers_for

register = template.Library()


@register.filter
def country_name(code: str) -> str:
    return Locale.parse(current_market().language.replace("-", "_")).territories.get(code, code)


@register.filter
def arrival(order: Order) -> str:
    """`{{ order|arrival }}` → Thu 4 – Fri 5 June"""
    return day_span(order.arrives_from, order.arrives_until)


@register.filter
def pickup_place(order: Order) -> str:
    """Where an order is picked up, as its method says now."""
    places = ShippingMethod.objects.filter(code=order.shipping_code).values_list("pickup_address", flat=True)
    return places.first() or ""


@register.inclusion_tag("includes/delivery_promise.html")
def delivery_promise() -> dict:
    """Cost and days of delivery to the market's first country, from the real methods."""
    market = current_market()
    offers = offers_for(market.countries[0], market, 0)
    return {
        "offer": offers[0] if offers else None,
        "currency": market.currency,
        "country": market.countries[0],
    }
