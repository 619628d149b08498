"""Codes of promotions: one that people say to each other, or a batch of random ones."""

import secrets

from django.db import IntegrityError, connection, transaction
from django.db.models import F, Q, QuerySet

from orders.errors import CouponRefused
from orders.models import Coupon, Promotion, PromotionUse
from orders.promotions import hold_limits, plain_code

ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"  # nothing that is read wrongly from paper
RANDOM = 10  # characters of a generated code: 49 random bits, far beyond what the throttle lets anybody try
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
    """The counters say what orders hold; to be called in the transaction that changes a limit, after `hold_limits`.

    Raises CouponRefused where it has been used more often than its limits now allow.
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
    """The promotion opens with this code too; raises CouponRefused for one that is too short or taken."""
    code = plain_code(text)
    if len(code) < MIN_CODE_LENGTH:
        raise CouponRefused(f"A code must have at least {MIN_CODE_LENGTH} letters and digits.")
    coupon, is_new = Coupon.objects.get_or_create(code=code, defaults={"promotion": promotion, "most_uses": most_uses})
    if not is_new:
        raise CouponRefused(f"The code {code} already exists.")
    _close(promotion)
    return coupon


def _close(promotion: Promotion) -> None:
    """A promotion that has a code holds for those who have it, and for nobody else."""
    Promotion.objects.filter(pk=promotion.pk).update(needs_code=True)
    promotion.needs_code = True


def usable_codes(promotion: Promotion) -> QuerySet[Coupon]:
    """The codes of the promotion that have uses left."""
    return promotion.coupons.filter(Q(most_uses=None) | Q(uses__lt=F("most_uses")))


@transaction.atomic
def end_codes(coupons: QuerySet[Coupon]) -> int:
    """These codes open nothing any more; what orders have used of them stays. Returns how many."""
    codes = list(coupons.select_for_update(of=("self",)).order_by("pk"))
    for coupon in codes:
        used = PromotionUse.objects.filter(coupon=coupon, given_back_at=None).count()
        Coupon.objects.filter(pk=coupon.pk).update(most_uses=used, uses=used)
    return len(codes)


@transaction.atomic
def make_batch(promotion: Promotion, count: int, *, prefix: str = "", most_uses: int | None = 1) -> str:
    """So many random codes open the promotion; returns the name of the batch. Raises CouponRefused beyond 10,000."""
    if not 0 < count <= MAX_BATCH_CODES:
        raise CouponRefused(f"A batch must have between 1 and {MAX_BATCH_CODES:,} codes.")
    _close(promotion)
    stem = plain_code(prefix)[:20]
    batch = f"{stem or 'batch'}-{secrets.token_hex(4)}"
    missing = count
    while missing:
        codes = {stem + "".join(secrets.choice(ALPHABET) for _ in range(RANDOM)) for _ in range(missing)}
        Coupon.objects.bulk_create(
            [Coupon(promotion=promotion, code=code, batch=batch, most_uses=most_uses) for code in codes],
            ignore_conflicts=True,
        )
        missing = count - Coupon.objects.filter(batch=batch).count()
    return batch
