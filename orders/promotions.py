"""Promotions as rules for pricing, and how often they were used: counted in the order's transaction."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import connection, transaction

from orders.errors import PromotionUsedUp
from orders.models import Order, PromotionUse
from orders.pricing import Rule, Scope, Tier
from orders.rulebook import Rulebook

USED_UP = "It has been used up."
USED_BY_YOU = "You have used it as often as one customer may."

# One statement a promotion, with its limits as conditions on the rows' own columns: of fifty buyers who want the last
# use one gets it, whatever they saw before. Without a limit no row is locked, so nobody waits for anybody.
TAKE = """
WITH promotion AS (
  UPDATE orders_promotion SET uses = uses + 1 WHERE id = %(promotion)s AND most_uses IS NOT NULL AND uses < most_uses
  RETURNING id
), coupon AS (
  UPDATE orders_coupon SET uses = uses + 1 WHERE id = %(coupon)s AND most_uses IS NOT NULL AND uses < most_uses
  RETURNING id
), customer AS (
  INSERT INTO orders_promotioncustomer AS seen (promotion_id, customer, uses)
  SELECT id, %(customer)s, 1 FROM orders_promotion WHERE id = %(promotion)s AND %(most_each)s::int > 0
  ON CONFLICT (promotion_id, customer) DO UPDATE SET uses = seen.uses + 1 WHERE seen.uses < %(most_each)s
  RETURNING id
), written AS (
  INSERT INTO orders_promotionuse (order_id, promotion_id, coupon_id, customer, saved_minor, created_at)
  VALUES (%(order)s, %(promotion)s, %(coupon)s, %(customer)s, %(saved)s, now())
  ON CONFLICT (order_id, promotion_id) DO UPDATE SET given_back_at = NULL
)
SELECT (SELECT count(*) FROM promotion), (SELECT count(*) FROM coupon), (SELECT count(*) FROM customer)
"""
# The same rows in the same order as TAKE locks them: promotion, coupon, customer.
GIVE_BACK = """
WITH given AS (
  UPDATE orders_promotionuse SET given_back_at = now()
  WHERE order_id = %(order)s AND promotion_id = %(promotion)s AND given_back_at IS NULL
  RETURNING promotion_id, coupon_id, customer
), promotion AS (
  UPDATE orders_promotion p SET uses = p.uses - 1 FROM given WHERE p.id = given.promotion_id AND p.uses > 0
    AND p.most_uses IS NOT NULL RETURNING p.id
), coupon AS (
  UPDATE orders_coupon c SET uses = c.uses - 1 FROM given WHERE c.id = given.coupon_id AND c.uses > 0
    AND c.most_uses IS NOT NULL RETURNING c.id
), customer AS (
  UPDATE orders_promotioncustomer u SET uses = u.uses - 1 FROM given
  WHERE u.promotion_id = given.promotion_id AND u.customer = given.customer AND u.uses > 0 RETURNING u.id
)
SELECT (SELECT count(*) FROM promotion), (SELECT count(*) FROM coupon), (SELECT count(*) FROM customer)
"""


def plain_code(text: str) -> str:
    """A code as it is kept: capitals and digits, whatever spaces and dashes were typed."""
    return re.sub(r"[^0-9A-Z]", "", unicodedata.normalize("NFKC", text).upper())[:40]


def rules_of(book: Rulebook) -> tuple[Rule, ...]:
    return tuple(_rule(row) for row in book.promotions)


def _rule(row: Mapping[str, Any]) -> Rule:
    return Rule(
        id=row["id"],
        name=row["name"],
        kind=row["kind"],
        lane=row["lane"],
        position=row["position"],
        is_exclusive=row["is_exclusive"],
        percent=Decimal(row["percent"]),
        amount_minor=row["amount_minor"],
        buy_quantity=row["buy_quantity"],
        get_quantity=row["get_quantity"],
        most_times=row["most_times"],
        tiers=tuple(
            Tier(Decimal(tier["percent"]), tier["amount_minor"], tier["from_quantity"], tier["from_minor"])
            for tier in row["tiers"]
        ),
        scope=Scope(tuple(row["products"]), tuple(row["categories"]), tuple(row["collections"])),
        reward=Scope(tuple(row["rewards"])),
        excludes_sale=row["excludes_sale"],
        minimum_minor=row["minimum_minor"],
        minimum_quantity=row["minimum_quantity"],
        begins_at=_moment(row["begins_at"]),
        ends_at=_moment(row["ends_at"]),
        countries=tuple(row["countries"]),
        methods=tuple(row["methods"]),
        groups=tuple(row["groups"]),
        is_first_order_only=row["is_first_order_only"],
        needs_code=row["needs_code"],
        code=row["code"] or "",
        refusal=_refusal(row),
    )


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _refusal(row: Mapping[str, Any]) -> str:
    """What the counters say against it."""
    if not row["is_active"]:
        return "It is not on."
    pairs = ((row["most_uses"], row["uses"]), (row["coupon_most"], row["coupon_uses"]))
    if any(most is not None and uses >= most for most, uses in pairs):
        return USED_UP
    most_each = most_each_of(row)
    return USED_BY_YOU if most_each and row["uses_each"] >= most_each else ""


def most_each_of(row: Mapping[str, Any]) -> int:
    """How often one customer may use it; 0 is without a limit. A first order is a first order once."""
    return 1 if row["is_first_order_only"] else row["most_uses_each"] or 0


def take_uses(order: Order, book: Rulebook, saved: Mapping[int, int]) -> None:
    """Each promotion that holds for the order (id → minor units saved) counts as used once by its customer.

    Part of the order's transaction: raises PromotionUsedUp where a limit was reached in the meantime.
    """
    rows = {row["id"]: row for row in book.promotions}
    # One order everywhere: two buyers never wait for each other in a circle.
    for promotion_id in sorted(saved):
        row = rows[promotion_id]
        wanted = (row["most_uses"] is not None, row["coupon_most"] is not None, most_each_of(row) > 0)
        taken = _take(order, row, saved[promotion_id])
        if any(is_wanted and not count for is_wanted, count in zip(wanted, taken, strict=True)):
            raise PromotionUsedUp(row["name"])


def _take(order: Order, row: Mapping[str, Any], saved_minor: int) -> tuple[int, int, int]:
    facts = {
        "order": order.pk,
        "promotion": row["id"],
        "coupon": row["coupon_id"],
        "customer": order.customer_key,
        "most_each": most_each_of(row),
        "saved": saved_minor,
    }
    with connection.cursor() as cursor:
        cursor.execute(TAKE, facts)
        return cursor.fetchone()


def give_back_uses(order: Order) -> None:
    """Whatever the order used of promotions may be used again; called twice, the second call changes nothing."""
    standing = PromotionUse.objects.filter(order=order, given_back_at=None)
    for promotion_id in standing.order_by("promotion_id").values_list("promotion_id", flat=True):
        with connection.cursor() as cursor:
            cursor.execute(GIVE_BACK, {"order": order.pk, "promotion": promotion_id})


@transaction.atomic
def take_uses_again(order: Order) -> None:
    """A canceled order lives again and with it its uses; raises PromotionUsedUp where others have had them since."""
    given = PromotionUse.objects.filter(order=order).exclude(given_back_at=None).select_related("promotion", "coupon")
    for use in given.order_by("promotion_id"):
        promotion, coupon = use.promotion, use.coupon
        row = {
            "id": promotion.pk,
            "name": promotion.name,
            "coupon_id": coupon.pk if coupon else None,
            "most_uses": promotion.most_uses,
            "coupon_most": coupon.most_uses if coupon else None,
            "most_uses_each": promotion.most_uses_each,
            "is_first_order_only": promotion.is_first_order_only,
        }
        wanted = (row["most_uses"] is not None, row["coupon_most"] is not None, most_each_of(row) > 0)
        taken = _take(order, row, use.saved_minor)
        if any(is_wanted and not count for is_wanted, count in zip(wanted, taken, strict=True)):
            raise PromotionUsedUp(promotion.name)


def gifts_of(book: Rulebook) -> dict[int, int]:
    """Promotion → variant, for the promotions that give something."""
    return {row["id"]: row["gift_variant_id"] for row in book.promotions if row["gift_variant_id"]}


def scoped_collections(rules: Iterable[Rule]) -> set[int]:
    return {pk for rule in rules for pk in rule.scope.collections}
