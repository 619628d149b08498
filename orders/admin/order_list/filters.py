"""The filters of the order list: period, market, way of payment, country, status and parcels."""

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from catalog.inputs import DayField
from catalog.markets import all_markets
from orders import worklists
from orders.models import Order
from orders.models.order import ONLINE

# What needs work, as the tiles of the home page link to it: label and orders.
WORK: dict[str, tuple[str, Callable[[], QuerySet[Order]]]] = {
    "late": ("Late to ship", worklists.late_to_ship),
    "today": ("To ship today", worklists.to_ship_today),
    "short": ("Short of stock", worklists.short_of_stock),
    "unpaid": ("Unpaid", worklists.unpaid),
}
PAYMENT_METHODS: dict[str, tuple[str, Q]] = {
    "card": ("Card or bank", Q(payment_method=ONLINE, tendered_minor__lt=F("total_minor"))),
    "transfer": ("Bank transfer", Q(payment_method="transfer")),
    "invoice": ("Invoice", Q(payment_method="invoice")),
    "pickup": ("Cash at pick-up", Q(payment_method="pickup")),
    "giftcard": ("Gift card or credit", Q(tendered_minor__gt=0)),
    "none": ("Nothing to pay", Q(total_minor=0)),
}


def _start_of(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


CONDITIONS: dict[str, Callable[[Any], Q]] = {
    "placed_from": lambda day: Q(placed_at__gte=_start_of(day)),
    "placed_until": lambda day: Q(placed_at__lt=_start_of(day + timedelta(days=1))),
    "market": lambda code: Q(market=code),
    "country": lambda code: Q(country=code),
    "paid_by": lambda code: PAYMENT_METHODS[code][1],
    "state": lambda code: Q(status=code),
    "parcels": lambda code: Q(fulfillment_status=code),
}


def _optional(choices: Any) -> list[tuple[str, str]]:
    return [("", "Any"), *choices]


class OrderFilters(forms.Form):
    """What the list is filtered by. Fields that are empty or invalid filter nothing."""

    work = forms.ChoiceField(
        required=False, choices=_optional((code, label) for code, (label, _orders) in WORK.items())
    )
    placed_from = DayField(label="Placed from", required=False)
    placed_until = DayField(label="Until", required=False)
    state = forms.ChoiceField(label="Status", required=False, choices=_optional(Order.Status.choices))
    parcels = forms.ChoiceField(label="Shipping", required=False, choices=_optional(Order.FulfillmentStatus.choices))
    paid_by = forms.ChoiceField(
        label="Payment",
        required=False,
        choices=_optional((code, label) for code, (label, _condition) in PAYMENT_METHODS.items()),
    )
    market = forms.ChoiceField(required=False)
    country = forms.ChoiceField(required=False)

    use_required_attribute = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        markets = all_markets().values()
        countries = {choice for market in markets for choice in market.country_choices()}
        self.fields["market"].choices = _optional((market.code, market.name) for market in markets)
        self.fields["country"].choices = _optional(sorted(countries, key=lambda choice: choice[1]))

    def applied_to(self, orders: QuerySet[Order]) -> QuerySet[Order]:
        """Return those of the orders that match every valid field."""
        self.is_valid()
        for name, value in self.cleaned_data.items():
            if value and name == "work":
                orders &= WORK[value][1]()
            elif value:
                orders = orders.filter(CONDITIONS[name](value))
        return orders

    @property
    def chosen(self) -> list[str]:
        """What the list is filtered by, in words: `Country: Belgium`."""
        self.is_valid()
        chosen = [(self[name], value) for name, value in self.cleaned_data.items() if value]
        return [f"{field.label}: {_word(field, value)}" for field, value in chosen]


def _word(field: forms.BoundField, value: Any) -> str:
    if isinstance(field.field, forms.ChoiceField):
        return str(dict(field.field.choices)[value])
    return f"{value:%-d %b %Y}"
