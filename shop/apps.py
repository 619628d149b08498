import gc

from django.apps import AppConfig
from django.contrib import admin
from django.contrib.admin.apps import AdminConfig
from django.db.models.signals import post_save


class ShopConfig(AppConfig):
    name = "shop"  # the last of INSTALLED_APPS

    def ready(self) -> None:
        from accounts.emails import shop_names  # noqa: PLC0415  (models are ready only now)
        from catalog.admin.tile_registry import tiles  # noqa: PLC0415  (models are ready only now)
        from catalog.desk_search import search_sources  # noqa: PLC0415  (models are ready only now)
        from catalog.edits.log import log_sources  # noqa: PLC0415  (models are ready only now)
        from catalog.models import Store  # noqa: PLC0415  (models are ready only now)
        from orders.admin.order_page import order_page  # noqa: PLC0415  (models are ready only now)
        from orders.editing import email_corrections  # noqa: PLC0415  (models are ready only now)
        from payments import evidence_pack  # noqa: PLC0415
        from shop import celery, tasks  # noqa: F401, PLC0415  (each registers itself)
        from shop.desk import settings_pages  # noqa: PLC0415  (models are ready only now)
        from shop.desk.home import home  # noqa: PLC0415  (models are ready only now)
        from shop.desk.reports.mail_pages import MANAGE  # noqa: PLC0415  (models are ready only now)
        from shop.desk.shop_name import forget_name, stored_name  # noqa: PLC0415  (models are ready only now)
        from shop.desk.staff_search import SOURCES as STAFF  # noqa: PLC0415  (models are ready only now)
        from shop.mail.order_mails import mail_entries, mail_files, move_waiting  # noqa: PLC0415  (models are ready only now)
        from shop.mail.search import SOURCES  # noqa: PLC0415  (models are ready only now)
        from shop.mail.tiles import TILES  # noqa: PLC0415  (models are ready only now)
        from shop.models import ReportMail  # noqa: PLC0415  (models are ready only now)
        from shop.operations import checks  # noqa: F401, PLC0415  (registers itself)

        search_sources.add(*SOURCES, *STAFF)
        log_sources.add_model(ReportMail, MANAGE)
        order_page.add_timeline(mail_entries)
        evidence_pack.SOURCES.append(mail_files)
        email_corrections.append(move_waiting)
        tiles.add(*TILES)
        shop_names.append(stored_name)
        post_save.connect(forget_name, sender=Store, dispatch_uid="shop.forget_name")
        admin.site.home = home
        admin.site.further_urls = settings_pages.urls
        gc.freeze()  # everything loaded so far stays in use, so later collections skip it
        gc.enable()


class ShopAdminConfig(AdminConfig):
    default_site = "shop.desk.site.ShopAdminSite"
