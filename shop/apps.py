import gc

from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig


class ShopConfig(AppConfig):
    name = "shop"  # the last of INSTALLED_APPS

    def ready(self) -> None:
        from shop import celery, tasks  # noqa: F401, PLC0415  (each registers itself)
        from shop.operations import checks  # noqa: F401, PLC0415  (registers itself)

        gc.freeze()  # everything loaded so far stays in use, so later collections skip it
        gc.enable()


class ShopAdminConfig(AdminConfig):
    default_site = "shop.staff.site.ShopAdminSite"
