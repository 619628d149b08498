from django.urls import path

from payments.views import cards, form, orders

app_name = "payments"

urlpatterns = [
    path("orders/<uuid:public_id>/pay/", orders.pay, name="pay"),
    path("orders/<uuid:public_id>/pay/form/", form.form, name="form"),
    path("orders/<uuid:public_id>/pay/hosted/", form.hosted, name="hosted"),
    path("orders/<uuid:public_id>/online/", orders.online, name="online"),
    path("orders/<uuid:public_id>/return/", orders.come_back, name="return"),
    path("orders/<uuid:public_id>/back/", orders.go_back, name="back"),
    path("orders/<uuid:public_id>/change/", orders.change, name="change"),
    path("orders/<uuid:public_id>/replace/", orders.replace, name="replace"),
    path("account/cards/", cards.cards, name="cards"),
    path("account/cards/<str:method_id>/remove/", cards.remove, name="remove_card"),
    path("payments/webhook/", orders.webhook, name="webhook"),
]
