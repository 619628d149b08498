from allauth.account.signals import email_confirmed
from django.apps import AppConfig
from django.contrib.auth.signals import user_logged_in


class OrdersConfig(AppConfig):
    name = "orders"

    def ready(self) -> None:
        from orders.signals import claim_orders_of_address, join_cart_at_login  # noqa: PLC0415  (models are ready only now)

        email_confirmed.connect(claim_orders_of_address, dispatch_uid="orders.claim_orders_of_address")
        user_logged_in.connect(join_cart_at_login, dispatch_uid="orders.join_cart_at_login")
