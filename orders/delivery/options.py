"""Shipping options of an address: which methods deliver there, their prices and arrival dates."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from django.conf import settings
from django.utils import timezone

from catalog.markets import Market
from catalog.models.weekdays import MONDAY_TO_FRIDAY
from orders.delivery.dates import (
    MAX_DELIVERY_SEARCH_DAYS,
    Calendar,
    Dispatch,
    available_day,
    day_name,
    day_span,
    latest_of,
    leaving_day,
    ready_day,
    working_day_after,
)
from orders.delivery.postcodes import is_within, narrowness
from orders.models import ShippingMethod
from orders.models.order import DIGITAL
from orders.rules import ShippingRule, ShopRules, cached_shipping_method, current_rules

AT_ONCE = (Dispatch(),)  # everything is in stock and leaves on the shop's dispatch days
ANY_DAY = Calendar()  # Monday to Friday, without closing days


@dataclass(frozen=True)
class ShippingOption:
    """A shipping option: a method with its price in minor units and its dates for one cart.

    The dates are None if a product in the cart is on order without a known date.
    """

    code: str
    name: str
    price_minor: int
    earliest: date | None
    latest: date | None
    pickup_address: str = ""
    is_pickup: bool = False
    leaves: date | None = None
    free_from_minor: int | None = None
    until_free_minor: int = 0  # goods value missing until delivery is free
    is_mailed: bool = False  # everything is sent by e-mail

    @property
    def dates(self) -> str:
        """The arrival dates for shoppers, like `Thu 4 – Fri 5 June`."""
        if self.code == DIGITAL:
            return (
                "By e-mail, as soon as it is paid or on the day you choose"
                if self.is_mailed
                else "Nothing is sent by post"
            )
        return delivery_days(self.earliest, self.latest, is_pickup=self.is_pickup)


def delivery_days(earliest: date | None, latest: date | None, *, is_pickup: bool = False) -> str:
    """Return when a parcel arrives or is ready: `Thu 4 – Fri 5 June`, or `Ready from Mon 1 June` for pick-up."""
    if earliest is None or latest is None:
        return "We will e-mail you when we know the date"
    return f"Ready from {day_name(latest)}" if is_pickup else day_span(earliest, latest)


def digital_option(at: datetime, *, is_mailed: bool) -> ShippingOption:
    """Return the option of a cart of which nothing is shipped."""
    today = timezone.localtime(at).date()
    return ShippingOption(DIGITAL, "No delivery needed", 0, today, today, is_mailed=is_mailed)


def needs_address(code: str) -> bool:
    """Return whether this shipping method needs an address; an unknown method does.

    Forms use this before the order is placed, so it relies on the cached methods and does not check for changes.
    """
    if code == DIGITAL:
        return False
    rule = cached_shipping_method(code)
    pickups = ShippingMethod.objects.filter(code=code, kind=ShippingMethod.Kind.PICKUP)
    return rule.kind != ShippingMethod.Kind.PICKUP if rule else not pickups.exists()


@dataclass(frozen=True)
class ShippingQuery:
    """What shipping rates depend on: destination, weight, value of the goods in minor units, and dispatch rules."""

    country: str
    postcode: str
    grams: int
    goods_minor: int
    dispatches: tuple[Dispatch, ...] = AT_ONCE


@dataclass(frozen=True)
class Choice:
    """The rate of a shipping method that applies to a shipping query, and the rates of other zones that match the address.

    The zones of `equals` are as specific but not cheaper; those of `overruled` are less specific.
    """

    rule: ShippingRule
    equals: tuple[ShippingRule, ...] = ()
    overruled: tuple[ShippingRule, ...] = ()


def find_options(
    rules: Iterable[ShippingRule], query: ShippingQuery, at: datetime, calendar: Calendar = ANY_DAY
) -> list[ShippingOption]:
    """Return a shipping option for each method that delivers to the address, cheapest first and pick-up last."""
    chosen = [choice.rule for choice in choose_rates(rules, query)]
    options = [_option(rule, query, at, calendar) for rule in chosen]
    positions = {rule.code: rule.position for rule in chosen}
    return sorted(options, key=lambda option: (option.is_pickup, option.price_minor, positions[option.code]))


def choose_rates(rules: Iterable[ShippingRule], query: ShippingQuery) -> list[Choice]:
    """Return the rate that applies for each method that delivers the parcel (decision 0028).

    If a zone with postcodes matches the address, zones of whole countries do not apply there. Among the zones of a method
    the most specific applies, and among equally specific ones the cheapest.
    """
    fitting = [rule for rule in rules if _is_for(rule, query)]
    if any(rule.postcodes for rule in fitting):
        fitting = [rule for rule in fitting if rule.postcodes or rule.kind == ShippingMethod.Kind.PICKUP]
    by_method: dict[str, list[ShippingRule]] = {}
    for rule in fitting:
        if _reaches(rule, query):
            by_method.setdefault(rule.code, []).append(rule)
    return [_choice(method_rules, query) for method_rules in by_method.values()]


def _choice(rules: Sequence[ShippingRule], query: ShippingQuery) -> Choice:
    """Choose the highest reached step of each zone, and from those the one of the most specific zone."""
    by_zone: dict[tuple, ShippingRule] = {}
    for rule in sorted(rules, key=lambda rule: (rule.from_grams, rule.from_minor, -rule.price_minor)):
        by_zone[rule.zone, rule.countries, rule.postcodes] = rule
    ranked = sorted(by_zone.values(), key=lambda rule: (specificity(rule, query), -rule.price_minor), reverse=True)
    best = ranked[0]
    equals = [rule for rule in ranked[1:] if specificity(rule, query) == specificity(best, query)]
    return Choice(best, tuple(equals), tuple(ranked[1 + len(equals) :]))


def specificity(rule: ShippingRule, query: ShippingQuery) -> tuple[int, int]:
    """Return how specific the rule's zone is for the address: narrower postcodes first, then fewer countries."""
    return narrowness(query.postcode, rule.postcodes, query.country), -len(rule.countries)


