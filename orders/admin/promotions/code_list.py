"""The codes of a promotion, page by page: search, uses, stopping a code, and the download of all of them."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.db.models import IntegerField, OuterRef, QuerySet, Subquery
from django.http import QueryDict, StreamingHttpResponse

from catalog.capped_counts import MAX_COUNTED, shown_count
from orders.admin.promotions.change_list import is_number
from orders.models import Coupon, Promotion, PromotionUse
from orders.promotions import plain_code

PER_PAGE = 25
CSV_HEAD = ("code", "uses", "maximum uses", "batch")


class _HeldUses(Subquery):
    """The number of orders that hold a use of a code: also of codes without a limit, whose uses are not counted."""

    template = "(SELECT count(*) FROM (%(subquery)s) AS held)"

    def __init__(self) -> None:
        held = PromotionUse.objects.filter(coupon=OuterRef("pk"), given_back_at=None).order_by()
        super().__init__(held.values("pk")[: MAX_COUNTED + 1], output_field=IntegerField())


@dataclass(frozen=True)
class CodeRow:
    """A code in words."""

    coupon: Coupon
    code: str
    used: str
    state: str
    look: str
    can_be_stopped: bool


@dataclass(frozen=True)
class CodeList:
    """One page of the codes of a promotion, newest first."""

    rows: Sequence[CodeRow]
    query: str
    next_url: str
    hint: str


def with_uses(coupons: QuerySet[Coupon]) -> QuerySet[Coupon]:
    """The codes with the number of their uses."""
    return coupons.annotate(held_uses=_HeldUses())


def matching(coupons: QuerySet[Coupon], query: str, *, sees_codes: bool) -> QuerySet[Coupon]:
    """The codes that begin with what is searched for; only the one that is equal to it for readers who see none.

    Otherwise they could guess a code letter by letter.
    """
    lookup = "code__startswith" if sees_codes else "code"
    return coupons.filter(**{lookup: plain_code(query)[:40]})


def code_list(promotion: Promotion, parameters: QueryDict, *, sees_codes: bool) -> CodeList:
    """The page of codes that the URL asks for: those that match `?q=`, after the one in `?after=`."""
    query, after = parameters.get("q", "").strip(), parameters.get("after", "")
    coupons = promotion.coupons.order_by("-pk")
    if query:
        coupons = matching(coupons, query, sees_codes=sees_codes)
    if is_number(after):
        coupons = coupons.filter(pk__lt=after)
    found = list(with_uses(coupons)[: PER_PAGE + 1])
    shown = found[:PER_PAGE]
    more = urlencode({**({"q": query} if query else {}), "after": shown[-1].pk}) if len(found) > PER_PAGE else ""
    return CodeList(
        [_row(coupon, sees_codes=sees_codes) for coupon in shown],
        query,
        f"?{more}" if more else "",
        "Beginning of a code" if sees_codes else "A whole code",
    )


def _row(coupon: Any, *, sees_codes: bool) -> CodeRow:
    is_used_up = coupon.most_uses is not None and coupon.held_uses >= coupon.most_uses
    limit = f" of {coupon.most_uses:,}" if coupon.most_uses is not None else ""
    state, look = ("Cannot be used any more", "") if is_used_up else ("Can be used", "ok")
    code = coupon.code if sees_codes else coupon.masked
    return CodeRow(coupon, code, f"{shown_count(coupon.held_uses)}{limit}", state, look, not is_used_up)


def code_file(coupons: QuerySet[Coupon], name: str) -> StreamingHttpResponse:
    """The codes as CSV, with their uses."""
    response = StreamingHttpResponse(_lines(coupons), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return response


class _Echo:
    """A file whose write() returns the line."""

    def write(self, line: str) -> str:
        return line


def _lines(coupons: QuerySet[Coupon]) -> Iterator[str]:
    writer = csv.writer(_Echo())
    rows: Iterable[Any] = with_uses(coupons.order_by("pk")).values_list("code", "held_uses", "most_uses", "batch")
    yield writer.writerow(CSV_HEAD)
    for row in rows.iterator(chunk_size=2000):  # type: ignore[attr-defined]
        yield writer.writerow(row)
