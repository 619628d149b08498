"""Plan prices ahead, take plans back, and read the prices of a product as a time line."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from psycopg.types.range import TimestamptzRange

from catalog.formats import count_of, span
from catalog.markets import Market
from catalog.models import Price, Variant
from catalog.money import format_money
from catalog.prices import PriceRefused, prices_at, schedule_sales, set_price

MAX_PAST_PERIODS = 5


@dataclass(frozen=True)
class Period:
    """Prices of one kind that begin and end together, of one variant or of several."""

    kind: Price.Kind
    valid: TimestamptzRange
    prices: Sequence[Price]
    variants: str
    now: datetime

    @property
    def is_planned(self) -> bool:
        return self.valid.lower is not None and self.valid.lower > self.now

    @property
    def is_past(self) -> bool:
        return self.valid.upper is not None and self.valid.upper <= self.now

    @property
    def is_current_sale(self) -> bool:
        return self.kind == Price.Kind.SALE and not self.is_planned and not self.is_past

    @property
    def state(self) -> str:
        """When it applies: `Past`, `Now` or `Planned`."""
        return "Planned" if self.is_planned else "Past" if self.is_past else "Now"

    @property
    def look(self) -> str:
        """The colour and the shape of the dot of its badge."""
        if self.is_past:
            return "open"
        return "info open" if self.is_planned else "ok"

    @property
    def label(self) -> str:
        return "Sale" if self.kind == Price.Kind.SALE else "Price"

    @property
    def when(self) -> str:
        return span(self.valid)

    @property
    def amount(self) -> str:
        """`€24.00`, or `€24.00 – €28.00` for several variants."""
        amounts = [price.amount_minor for price in self.prices]
        lowest, highest = (format_money(minor, self.prices[0].currency) for minor in (min(amounts), max(amounts)))
        return lowest if lowest == highest else f"{lowest} – {highest}"

    @property
    def ids(self) -> str:
        return ",".join(str(price.pk) for price in self.prices)


def time_line(variants: Sequence[Variant], market: Market) -> list[Period]:
    """The prices of these variants, planned ones first, then current ones, and the last that have ended."""
    now = timezone.now()
    titles = {variant.pk: variant.title for variant in variants}
    found: dict[tuple[str, datetime | None, datetime | None], list[Price]] = {}
    for price in Price.objects.filter(variant_id__in=titles, market=market.code).order_by("pk"):
        found.setdefault((price.kind, price.valid.lower, price.valid.upper), []).append(price)
    periods = [
        Period(Price.Kind(kind), prices[0].valid, prices, _named([titles[p.variant_id] for p in prices], titles), now)
        for (kind, _begins, _ends), prices in found.items()
    ]
    periods.sort(key=lambda period: period.valid.lower.timestamp() if period.valid.lower else 0, reverse=True)
    past = [period for period in periods if period.is_past]
    return [
        *[period for period in periods if period.is_planned],
        *[period for period in periods if not period.is_planned and not period.is_past],
        *past[:MAX_PAST_PERIODS],
    ]


def _named(names: Sequence[str], titles: Mapping[int, str]) -> str:
    if len(names) == len(titles):
        return "All variants" if len(names) > 1 else "This product"
    return names[0] if len(names) == 1 else count_of(len(names), "variant")


@transaction.atomic
def plan_prices(prices: Mapping[int, int], market: Market, begins: datetime) -> None:
    """Plan prices (minor units) by variant id, which apply from `begins` on until the next planned price.

    The price before ends then. No job is needed. Raises PriceRefused if the time has passed.
    """
    if begins <= timezone.now():
        raise PriceRefused("A planned price must begin in the future.")
    rows = _locked(Q(variant_id__in=list(prices), market=market.code, kind=Price.Kind.REGULAR))
    ended, same, created = [], [], []
    for variant_id, amount in prices.items():
        own = [row for row in rows if row.variant_id == variant_id]
        covering = next((row for row in own if _covers(row, begins)), None)
        later = [row.valid.lower for row in own if row.valid.lower and row.valid.lower > begins]
        if covering and covering.valid.lower == begins:
            covering.amount_minor = amount
            same.append(covering)
            continue
        until = covering.valid.upper if covering else min(later, default=None)
        if covering:
            covering.valid = TimestamptzRange(covering.valid.lower, begins)
            ended.append(covering)
        created.append(_new_price(variant_id, market, amount, TimestamptzRange(begins, until)))
    Price.objects.bulk_update(ended, ["valid"], batch_size=1000)
    Price.objects.bulk_update(same, ["amount_minor"], batch_size=1000)
    Price.objects.bulk_create(created, batch_size=1000)


def _new_price(variant_id: int, market: Market, amount: int, valid: TimestamptzRange) -> Price:
    return Price(variant_id=variant_id, market=market.code, currency=market.currency, amount_minor=amount, valid=valid)


def _covers(row: Price, at: datetime) -> bool:
    begins, ends = row.valid.lower, row.valid.upper
    return (begins is None or begins <= at) and (ends is None or at < ends)


def _locked(condition: Q) -> list[Price]:
    return list(Price.objects.select_for_update().filter(condition).order_by("pk"))


def plan_sales(sales: Mapping[int, int], market: Market, begins: datetime, ends: datetime | None) -> None:
    """Plan sale prices (minor units) by variant id. They must be below the prices that apply when the sale begins.

    Raises PriceRefused, and plans nothing, if they are not, or if another sale overlaps.
    """
    regular = prices_at(sales, market, begins)
    variants = Variant.objects.select_related("product").in_bulk(list(sales))
    for variant_id, amount in sales.items():
        if variant_id not in regular:
            raise PriceRefused(f"{variants[variant_id]} has no price then. Enter its price first.")
        price = regular[variant_id]
        if amount >= price.regular_minor:
            then = format_money(price.regular_minor, market.currency)
            raise PriceRefused(f"The sale price of {variants[variant_id]} must be below its price then, {then}.")
    schedule_sales(sales, market, begins, ends)


@transaction.atomic
def end_sales(price_ids: Iterable[int], market: Market) -> int:
    """End these current sales now and return their number. Prices and sales that are planned stay."""
    now = timezone.now()
    sales = _locked(Q(pk__in=list(price_ids), market=market.code, kind=Price.Kind.SALE, valid__contains=now))
    current = prices_at([sale.variant_id for sale in sales], market, now)
    for sale in sales:
        if sale.variant_id in current:
            set_price(sale.variant_id, market, regular_minor=current[sale.variant_id].regular_minor)
    return len(sales)


@transaction.atomic
def cancel_plans(price_ids: Iterable[int], market: Market) -> int:
    """Delete these prices and sales and return their number. The price before a deleted price applies on.

    Raises PriceRefused, and deletes nothing, if one of them has begun.
    """
    plans = _locked(Q(pk__in=list(price_ids), market=market.code))
    now = timezone.now()
    if any(plan.valid.lower is None or plan.valid.lower <= now for plan in plans):
        raise PriceRefused("This has begun already, so it cannot be canceled. Set a new price or end the sale.")
    Price.objects.filter(pk__in=[plan.pk for plan in plans]).delete()
    regular = {plan.variant_id: plan for plan in plans if plan.kind == Price.Kind.REGULAR}
    before = _locked(
        Q(variant_id__in=list(regular), market=market.code, kind=Price.Kind.REGULAR, valid__endswith__gt=now)
    )
    extended = []
    for row in before:
        plan = regular[row.variant_id]
        if row.valid.upper == plan.valid.lower:
            row.valid = TimestamptzRange(row.valid.lower, plan.valid.upper)
            extended.append(row)
    Price.objects.bulk_update(extended, ["valid"], batch_size=1000)
    return len(plans)
