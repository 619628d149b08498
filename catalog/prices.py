"""Read and set the prices of variants, which are valid for periods and per market."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.db.models.expressions import RawSQL
from django.utils import timezone
from psycopg.types.range import TimestamptzRange

from catalog.clock import shop_now
from catalog.errors import CatalogError
from catalog.markets import Market
from catalog.models import Price
from catalog.money import ShownPrice

PRIOR_PERIOD = timedelta(days=30)


class PriceRefused(CatalogError):
    """The price or sale is not possible in that period. The message is for staff."""


@dataclass(frozen=True)
class CurrentPrice:
    """The price of a variant at a point in time, in minor units; `regular_minor` is the price without the sale."""

    price_id: int
    amount_minor: int
    regular_minor: int
    currency: str
    ends_at: datetime | None = None

    @property
    def is_on_sale(self) -> bool:
        return self.amount_minor < self.regular_minor

    @property
    def shown_price(self) -> ShownPrice:
        return ShownPrice(self.amount_minor, self.currency, self.regular_minor if self.is_on_sale else None)


def current_price(rows: Iterable[Price], at: datetime) -> CurrentPrice | None:
    """The price of one variant from its price rows: the sale price if one is valid and below the regular price."""
    valid = {row.kind: row for row in rows if _is_valid(row, at)}
    regular, sale = valid.get(Price.Kind.REGULAR), valid.get(Price.Kind.SALE)
    if not regular:
        return None
    paid = sale if sale and sale.amount_minor < regular.amount_minor else regular
    return CurrentPrice(paid.pk, paid.amount_minor, regular.amount_minor, paid.currency, paid.valid.upper)


def _is_valid(row: Price, at: datetime) -> bool:
    begins, ends = row.valid.lower, row.valid.upper
    return (begins is None or begins <= at) and (ends is None or at < ends)


def prior_price(rows: Iterable[Price], at: datetime) -> int | None:
    """The lowest price, in minor units, of the 30 days before the current sale began.

    Directive 98/6/EC, article 6a, requires showing it with a reduced price. Consecutive sales without a gap count as one
    sale (article 6a (5)). None if there is no sale, or if the variant was not sold before it.
    """
    rows = list(rows)
    price_now = current_price(rows, at)
    if not price_now or not price_now.is_on_sale:
        return None
    begins = _sale_began(rows, at)
    if begins is None:
        return None
    opens = begins - PRIOR_PERIOD
    moments = {opens, *(row.valid.lower for row in rows if row.valid.lower and opens < row.valid.lower < begins)}
    # The end of an earlier sale can change the price back to the regular one.
    moments |= {row.valid.upper for row in rows if row.valid.upper and opens < row.valid.upper < begins}
    paid = [price.amount_minor for moment in moments if (price := current_price(rows, moment))]
    return min(paid, default=None)


def _sale_began(rows: list[Price], at: datetime) -> datetime | None:
    """The beginning of the current sale, or of the first of consecutive sales without a gap; None if it has none."""
    sales = [row for row in rows if row.kind == Price.Kind.SALE]
    begins = next(row.valid.lower for row in sales if _is_valid(row, at))
    while begins and (before := next((row for row in sales if row.valid.upper == begins), None)):
        earlier = current_price(rows, before.valid.lower or begins - timedelta(microseconds=1))
        if not earlier or not earlier.is_on_sale:
            break
        begins = before.valid.lower
    return begins


def price_history(variant_ids: Iterable[int], market: Market) -> dict[int, list[Price]]:
    """All price rows of these variants, past and future, by variant id."""
    rows: dict[int, list[Price]] = {}
    for row in Price.objects.filter(variant_id__in=list(variant_ids), market=market.code):
        rows.setdefault(row.variant_id, []).append(row)
    return rows


def prices_at(variant_ids: Iterable[int], market: Market, at: datetime | None = None) -> dict[int, CurrentPrice]:
    """The prices by variant id at a time, by default the shop's current one, with one query."""
    at = at or shop_now()
    rows: dict[int, list[Price]] = {}
    for row in Price.objects.filter(variant_id__in=list(variant_ids), market=market.code, valid__contains=at):
        rows.setdefault(row.variant_id, []).append(row)
    prices = {variant_id: current_price(variant_rows, at) for variant_id, variant_rows in rows.items()}
    return {variant_id: price for variant_id, price in prices.items() if price}


