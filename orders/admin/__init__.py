from orders.admin import stock_occasions  # noqa: F401  (registers the links)
from orders.admin.customers import CustomerAdmin
from orders.admin.order_runs import OrderRunAdmin
from orders.admin.orders import OrderAdmin
from orders.admin.promotions import CouponAdmin, PromotionAdmin
from orders.admin.shipping import ClosingDayAdmin, ShippingMethodAdmin, ShippingZoneAdmin, TaxRateAdmin, TaxRegionAdmin

__all__ = [
    "ClosingDayAdmin",
    "CouponAdmin",
    "CustomerAdmin",
    "OrderAdmin",
    "OrderRunAdmin",
    "PromotionAdmin",
    "ShippingMethodAdmin",
    "ShippingZoneAdmin",
    "TaxRateAdmin",
    "TaxRegionAdmin",
]
