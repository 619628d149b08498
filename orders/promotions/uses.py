"""Count the uses of promotions, in the order's transaction."""

import re
import unicodedata
from collections.abc import Iterable, Mapping

from django.db import connection, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from orders.errors import PromotionUsedUp
from orders.models import Order, Promotion, PromotionCustomer, PromotionUse
from orders.promotions.rules import CartPromotion

# Taking and giving back uses takes this lock in shared mode until COMMIT; changing limits takes it exclusively, so that
# recounting sees every use taken before. PostgreSQL queues the requests, so a busy promotion can still be changed.
SHARE = """
SELECT pg_advisory_xact_lock_shared(hashtext('promotions'), id::int) FROM unnest(%s::bigint[]) AS id ORDER BY id
"""
# Anybody can enter somebody else's e-mail address. So an unpaid order counts towards a customer's limit only for the same
# account or IP address; from elsewhere the use can be taken again, and the order that is paid first keeps it: `keep_uses`.
# A single statement per promotion checks the limits on the rows' own columns: of fifty buyers who want the last use, one
# gets it. A promotion without limits locks no row, so its buyers do not wait for each other. The limits are:
PROMOTION_HAS_USES_LEFT = "orders_promotion.uses < orders_promotion.most_uses"
COUPON_HAS_USES_LEFT = "orders_coupon.uses < orders_coupon.most_uses"
CUSTOMER_HAS_USES_LEFT = "seen.uses < (SELECT most_each FROM standing) + (SELECT count(*) FROM elsewhere)"
TAKE = """
WITH standing AS (
  SELECT p.id, p.most_uses, c.most_uses AS coupon_most,
    CASE WHEN p.is_first_order_only THEN 1 ELSE coalesce(p.most_uses_each, 0) END AS most_each
  FROM orders_promotion p LEFT JOIN orders_coupon c ON c.id = %(coupon)s WHERE p.id = %(promotion)s
), promotion AS (
  UPDATE orders_promotion SET uses = uses + 1
  WHERE id = %(promotion)s AND most_uses IS NOT NULL AND {promotion_has_uses_left} RETURNING id
), coupon AS (
  UPDATE orders_coupon SET uses = uses + 1
  WHERE id = %(coupon)s AND most_uses IS NOT NULL AND {coupon_has_uses_left} RETURNING id
), elsewhere AS (
  SELECT held.id FROM orders_promotionuse held JOIN orders_order placed ON placed.id = held.order_id
  WHERE held.promotion_id = %(promotion)s AND held.customer = %(customer)s AND held.given_back_at IS NULL
    AND placed.status = 'placed' AND (placed.user_id = %(user)s) IS NOT TRUE
    AND placed.terms_accepted_ip IS DISTINCT FROM %(ip)s::inet
), customer AS (
  INSERT INTO orders_promotioncustomer AS seen (promotion_id, customer, uses)
  SELECT id, %(customer)s, 1 FROM standing WHERE most_each > 0
  ON CONFLICT (promotion_id, customer) DO UPDATE SET uses = seen.uses + 1
    WHERE {customer_has_uses_left}
  RETURNING id
), written AS (
  INSERT INTO orders_promotionuse (order_id, promotion_id, coupon_id, customer, saved_minor, created_at)
  SELECT %(order)s, id, %(coupon)s, %(customer)s, %(saved)s, now() FROM standing
  ON CONFLICT (order_id, promotion_id) DO UPDATE SET given_back_at = NULL, customer = excluded.customer
)
SELECT (SELECT count(*) FROM promotion) = (SELECT count(most_uses) FROM standing)
  AND (SELECT count(*) FROM coupon) = (SELECT count(coupon_most) FROM standing)
  AND (SELECT count(*) FROM customer) = (SELECT count(*) FROM standing WHERE most_each > 0)
  AND EXISTS (SELECT 1 FROM standing)
"""
# Locks rows in the same sort order as TAKE: promotion, coupon, customer.
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
    """Return a code in its stored form: capitals and digits only, without spaces and dashes."""
    return re.sub(r"[^0-9A-Z]", "", unicodedata.normalize("NFKC", text).upper())[:40]


@transaction.atomic
def hold_limits(promotion: Promotion) -> None:
    """Block taking and giving back uses of the promotion until the transaction ends. Call it before changing limits."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('promotions'), %s::int)", [promotion.pk])


def share_limits(promotion_ids: Iterable[int]) -> None:
    """Keep the limits of these promotions from changing until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute(SHARE, [list(promotion_ids)])


