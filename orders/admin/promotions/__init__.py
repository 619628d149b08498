"""Promotions and coupon codes in the admin."""

from orders.admin.promotions.coupons import CouponAdmin
from orders.admin.promotions.promotion import PromotionAdmin

__all__ = ["CouponAdmin", "PromotionAdmin"]
