from allauth.account.signals import email_confirmed, user_signed_up
from django.apps import AppConfig
from django.contrib.auth.signals import user_logged_in
from django.db.models.signals import post_delete


class OrdersConfig(AppConfig):
    name = "orders"

    def ready(self) -> None:
        from catalog.admin.tile_registry import tiles  # noqa: PLC0415  (models are ready only now)
        from catalog.desk_search import search_sources  # noqa: PLC0415  (models are ready only now)
        from catalog.edits.log import log_sources  # noqa: PLC0415  (models are ready only now)
        from orders import signals  # noqa: PLC0415  (as above)
        from orders.admin.changes import ORDER_EVENTS  # noqa: PLC0415  (as above)
        from orders.admin.search import SOURCES  # noqa: PLC0415  (as above)
        from orders.admin.tiles import TILES  # noqa: PLC0415  (as above)

        email_confirmed.connect(signals.claim_orders_of_address, dispatch_uid="orders.claim_orders_of_address")
        user_logged_in.connect(signals.join_cart_at_login, dispatch_uid="orders.join_cart_at_login")
        log_sources.add(ORDER_EVENTS)
        for model in ("accounts.User", "accounts.Staff"):
            post_delete.connect(signals.erase_deleted_person, sender=model, dispatch_uid=f"orders.erase {model}")
        search_sources.add(*SOURCES)
        tiles.add(*TILES)
        user_signed_up.connect(signals.keep_address_of_order, dispatch_uid="orders.keep_address_of_order")