def _is_for(rule: ShippingRule, query: ShippingQuery) -> bool:
    """Return whether the rule's zone contains the address."""
    is_inside = not rule.postcodes or is_within(query.postcode, rule.postcodes, query.country)
    return query.country in rule.countries and is_inside


def _reaches(rule: ShippingRule, query: ShippingQuery) -> bool:
    return (
        rule.from_grams <= query.grams
        and rule.from_minor <= query.goods_minor
        and (rule.most_grams is None or query.grams <= rule.most_grams)
    )


def is_free(rule: ShippingRule, query: ShippingQuery) -> bool:
    """Return whether the goods are worth enough for free delivery by this rate."""
    return rule.free_from_minor is not None and query.goods_minor >= rule.free_from_minor


def _option(rule: ShippingRule, query: ShippingQuery, at: datetime, calendar: Calendar) -> ShippingOption:
    free_from = rule.free_from_minor
    costs_nothing = is_free(rule, query)
    is_pickup = rule.kind == ShippingMethod.Kind.PICKUP
    leaves = _leaves(query, ready_day(at, calendar, rule.handling_days), calendar, is_pickup=is_pickup)
    least, most = (0, 0) if is_pickup else (rule.days_min, rule.days_max)
    return ShippingOption(
        code=rule.code,
        name=rule.name,
        price_minor=0 if costs_nothing else rule.price_minor,
        earliest=working_day_after(leaves, least, calendar.closed_there) if leaves else None,
        latest=working_day_after(leaves, most, calendar.closed_there) if leaves else None,
        pickup_address=rule.pickup_address,
        is_pickup=is_pickup,
        leaves=leaves,
        free_from_minor=free_from,
        until_free_minor=0 if costs_nothing or free_from is None else free_from - query.goods_minor,
    )


def _leaves(query: ShippingQuery, ready: date, calendar: Calendar, *, is_pickup: bool) -> date | None:
    """Return the day on which the last line is dispatched or, for pick-up, ready; None if it is unknown."""
    if not is_pickup:
        return latest_of(leaving_day(ready, calendar, dispatch) for dispatch in query.dispatches)
    available = latest_of(available_day(ready, dispatch) for dispatch in query.dispatches)
    if not available:
        return None
    return leaving_day(available, replace(calendar, dispatch_days=_open_days(calendar)), Dispatch())


def _open_days(calendar: Calendar) -> tuple[int, ...]:
    """Return the weekdays on which the shop is staffed, so that orders can be picked up."""
    return tuple(sorted({*MONDAY_TO_FRIDAY, *calendar.dispatch_days}))


def options_for_country(
    country: str,
    market: Market,
    goods_minor: int,
    *,
    at: datetime | None = None,
    dispatches: tuple[Dispatch, ...] = AT_ONCE,
) -> list[ShippingOption]:
    """Return the shipping options for a country before the rest of the address is known."""
    at, rules = at or timezone.now(), current_rules()
    query = ShippingQuery(country, "", 0, goods_minor, dispatches)
    return find_options(rules.shipping.get(market.code, ()), query, at, calendar_for(rules, country, at))


def calendar_for(rules: ShopRules, country: str, at: datetime) -> Calendar:
    """Return the shop's dispatch days, and the closing days here and in the country, from this moment on."""
    today = timezone.localtime(at).date()
    last = today + timedelta(days=MAX_DELIVERY_SEARCH_DAYS)
    own = [day for day in rules.closing_days.get("", ()) if today <= day <= last]
    here, there = (
        frozenset([*own, *(day for day in rules.closing_days.get(place, ()) if today <= day <= last)])
        for place in (settings.SHOP_COUNTRY, country)
    )
    return Calendar(rules.dispatch_days, here, there)