VALID_PRICE_ROWS = """
(SELECT coalesce(json_agg(json_build_object(
    'id', price.id, 'kind', price.kind, 'minor', price.amount_minor, 'currency', price.currency)), '[]')
 FROM catalog_price price
 WHERE price.variant_id = catalog_variant.id AND price.market = %s AND price.valid @> %s)
"""


def valid_price_rows(market: Market, at: datetime) -> RawSQL:
    """An annotation with the price rows, valid at `at`, of the variant in a query, for price_from_rows()."""
    return RawSQL(VALID_PRICE_ROWS, [market.code, at])  # noqa: S611  (our own text; decision 33 says why not the ORM)


def price_from_rows(rows: Iterable[Mapping[str, Any]]) -> CurrentPrice | None:
    """The price from rows of valid_price_rows(), chosen like in current_price(), but without the end of a sale."""
    by_kind = {row["kind"]: row for row in rows}
    regular, sale = by_kind.get(Price.Kind.REGULAR), by_kind.get(Price.Kind.SALE)
    if not regular:
        return None
    paid = sale if sale and sale["minor"] < regular["minor"] else regular
    return CurrentPrice(paid["id"], paid["minor"], regular["minor"], paid["currency"])


def markets_with_prices(variant_ids: Iterable[int]) -> set[str]:
    """The codes of the markets in which at least one of these variants has a price now."""
    rows = Price.objects.filter(variant_id__in=list(variant_ids), kind=Price.Kind.REGULAR, valid__contains=shop_now())
    return set(rows.values_list("market", flat=True).distinct())


@transaction.atomic
def set_price(variant_id: int, market: Market, *, regular_minor: int, sale_minor: int | None = None) -> bool:
    """Set the price from now on and return whether anything changed. The previous price stays in the history.

    A sale price that is not below the regular price is ignored. Prices planned for later stay.
    """
    return bool(set_prices({variant_id: (regular_minor, sale_minor, None)}, market))


@transaction.atomic
def set_prices(
    wanted: Mapping[int, tuple[int | None, int | None, datetime | None]], market: Market, at: datetime | None = None
) -> set[int]:
    """Set prices from now on, given as (regular, sale, end of the sale) in minor units; return the changed variants.

    None removes a price. A sale that has ended or is not below the regular price is ignored. Runs a constant number of
    queries.
    """
    now = at or timezone.now()
    existing: dict[tuple[int, str], list[Price]] = {}
    rows = Price.objects.select_for_update().filter(variant_id__in=list(wanted), market=market.code)
    for row in rows.order_by("pk"):
        existing.setdefault((row.variant_id, row.kind), []).append(row)
    changes = _PriceChanges(market, now)
    for variant_id, (regular, sale, until) in wanted.items():
        is_over = until is not None and until <= now
        is_sale = sale is not None and regular is not None and sale < regular and not is_over
        changes.replace(variant_id, Price.Kind.REGULAR, regular, None, existing.get((variant_id, "regular"), []))
        changes.replace(
            variant_id, Price.Kind.SALE, sale if is_sale else None, until, existing.get((variant_id, "sale"), [])
        )
    return changes.write()


