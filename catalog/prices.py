"""The price at an instant is a query."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db import transaction
from django.db.models import OuterRef
from django.db.models.functions import JSONObject
from django.utils import timezone
from psycopg.types.range import TimestamptzRange

from catalog.clock import shop_now
from catalog.errors import CatalogError
from catalog.markets import Market
from catalog.models import Price

PRIOR_PERIOD = timedelta(days=30)


class PriceRefused(CatalogError):
    """A price that cannot hold then; the message is one clear sentence for staff."""


@dataclass(frozen=True)
class CurrentPrice:
    """What a variant costs at an instant, in minor units; `regular_minor` is what it costs without the sale."""

    price_id: int
    amount_minor: int
    regular_minor: int
    currency: str
    ends_at: datetime | None = None

    @property
    def is_on_sale(self) -> bool:
        return self.amount_minor < self.regular_minor


def current_price(rows: Iterable[Price], at: datetime) -> CurrentPrice | None:
    """Choose among the price rows of one variant: the sale price while it holds and is below the regular one."""
    holding = {row.kind: row for row in rows if _holds(row, at)}
    regular, sale = holding.get(Price.Kind.REGULAR), holding.get(Price.Kind.SALE)
    if not regular:
        return None
    paid = sale if sale and sale.amount_minor < regular.amount_minor else regular
    return CurrentPrice(paid.pk, paid.amount_minor, regular.amount_minor, paid.currency, paid.valid.upper)


def _holds(row: Price, at: datetime) -> bool:
    begins, ends = row.valid.lower, row.valid.upper
    return (begins is None or begins <= at) and (ends is None or at < ends)


def prior_price(rows: Iterable[Price], at: datetime) -> int | None:
    """The lowest price, in minor units, of the 30 days before the present sale began; None outside a sale.

    Directive 98/6/EC, article 6a: whoever announces a reduction says the lowest price of the 30 days before it.
    A sale that follows another without a gap counts from the first one's beginning (article 6a (5)). None too
    where the thing was not sold before.
    """
    rows = list(rows)
    now = current_price(rows, at)
    if not now or not now.is_on_sale:
        return None
    begins = _sale_began(rows, at)
    if begins is None:
        return None
    opens = begins - PRIOR_PERIOD
    moments = {opens, *(row.valid.lower for row in rows if row.valid.lower and opens < row.valid.lower < begins)}
    # A regular price may come back the moment that an earlier sale ends.
    moments |= {row.valid.upper for row in rows if row.valid.upper and opens < row.valid.upper < begins}
    paid = [price.amount_minor for moment in moments if (price := current_price(rows, moment))]
    return min(paid, default=None)


def _sale_began(rows: list[Price], at: datetime) -> datetime | None:
    """When the sale of this moment, with those that led to it without a gap, began."""
    sales = [row for row in rows if row.kind == Price.Kind.SALE]
    begins = next(row.valid.lower for row in sales if _holds(row, at))
    while begins and (before := next((row for row in sales if row.valid.upper == begins), None)):
        earlier = current_price(rows, before.valid.lower or begins - timedelta(microseconds=1))
        if not earlier or not earlier.is_on_sale:
            break
        begins = before.valid.lower
    return begins


def price_history(variant_ids: Iterable[int], market: Market) -> dict[int, list[Price]]:
    """Every price row of these variants, past and future, by variant."""
    rows: dict[int, list[Price]] = {}
    for row in Price.objects.filter(variant_id__in=list(variant_ids), market=market.code):
        rows.setdefault(row.variant_id, []).append(row)
    return rows


def prices_at(variant_ids: Iterable[int], market: Market, at: datetime | None = None) -> dict[int, CurrentPrice]:
    """The price of each variant that has one, by one query."""
    at = at or shop_now()
    rows: dict[int, list[Price]] = {}
    for row in Price.objects.filter(variant_id__in=list(variant_ids), market=market.code, valid__contains=at):
        rows.setdefault(row.variant_id, []).append(row)
    found = {variant_id: current_price(group, at) for variant_id, group in rows.items()}
    return {variant_id: price for variant_id, price in found.items() if price}


def price_facts(variant: OuterRef, market: Market, at: datetime) -> ArraySubquery:
    """An annotation: the price rows of an outer query's variant that hold at that moment; see `price_of_facts`."""
    rows = Price.objects.filter(variant=variant, market=market.code, valid__contains=at)
    facts = JSONObject(id="pk", kind="kind", minor="amount_minor", currency="currency")
    return ArraySubquery(rows.values(facts=facts))


def price_of_facts(facts: Iterable[Mapping[str, Any]]) -> CurrentPrice | None:
    """The price that such rows make, chosen as `current_price` does; it does not say when a sale ends."""
    holding = {row["kind"]: row for row in facts}
    regular, sale = holding.get(Price.Kind.REGULAR), holding.get(Price.Kind.SALE)
    if not regular:
        return None
    paid = sale if sale and sale["minor"] < regular["minor"] else regular
    return CurrentPrice(paid["id"], paid["minor"], regular["minor"], paid["currency"])


def markets_with_prices(variant_ids: Iterable[int]) -> set[str]:
    """The codes of the markets in which some of these variants has a price at the shop's moment."""
    rows = Price.objects.filter(variant_id__in=list(variant_ids), kind=Price.Kind.REGULAR, valid__contains=shop_now())
    return set(rows.values_list("market", flat=True).distinct())


