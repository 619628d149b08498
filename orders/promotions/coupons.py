"""Coupon codes of promotions: single codes and batches of random ones."""

import secrets

from django.db import IntegrityError, connection, transaction
from django.db.models import F, Q, QuerySet

from orders.errors import CouponRefused
from orders.models import Coupon, Promotion, PromotionUse
from orders.promotions.uses import hold_limits, plain_code

ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"  # no characters that look alike on paper
RANDOM_LENGTH = 10  # characters of a generated code: 49 random bits, far more than the throttle allows to try
MAX_BATCH_CODES = 10_000
MIN_CODE_LENGTH = 3

RECOUNT = """
UPDATE orders_promotion p SET uses = CASE WHEN most_uses IS NULL THEN 0 ELSE
  (SELECT count(*) FROM orders_promotionuse u WHERE u.promotion_id = p.id AND u.given_back_at IS NULL) END
WHERE p.id = %(promotion)s
"""
RECOUNT_CODES = """
UPDATE orders_coupon c SET uses = CASE WHEN most_uses IS NULL THEN 0 ELSE
  (SELECT count(*) FROM orders_promotionuse u WHERE u.coupon_id = c.id AND u.given_back_at IS NULL) END
WHERE c.promotion_id = %(promotion)s
"""
RECOUNT_CUSTOMERS = """
INSERT INTO orders_promotioncustomer AS seen (promotion_id, customer, uses)
SELECT promotion_id, customer, count(*) FROM orders_promotionuse
WHERE promotion_id = %(promotion)s AND given_back_at IS NULL GROUP BY 1, 2
ON CONFLICT (promotion_id, customer) DO UPDATE SET uses = excluded.uses
"""


@transaction.atomic
def recount(promotion: Promotion) -> None:
    """Set the promotion's use counters to the uses that orders hold. Call it in the transaction that changes a limit.

    Raise CouponRefused if the promotion has been used more often than its new limits allow.
    """
    hold_limits(promotion)
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            for statement in (RECOUNT, RECOUNT_CODES, RECOUNT_CUSTOMERS):
                cursor.execute(statement, {"promotion": promotion.pk})
    except IntegrityError as error:
        raise CouponRefused("The code has already been used more often than this limit.") from error


@transaction.atomic
def make_code(promotion: Promotion, text: str, *, most_uses: int | None = None) -> Coupon:
    """Add a code to the promotion, which from now on needs a code.

    Raise CouponRefused for a code that is too short or exists already.
    """
    code = plain_code(text)
    if len(code) < MIN_CODE_LENGTH:
        raise CouponRefused(f"A code must have at least {MIN_CODE_LENGTH} letters and digits.")
    coupon, is_new = Coupon.objects.get_or_create(code=code, defaults={"promotion": promotion, "most_uses": most_uses})
    if not is_new:
        raise CouponRefused(f"The code {code} already exists.")
    _require_code(promotion)
    return coupon


def _require_code(promotion: Promotion) -> None:
    """Make the promotion apply to shoppers with one of its codes only."""
    Promotion.objects.filter(pk=promotion.pk).update(needs_code=True)
    promotion.needs_code = True


def usable_codes(promotion: Promotion) -> QuerySet[Coupon]:
    """Codes of the promotion that have uses left."""
    return promotion.coupons.filter(Q(most_uses=None) | Q(uses__lt=F("most_uses")))


@transaction.atomic
def end_codes(coupons: QuerySet[Coupon]) -> int:
    """End these codes, so that nobody can use them again; return how many. Existing orders keep their uses."""
    codes = list(coupons.select_for_update(of=("self",)).order_by("pk"))
    for coupon in codes:
        used = PromotionUse.objects.filter(coupon=coupon, given_back_at=None).count()
        Coupon.objects.filter(pk=coupon.pk).update(most_uses=used, uses=used)
    return len(codes)


@transaction.atomic
def make_batch(promotion: Promotion, count: int, *, prefix: str = "", most_uses: int | None = 1) -> str:
    """Add `count` random codes to the promotion, which from now on needs a code; return the name of the batch.

    Raise CouponRefused unless `count` is between 1 and 10,000.
    """
    if not 0 < count <= MAX_BATCH_CODES:
        raise CouponRefused(f"A batch must have between 1 and {MAX_BATCH_CODES:,} codes.")
    _require_code(promotion)
    stem = plain_code(prefix)[:20]
    batch = f"{stem or 'batch'}-{secrets.token_hex(4)}"
    missing = count
    while missing:
        codes = {stem + "".join(secrets.choice(ALPHABET) for _ in range(RANDOM_LENGTH)) for _ in range(missing)}
        Coupon.objects.bulk_create(
            [Coupon(promotion=promotion, code=code, batch=batch, most_uses=most_uses) for code in codes],
            ignore_conflicts=True,
        )
        missing = count - Coupon.objects.filter(batch=batch).count()
    return batch