class _PriceChanges:
    """Collects price rows to end, to delete and to create, and writes them together."""

    def __init__(self, market: Market, now: datetime) -> None:
        self.market = market
        self.now = now
        self.ended: list[Price] = []
        self.deleted: list[int] = []
        self.created: list[Price] = []

    def replace(
        self, variant_id: int, kind: Price.Kind, amount: int | None, until: datetime | None, rows: list[Price]
    ) -> None:
        current = next((row for row in rows if _is_valid(row, self.now)), None)
        is_same = current and current.amount_minor == amount and (until is None or current.valid.upper == until)
        if is_same or (current is None and amount is None):
            return
        if current:
            self._end(current)
        if amount is not None:
            later = [row.valid.lower for row in rows if row.valid.lower and row.valid.lower > self.now]
            self._begin(variant_id, kind, amount, min([*later, *([until] if until else [])], default=None))

    def _end(self, row: Price) -> None:
        """End the row now, or delete it if it would begin now."""
        if row.valid.lower is not None and row.valid.lower >= self.now:
            self.deleted.append(row.pk)
        else:
            row.valid = TimestamptzRange(row.valid.lower, self.now)
            self.ended.append(row)

    def _begin(self, variant_id: int, kind: Price.Kind, amount: int, until: datetime | None) -> None:
        self.created.append(
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
        Price.objects.filter(pk__in=self.deleted).delete()
        Price.objects.bulk_update(self.ended, ["valid"], batch_size=1000)
        Price.objects.bulk_create(self.created, batch_size=1000)
        return {row.variant_id for row in [*self.ended, *self.created]}


@transaction.atomic
def schedule_sales(sales: Mapping[int, int], market: Market, begins: datetime, ends: datetime | None) -> None:
    """Plan sale prices (minor units) by variant id from `begins` to `ends`. No job is needed for them to take effect.

    Raises PriceRefused, and plans nothing, if another sale overlaps or the end is not after the beginning.
    """
    if ends is not None and ends <= begins:
        raise PriceRefused("The end of the sale must be after its start.")
    period = TimestamptzRange(begins, ends)
    overlapping = Price.objects.filter(
        variant_id__in=list(sales), market=market.code, kind=Price.Kind.SALE, valid__overlap=period
    )
    if price := overlapping.select_related("variant__product").first():
        raise PriceRefused(f"{price.variant} already has a sale at that time.")
    Price.objects.bulk_create(
        [
            Price(
                variant_id=variant_id,
                market=market.code,
                currency=market.currency,
                kind=Price.Kind.SALE,
                amount_minor=amount,
                valid=period,
            )
            for variant_id, amount in sales.items()
        ],
        batch_size=1000,
    )


Plans = Mapping[int, list[tuple[int, datetime, datetime | None]]]  # (minor units, begins, ends) by variant id


@transaction.atomic
def replace_planned_sales(planned: Plans, market: Market, at: datetime | None = None) -> None:
    """Replace all sales that have not begun by these.

    Sales that should have begun by now begin now, and those that have ended are left out, so no sale begins in the past.
    """
    now = at or timezone.now()
    _not_begun(planned, market, Price.Kind.SALE, now).delete()
    _create_plans(planned, market, Price.Kind.SALE, now)


@transaction.atomic
def replace_planned_prices(planned: Plans, market: Market, at: datetime | None = None) -> None:
    """Replace all regular prices that have not begun by these. The current price applies until the first of them."""
    now = at or timezone.now()
    _not_begun(planned, market, Price.Kind.REGULAR, now).delete()
    current = Price.objects.select_for_update().filter(
        variant_id__in=list(planned), market=market.code, kind=Price.Kind.REGULAR, valid__contains=now
    )
    changed = []
    for row in current.order_by("pk"):
        until = min((max(begins, now) for _amount, begins, _ends in planned[row.variant_id]), default=None)
        if row.valid.upper != until:
            row.valid = TimestamptzRange(row.valid.lower, until)
            changed.append(row)
    Price.objects.bulk_update(changed, ["valid"], batch_size=1000)
    _create_plans(planned, market, Price.Kind.REGULAR, now)


def _not_begun(planned: Plans, market: Market, kind: Price.Kind, now: datetime) -> QuerySet[Price]:
    return Price.objects.filter(variant_id__in=list(planned), market=market.code, kind=kind, valid__startswith__gt=now)


def _create_plans(planned: Plans, market: Market, kind: Price.Kind, now: datetime) -> None:
    rows = [
        Price(
            variant_id=variant_id,
            market=market.code,
            currency=market.currency,
            kind=kind,
            amount_minor=amount,
            valid=TimestamptzRange(max(begins, now), ends),
        )
        for variant_id, plans in planned.items()
        for amount, begins, ends in plans
        if ends is None or ends > now
    ]
    Price.objects.bulk_create(rows, batch_size=1000)