@transaction.atomic
def set_price(variant_id: int, market: Market, *, regular_minor: int, sale_minor: int | None = None) -> bool:
    """From now on the variant costs this; what it cost until now stays on record. Returns whether anything changed.

    A sale price that is not below the regular one is no sale. Prices that are planned for later stay.
    """
    return bool(set_prices({variant_id: (regular_minor, sale_minor, None)}, market))


@transaction.atomic
def set_prices(
    wanted: Mapping[int, tuple[int | None, int | None, datetime | None]], market: Market, at: datetime | None = None
) -> set[int]:
    """From now on each variant costs (regular, sale, until when the sale holds), in minor units; None is no price.

    A sale that is over by now is no sale. Returns the variants whose price changed. A constant number of queries,
    however many variants.
    """
    now = at or timezone.now()
    standing: dict[tuple[int, str], list[Price]] = {}
    rows = Price.objects.select_for_update().filter(variant_id__in=list(wanted), market=market.code)
    for row in rows.order_by("pk"):
        standing.setdefault((row.variant_id, row.kind), []).append(row)
    changes = _PriceChanges(market, now)
    for variant_id, (regular, sale, until) in wanted.items():
        is_over = until is not None and until <= now
        is_sale = sale is not None and regular is not None and sale < regular and not is_over
        changes.replace(variant_id, Price.Kind.REGULAR, regular, None, standing.get((variant_id, "regular"), []))
        changes.replace(
            variant_id, Price.Kind.SALE, sale if is_sale else None, until, standing.get((variant_id, "sale"), [])
        )
    return changes.write()


class _PriceChanges:
    """Collects which price rows end, which never held and which begin, and writes them together."""

    def __init__(self, market: Market, now: datetime) -> None:
        self.market = market
        self.now = now
        self.ended: list[Price] = []
        self.unheld: list[int] = []
        self.begun: list[Price] = []

    def replace(
        self, variant_id: int, kind: Price.Kind, amount: int | None, until: datetime | None, rows: list[Price]
    ) -> None:
        current = next((row for row in rows if _holds(row, self.now)), None)
        is_same = current and current.amount_minor == amount and (until is None or current.valid.upper == until)
        if is_same or (current is None and amount is None):
            return
        if current:
            self._end(current)
        if amount is not None:
            later = [row.valid.lower for row in rows if row.valid.lower and row.valid.lower > self.now]
            self._begin(variant_id, kind, amount, min([*later, *([until] if until else [])], default=None))

    def _end(self, row: Price) -> None:
        """The row held until now; one that begins now never held."""
        if row.valid.lower is not None and row.valid.lower >= self.now:
            self.unheld.append(row.pk)
        else:
            row.valid = TimestamptzRange(row.valid.lower, self.now)
            self.ended.append(row)

    def _begin(self, variant_id: int, kind: Price.Kind, amount: int, until: datetime | None) -> None:
        self.begun.append(
            Price(
                variant_id=variant_id,
                market=self.market.code,
                currency=self.market.currency,
                kind=kind,
                amount_minor=amount,
                valid=TimestamptzRange(self.now, until),
            )
        )

    def write(self) -> set[int]:
        Price.objects.filter(pk__in=self.unheld).delete()
        Price.objects.bulk_update(self.ended, ["valid"], batch_size=1000)
        Price.objects.bulk_create(self.begun, batch_size=1000)
        return {row.variant_id for row in [*self.ended, *self.begun]}


@transaction.atomic
def schedule_sales(sales: Mapping[int, int], market: Market, begins: datetime, ends: datetime | None) -> None:
    """Each variant costs its sale price (minor units) from `begins` to `ends`, with no job running.

    Raises PriceRefused, and plans nothing, where another sale is planned for some of that time or the end is not
    after the beginning.
    """
    if ends is not None and ends <= begins:
        raise PriceRefused("The end of the sale must be after its start.")
    span = TimestamptzRange(begins, ends)
    taken = Price.objects.filter(
        variant_id__in=list(sales), market=market.code, kind=Price.Kind.SALE, valid__overlap=span
    )
    if found := taken.select_related("variant__product").first():
        raise PriceRefused(f"{found.variant} already has a sale at that time.")
    Price.objects.bulk_create(
        [
            Price(
                variant_id=variant_id,
                market=market.code,
                currency=market.currency,
                kind=Price.Kind.SALE,
                amount_minor=amount,
                valid=span,
            )
            for variant_id, amount in sales.items()
        ],
        batch_size=1000,
    )


@transaction.atomic
def replace_planned_sales(
    planned: Mapping[int, list[tuple[int, datetime, datetime | None]]], market: Market, at: datetime | None = None
) -> None:
    """The sales that have not begun yet are exactly these, as (minor units, begins, ends), for each variant.

    What was to begin by now begins now, and what is over by now is left out: nobody paid these prices before.
    """
    now = at or timezone.now()
    Price.objects.filter(
        variant_id__in=list(planned), market=market.code, kind=Price.Kind.SALE, valid__startswith__gt=now
    ).delete()
    rows = [
        Price(
            variant_id=variant_id,
            market=market.code,
            currency=market.currency,
            kind=Price.Kind.SALE,
            amount_minor=amount,
            valid=TimestamptzRange(max(begins, now), ends),
        )
        for variant_id, sales in planned.items()
        for amount, begins, ends in sales
        if ends is None or ends > now
    ]
    Price.objects.bulk_create(rows, batch_size=1000)
