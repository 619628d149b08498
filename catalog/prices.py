"""The price at an instant is a query."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils import timezone
from psycopg.types.range import TimestamptzRange

from catalog.markets import Market
from catalog.models import Price


@dataclass(frozen=True)
class CurrentPrice:
    """What a variant costs at an instant, in minor units; `regular_minor` is what it costs without the sale."""

    price_id: int
    amount_minor: int
    regular_minor: int
    currency: str

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
    return CurrentPrice(paid.pk, paid.amount_minor, regular.amount_minor, paid.currency)


def _holds(row: Price, at: datetime) -> bool:
    begins, ends = row.valid.lower, row.valid.upper
    return (begins is None or begins <= at) and (ends is None or at < ends)


def prices_at(variant_ids: Iterable[int], market: Market, at: datetime | None = None) -> dict[int, CurrentPrice]:
    """The price of each variant that has one, by one query."""
    at = at or timezone.now()
    rows: dict[int, list[Price]] = {}
    for row in Price.objects.filter(variant_id__in=list(variant_ids), market=market.code, valid__contains=at):
        rows.setdefault(row.variant_id, []).append(row)
    found = {variant_id: current_price(group, at) for variant_id, group in rows.items()}
    return {variant_id: price for variant_id, price in found.items() if price}


@transaction.atomic
def set_price(variant_id: int, market: Market, *, regular_minor: int, sale_minor: int | None = None) -> bool:
    """From now on the variant costs this; what it cost until now stays on record. Returns whether anything changed.

    A sale price that is not below the regular one is no sale.
    """
    if sale_minor is not None and sale_minor >= regular_minor:
        sale_minor = None
    now = timezone.now()
    is_regular_new = _replace(variant_id, market, Price.Kind.REGULAR, regular_minor, now)
    return _replace(variant_id, market, Price.Kind.SALE, sale_minor, now) or is_regular_new


def _replace(variant_id: int, market: Market, kind: Price.Kind, amount_minor: int | None, now: datetime) -> bool:
    rows = Price.objects.select_for_update().filter(variant_id=variant_id, market=market.code, kind=kind)
    current = rows.filter(valid__contains=now).first()
    if (current.amount_minor if current else None) == amount_minor:
        return False
    if current:
        _end(current, now)
    if amount_minor is not None:
        upcoming = rows.filter(valid__startswith__gt=now).order_by("valid").first()
        Price.objects.create(
            variant_id=variant_id,
            market=market.code,
            currency=market.currency,
            kind=kind,
            amount_minor=amount_minor,
            valid=TimestamptzRange(now, upcoming.valid.lower if upcoming else None),
        )
    return True


def _end(row: Price, now: datetime) -> None:
    """The row held until now; one that begins now never held."""
    if row.valid.lower is not None and row.valid.lower >= now:
        row.delete()
        return
    row.valid = TimestamptzRange(row.valid.lower, now)
    row.save(update_fields=["valid"])
