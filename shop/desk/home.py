"""The home page of the desk: what needs doing, how the shop sells, and whether it is well."""

from dataclasses import dataclass
from typing import Any, cast

from django.core.cache import caches
from django.db.models import F
from django.http import HttpRequest
from django.utils import timezone
from django.utils.formats import date_format

from accounts.models import User
from catalog.admin.tile_registry import tiles
from catalog.formats import count_of, money
from catalog.markets import Market, all_markets, default_market
from catalog.models import Store
from orders.admin.order_list.rows import TEST, Badge, shipping_badge, usual_payment
from orders.admin.order_page.panels import SEE_CUSTOMER
from orders.models import Order
from shop import facts
from shop.desk.checklist import Checklist, checklist_for, was_done
from shop.desk.figures import figures_of
from shop.desk.lights import Lights, lights_for, seen
from shop.desk.shop_name import keep_name

SEE_REPORTS = "payments.view_reports"
SEE_ORDERS = "orders.view_order"
LATEST_ORDERS = 5
MAX_PICTURES = 3
NAME = "name of the store"
COMPLETE, COMPLETE_SECONDS = "home-complete", 60  # that the audit found the shop complete
MORNING_ENDS, AFTERNOON_ENDS = 12, 18  # hours


@dataclass(frozen=True)
class MarketLink:
    """A market whose figures the home page can show."""

    market: Market
    is_current: bool


@dataclass(frozen=True)
class LatestOrder:
    """An order as the home page shows it."""

    order: Order
    customer: str
    pictures: list[Any]
    items: str
    total: str
    payment: Badge
    shipping: Badge
    test: Badge | None


def home(request: HttpRequest) -> dict[str, Any]:
    """Return what the home page shows to the user of the request."""
    user = cast(User, request.user)
    lights, checklist = _lights_and_checklist(user)
    market = all_markets().get(request.GET.get("market", "")) or default_market()
    markets = [MarketLink(each, each == market) for each in all_markets().values()]
    sees_figures = user.has_perm(SEE_REPORTS)
    return {
        "title": "Welcome to your shop" if checklist else f"{greeting()}{_name(user)}",
        "now": timezone.now(),
        "weekday": date_format(timezone.localtime(), "l"),
        "checklist": checklist,
        "tiles": tiles.shown_to(user),
        "figures": figures_of(market) if sees_figures else [],
        "markets": markets if sees_figures and len(markets) > 1 else [],
        "lights": lights,
        "sees_orders": user.has_perm(SEE_ORDERS),
        "latest": latest_orders(user) if user.has_perm(SEE_ORDERS) else [],
    }


def _lights_and_checklist(user: User) -> tuple[Lights, Checklist | None]:
    """Read both with one query, and the shop's name. What a shop needs is left out if it lacked nothing a moment ago."""
    is_known = was_done() or caches["process"].get(COMPLETE)
    name = facts.rows_of(Store.objects.order_by("id"), NAME, text=F("name"))
    known = facts.read(name, *seen(), *([] if is_known else facts.needed()))
    named = known.get(NAME)
    keep_name(named.text if named else "")
    lights = lights_for(user, known)
    if lights.is_complete:
        caches["process"].set(COMPLETE, value=True, timeout=COMPLETE_SECONDS)
        return lights, None
    return lights, checklist_for(user, None if is_known else known)


def greeting() -> str:
    """The greeting of this time of day."""
    hour = timezone.localtime().hour
    if hour < MORNING_ENDS:
        return "Good morning"
    return "Good afternoon" if hour < AFTERNOON_ENDS else "Good evening"


def _name(user: User) -> str:
    first_name = user.name.partition(" ")[0]
    return f", {first_name}" if first_name else ""


def latest_orders(user: User) -> list[LatestOrder]:
    """Return the newest orders with their pictures, with two queries."""
    orders = Order.objects.defer("receipt").order_by("-placed_at").prefetch_related("lines")[:LATEST_ORDERS]
    sees_customer = user.has_perm(SEE_CUSTOMER)
    return [
        LatestOrder(
            order=order,
            customer=order.name if sees_customer else order.country,
            pictures=[line.image for line in order.lines.all() if line.image][:MAX_PICTURES],
            items=count_of(sum(line.quantity for line in order.lines.all()), "item"),
            total=money(order.total_minor, order.currency),
            payment=usual_payment(order).badge,
            shipping=shipping_badge(order),
            test=TEST if order.is_test else None,
        )
        for order in orders
    ]
