"""The figures of the home page: sales of today, of seven and of thirty days, beside the time before."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

from django.core.cache import caches
from django.utils import timezone
from django.utils.formats import date_format

from catalog.charts import Chart, Point, bar_chart, line_chart
from catalog.formats import count_of, money
from catalog.markets import Market
from catalog.money import MINUS
from payments.reports.books import Sales, SumRow, sales_by_hour, sales_of, sums_between, sums_of
from payments.reports.periods import Period

KEPT_SECONDS = 60
WEEK, MONTH = 7, 30  # days


@dataclass(frozen=True)
class Change:
    """A change in percent against the time before, with its look: ok, bad or nothing. Empty if nothing compares."""

    text: str = ""
    look: str = ""


@dataclass(frozen=True)
class Comparison:
    """One figure, its value before, and the change."""

    label: str
    now: str
    before: str
    change: Change


@dataclass(frozen=True)
class Figure:
    """Sales of one span of time."""

    title: str
    versus: str
    amount: str
    change: Change
    sentence: str
    chart: Chart
    before_label: str
    comparisons: Sequence[Comparison]


def change_of(now: int | Decimal | None, before: int | Decimal | None) -> Change:
    """Return the change in percent: `+8.2 %`, `−3.0 %`. Nothing compares with zero or less."""
    if now is None or before is None or before <= 0:
        return Change()
    percent = (Decimal(now - before) * 100 / Decimal(before)).quantize(Decimal("0.1"), ROUND_HALF_UP)
    sign = "+" if percent > 0 else MINUS if percent < 0 else ""
    return Change(f"{sign}{abs(percent)} %", "ok" if percent > 0 else "bad" if percent < 0 else "")


def percent(value: Decimal | None) -> str:
    """`3.4 %`, or a dash."""
    return "–" if value is None else f"{value.quantize(Decimal('0.1'), ROUND_HALF_UP)} %"


def figures_of(market: Market) -> list[Figure]:
    """Return the figures of the market in its currency. They may be a minute old."""
    key = f"figures-{market.code}-{timezone.localdate()}"
    kept = caches["process"].get(key)
    if kept is None:
        kept = _figures(market, timezone.now())
        caches["process"].set(key, kept, KEPT_SECONDS)
    return kept


def _figures(market: Market, now: datetime) -> list[Figure]:
    today = timezone.localdate(now)
    month = Period.last_days(MONTH, today)
    rows = [row for row in sums_of(Period(month.before.first, today), market.code) if row.currency == market.currency]
    return [_today(market, now, rows), _days(market, rows, WEEK, today), _days(market, rows, MONTH, today)]


def _today(market: Market, now: datetime, rows: list[SumRow]) -> Figure:
    """Compare today with the same weekday of the week before, up to the same time on the clock."""
    today = timezone.localdate(now)
    period, last_week = Period(today, today), Period.last_days(1, today - timedelta(days=WEEK))
    until = timezone.localtime(now).replace(tzinfo=None)
    same_time = timezone.make_aware(until - timedelta(days=WEEK))
    before = [row for row in sums_between(last_week.begins, same_time, market.code) if row.currency == market.currency]
    hours = sales_by_hour(period.begins, now, market.code, market.currency)
    points = [Point(f"{hour:02}:00", hours.get(hour, 0)) for hour in range(until.hour + 1)]
    versus = f"on last {date_format(last_week.first, 'l')} by {until:%H:%M}"
    chart = bar_chart("Sales today by hour", points, market.currency)
    sales = sales_of(row for row in rows if row.day == today)
    return _figure("Today", versus, f"Last {date_format(last_week.first, 'l')}", sales, sales_of(before), chart, market)


def _days(market: Market, rows: list[SumRow], count: int, today: date) -> Figure:
    period = Period.last_days(count, today)
    by_day: dict[date, list[SumRow]] = {}
    for row in rows:
        by_day.setdefault(row.day, []).append(row)
    label = "D j" if count == WEEK else "j M"
    points = [
        Point(
            date_format(day, label),
            sales_of(by_day.get(day, [])).net_sales_minor,
            sales_of(by_day.get(before, [])).net_sales_minor,
            date_format(day, "D") if count == WEEK else "",
        )
        for day, before in zip(period.days(), period.before.days(), strict=True)
    ]
    draw = bar_chart if count == WEEK else line_chart
    chart = draw(f"Sales in the last {count} days", points, market.currency)
    now, before = (
        sales_of(row for row in rows if span.first <= row.day <= span.last) for span in (period, period.before)
    )
    return _figure(
        f"Last {count} days", f"on the {count} days before", f"{count} days before", now, before, chart, market
    )


def _figure(  # noqa: PLR0913  (each is a part of the figure)
    title: str, versus: str, before_label: str, now: Sales, before: Sales, chart: Chart, market: Market
) -> Figure:
    currency = market.currency
    comparisons = [
        Comparison(
            "Sales",
            money(now.net_sales_minor, currency),
            money(before.net_sales_minor, currency),
            change_of(now.net_sales_minor, before.net_sales_minor),
        ),
        Comparison("Orders", f"{now.orders:,}", f"{before.orders:,}", change_of(now.orders, before.orders)),
        Comparison(
            "Average order",
            money(now.average_minor, currency),
            money(before.average_minor, currency),
            change_of(now.average_minor, before.average_minor),
        ),
        Comparison(
            "Carts that were paid",
            percent(now.cart_to_paid),
            percent(before.cart_to_paid),
            change_of(now.cart_to_paid, before.cart_to_paid),
        ),
    ]
    parts = [count_of(now.orders, "order")]
    if now.average_minor is not None:
        parts.append(f"{money(now.average_minor, currency)} on average")
    if now.cart_to_paid is not None and now.cart_to_paid <= 100:  # noqa: PLR2004  (orders without a cart would make it more)
        parts.append(f"{percent(now.cart_to_paid)} of carts paid")
    return Figure(
        title=title,
        versus=versus,
        amount=money(now.net_sales_minor, currency),
        change=comparisons[0].change,
        sentence=" · ".join(parts),
        chart=chart,
        before_label=before_label,
        comparisons=comparisons,
    )
