from django.urls import path

from orders.views import carts, checkout, orders

app_name = "orders"

urlpatterns = [
    path("cart/", carts.cart, name="cart"),
    path("cart/add/", carts.add, name="add"),
    path("checkout/", checkout.checkout, name="checkout"),
    path("orders/find/", orders.find, name="find"),
    path("orders/<uuid:public_id>/", orders.order, name="order"),
    path("account/", orders.account, name="account"),
]
