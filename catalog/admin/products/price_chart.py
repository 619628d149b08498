"""The chart above the time line of a product's prices: the lowest price that shoppers pay, and the one without the sale."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from django.utils import timezone

from catalog.charts import Chart, Step, step_chart
from catalog.formats import money
from catalog.markets import Market
from catalog.models import Price
from catalog.price_plans import Period

MAX_PAST = timedelta(days=180)
MIN_PAST, FUTURE = timedelta(days=7), timedelta(days=30)


def price_chart(periods: Sequence[Period], market: Market) -> Chart | None:
    """Draw the prices of these periods, or nothing if no price has changed or will change."""
    if len(periods) < 2:  # noqa: PLR2004  (one price and its change)
        return None
    now = timezone.now()
    bounds = [bound for period in periods for bound in (period.valid.lower, period.valid.upper) if bound]
    begins = min(max([now - MAX_PAST, min(bounds)]), now - MIN_PAST)
    latest = max(bounds)
    ends = max(now + FUTURE, latest + (latest - begins) / 20)  # room behind the last change
    prices = [price for period in periods for price in period.prices]
    steps = list(_steps(prices, [begins, *sorted({bound for bound in bounds if bound > begins})]))
    return step_chart(_summary(steps, now, market), steps, ends, now, market.currency)


def _steps(prices: Sequence[Price], moments: Sequence[datetime]) -> Iterator[Step]:
    """The lowest amount at each of these moments, and the lowest regular one while a sale makes it lower."""
    for moment in moments:
        regular, paid = {}, {}
        for price in prices:
            if _applies(price, moment):
                (paid if price.kind == Price.Kind.SALE else regular)[price.variant_id] = price.amount_minor
        lowest = min(regular.values(), default=None)
        lowest_paid = min((regular | paid).values(), default=None)
        yield Step(moment, lowest_paid, lowest if lowest != lowest_paid else None)


def _applies(price: Price, moment: datetime) -> bool:
    begins, ends = price.valid.lower, price.valid.upper
    return (begins is None or begins <= moment) and (ends is None or moment < ends)


def _summary(steps: Sequence[Step], now: datetime, market: Market) -> str:
    current = [step.minor for step in steps if step.begins <= now][-1]
    later = [step.minor for step in steps if step.begins > now]
    changes = f", then {', '.join(money(minor, market.currency) for minor in later[:3])}" if later else ""
    return f"The lowest price over time: {money(current, market.currency)} now{changes}"