def take_uses(order: Order, promotions: Iterable[CartPromotion], saved: Mapping[int, int]) -> None:
    """Count one use of each of the cart's promotions that applies to the order, in the order's transaction.

    `saved` maps promotion id to the minor units saved. Raise PromotionUsedUp if a limit has been reached meanwhile.
    """
    by_id = {promotion.id: promotion for promotion in promotions}
    _take_all(order, [(pk, by_id[pk].coupon_id, saved[pk], by_id[pk].rule.name) for pk in saved])


def _take_all(order: Order, uses: Iterable[tuple[int, int | None, int, str]]) -> None:
    """Take a use of each promotion, given as (promotion id, coupon id, minor units saved, promotion name)."""
    uses = sorted(uses)  # always in the same sort order, so that two buyers cannot deadlock
    if not uses:
        return
    share_limits(promotion_id for promotion_id, *_ in uses)
    take = TAKE.format(
        promotion_has_uses_left=PROMOTION_HAS_USES_LEFT,
        coupon_has_uses_left=COUPON_HAS_USES_LEFT,
        customer_has_uses_left=CUSTOMER_HAS_USES_LEFT,
    )
    for promotion_id, coupon_id, saved_minor, name in uses:
        parameters = {
            "order": order.pk,
            "promotion": promotion_id,
            "coupon": coupon_id,
            "customer": order.customer_key,
            "saved": saved_minor,
            "user": order.user_id,
            "ip": order.terms_accepted_ip,
        }
        with connection.cursor() as cursor:
            cursor.execute(take, parameters)
            if not cursor.fetchone()[0]:
                raise PromotionUsedUp(name)


@transaction.atomic
def keep_uses(order: Order) -> None:
    """Make the promotion uses of an order that is being paid final.

    Raise PromotionUsedUp if paid orders of the customer have used a promotion up. Unpaid orders that can no longer keep
    their use become due at once, and the next sweep closes their payments.
    """
    has_limit = Q(promotion__is_first_order_only=True) | Q(promotion__most_uses_each__gt=0)
    limited_uses = PromotionUse.objects.filter(has_limit, order=order, given_back_at=None).select_related("promotion")
    uses = list(limited_uses.order_by("promotion_id"))
    if not uses:
        return
    ids = [use.promotion_id for use in uses]
    rows = PromotionCustomer.objects.filter(promotion_id__in=ids, customer=uses[0].customer)
    # Lock the rows, so that two payments of one customer are counted one after the other.
    list(rows.select_for_update().order_by("promotion_id"))
    for use in uses:
        most = 1 if use.promotion.is_first_order_only else use.promotion.most_uses_each or 0
        same = PromotionUse.objects.filter(promotion_id=use.promotion_id, customer=use.customer, given_back_at=None)
        paid = same.exclude(order=order).exclude(order__status=Order.Status.PLACED).count()
        if paid >= most:
            raise PromotionUsedUp(use.promotion.name)
        if paid + 1 == most:
            _make_due(same.exclude(order=order).filter(order__status=Order.Status.PLACED))


def _make_due(uses: QuerySet[PromotionUse]) -> None:
    """Let the unpaid orders of these uses expire now, except orders locked by a payment or cancellation."""
    orders = Order.objects.filter(pk__in=uses.values("order_id"), status=Order.Status.PLACED)
    unlocked = orders.exclude(payment_due_at=None).select_for_update(of=("self",), skip_locked=True)
    Order.objects.filter(pk__in=[order.pk for order in unlocked]).update(payment_due_at=timezone.now())


@transaction.atomic
def give_back_uses(order: Order) -> None:
    """Give back the order's uses of promotions; calling it again changes nothing."""
    standing = PromotionUse.objects.filter(order=order, given_back_at=None).order_by("promotion_id")
    promotion_ids = list(standing.values_list("promotion_id", flat=True))
    if not promotion_ids:
        return
    share_limits(promotion_ids)
    with connection.cursor() as cursor:
        for promotion_id in promotion_ids:
            cursor.execute(GIVE_BACK, {"order": order.pk, "promotion": promotion_id})


@transaction.atomic
def take_uses_again(order: Order) -> None:
    """Take the promotion uses that a canceled order gave back; raise PromotionUsedUp if a limit has been reached."""
    given_back = PromotionUse.objects.filter(order=order).exclude(given_back_at=None)
    _take_all(order, given_back.values_list("promotion_id", "coupon_id", "saved_minor", "promotion__name"))
