from django.urls import path

from payments import views

app_name = "payments"

urlpatterns = [
    path("orders/<uuid:public_id>/pay/", views.pay, name="pay"),
    path("orders/<uuid:public_id>/online/", views.online, name="online"),
    path("orders/<uuid:public_id>/return/", views.come_back, name="return"),
    path("orders/<uuid:public_id>/back/", views.go_back, name="back"),
    path("orders/<uuid:public_id>/change/", views.change, name="change"),
    path("orders/<uuid:public_id>/replace/", views.replace, name="replace"),
    path("payments/webhook/", views.webhook, name="webhook"),
]
