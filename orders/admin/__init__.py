from orders.admin.orders import OrderAdmin
from orders.admin.shipping import ShippingMethodAdmin, TaxRateAdmin

__all__ = ["OrderAdmin", "ShippingMethodAdmin", "TaxRateAdmin"]
