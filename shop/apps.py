from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig


class ShopConfig(AppConfig):
    name = "shop"

    def ready(self) -> None:
        from shop import celery, tasks  # noqa: F401, PLC0415  (each registers itself)


class ShopAdminConfig(AdminConfig):
    default_site = "shop.staff.site.ShopAdminSite"
