"""What templates need to show orders."""

from collections.abc import Mapping
from typing import Any

from babel import Locale
from django import template

from catalog.markets import current_market
from orders.gift_form import GiftCardForm
from orders.models import CartLine, Order, ShippingMethod
from orders.shipping import delivery_days, offers_for

register = template.Library()


@register.filter
def country_name(code: str) -> str:
    return Locale.parse(current_market().language.replace("-", "_")).territories.get(code, code)


@register.filter
def named(fields: Mapping[str, Any], name: str) -> Any:
    """The field of this name: `{{ fields|named:name }}`"""
    return fields[name]


@register.filter
def arrival(order: Order) -> str:
    """`{{ order|arrival }}` → Thu 4 – Fri 5 June, or that nobody knows the day yet."""
    return delivery_days(order.arrives_from, order.arrives_until)


@register.filter
def pickup_place(order: Order) -> str:
    """Where an order is picked up, as its method says now."""
    places = ShippingMethod.objects.filter(code=order.shipping_code).values_list("pickup_address", flat=True)
    return places.first() or ""


@register.inclusion_tag("orders/gift_fields.html")
def gift_fields(form: GiftCardForm | None) -> dict:
    """The fields of a gift card: as they were sent with a mistake, otherwise empty."""
    return {"form": form or GiftCardForm()}


@register.simple_tag
def gift_note(line_id: int) -> str:
    """Whom the gift card of this cart line is for."""
    line = CartLine.objects.filter(pk=line_id).first()
    return line.gift_note if line else ""


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
