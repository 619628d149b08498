from django.urls import path

from orders.views import addresses, alerts, carts, checkout, orders, reviews

app_name = "orders"

urlpatterns = [
    path("cart/", carts.cart, name="cart"),
    path("cart/add/", carts.add, name="add"),
    path("checkout/", checkout.checkout, name="checkout"),
    path("orders/find/", orders.find, name="find"),
    path("orders/<uuid:public_id>/", orders.order, name="order"),
    path("orders/<uuid:public_id>/review/<int:line_id>/", reviews.review, name="review"),
    path("orders/<uuid:public_id>/again/", orders.again, name="again"),
    path("orders/<uuid:public_id>/account/", orders.open_account, name="open_account"),
    path("account/addresses/", addresses.addresses, name="addresses"),
    path("account/addresses/<int:pk>/", addresses.address, name="address"),
    path("back-in-stock/", alerts.stock_alert, name="stock_alert"),
    path("account/", orders.account, name="account"),
]
