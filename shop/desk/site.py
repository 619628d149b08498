"""Django's admin with the shop's name and login."""

from collections.abc import Callable
from functools import wraps
from typing import Any, cast

from allauth.account.decorators import secure_admin_login
from django.contrib.admin import AdminSite, ModelAdmin
from django.contrib.contenttypes.models import ContentType
from django.contrib.contenttypes.views import shortcut
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, URLResolver, path
from django.utils.functional import SimpleLazyObject

from catalog.edits.deleted import Missing, deleted_page, deletion_of
from catalog.inputs import use_native_inputs
from catalog.pages import INTERNAL, page
from shop.desk import search
from shop.desk.admin_pages import ShopModelAdmin
from shop.desk.navigation import navigation
from shop.desk.reports import books_page, mail_pages, pages
from shop.desk.shop_name import desk_name


class ShopAdminSite(AdminSite):
    index_title = "The shop"
    empty_value_display = "–"
    # What the home page shows: set by ShopConfig.ready, because it imports model admins, which need this site.
    home: Callable[[HttpRequest], dict[str, Any]] = staticmethod(lambda _: {})
    # The URLs of further pages, with each view wrapped for staff: set in the same place.
    further_urls: Callable[[Callable], list[URLPattern]] = staticmethod(lambda _: [])
    enable_nav_sidebar = False  # Django's own; templates/admin/base.html has ours

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        use_native_inputs()  # before any model admin is made
        # Most models must not be deleted in bulk. Model admins that allow it list the action themselves.
        self.disable_action("delete_selected")

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        shown = SimpleLazyObject(lambda: navigation(self, request))
        name = SimpleLazyObject(desk_name)
        return {**super().each_context(request), "site_header": name, "site_title": name, "navigation": shown}

    def admin_view(self, view: Callable, cacheable: bool = False) -> Callable:  # noqa: FBT001, FBT002  (Django's)
        """Wrap a view for staff. If its object was deleted while somebody filled in its form, show what was typed."""

        @wraps(view)
        def kept(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            try:
                return view(request, *args, **kwargs)
            except Missing as missing:
                entry = deletion_of(missing.model, missing.object_id) if request.method == "POST" else None
                if not entry:
                    raise
                return deleted_page(request, missing.model, entry)

        return super().admin_view(kept, cacheable)

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[dict[str, Any]]:
        """Return Django's menu as a lazy object: Django asks for it on every page, but only an app's page shows it."""
        menu = super().get_app_list
        return cast(list[dict[str, Any]], SimpleLazyObject(lambda: menu(request, app_label)))

    def get_urls(self) -> list[URLPattern | URLResolver]:
        view = self.admin_view(self.view_on_site)
        return [
            *self.further_urls(self.admin_view),
            path("search/", self.admin_view(search.search), name="search"),
            path("search/suggest/", self.admin_view(search.suggest), name="search_suggest"),
            path("r/<int:content_type_id>/<path:object_id>/", view, name="view_on_site"),
            path("reports/", self.admin_view(pages.reports), name="reports"),
            path("reports/mails/", self.admin_view(mail_pages.report_mails), name="report_mails"),
            path("reports/books/", self.admin_view(books_page.books), name="books"),
            path("reports/books/<slug:what>/", self.admin_view(books_page.books_file), name="books_file"),
            path("reports/<slug:code>/", self.admin_view(pages.report), name="report"),
            *super().get_urls(),
        ]

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Show the home page of the desk."""
        return super().index(request, self.home(request) | (extra_context or {}))

    def view_on_site(self, request: HttpRequest, content_type_id: int, object_id: str) -> HttpResponse:
        """Redirect to the page of an object in the shop, if its admin page links there and the user may view it.

        Django's view checks no permission, but the URL of an order's page is secret, because the page shows the customer.
        """
        content_type = get_object_or_404(ContentType, pk=content_type_id)
        model_admin = self._registry.get(content_type.model_class())
        if not (model_admin and model_admin.view_on_site and model_admin.has_view_permission(request)):
            raise PermissionDenied
        return shortcut(request, content_type_id, object_id)

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        """Register the model with a ShopModelAdmin, even if its admin class comes from a package."""
        base = admin_class or ModelAdmin
        if not issubclass(base, ShopModelAdmin):
            base = type(base)(base.__name__, (ShopModelAdmin, base), {"__module__": base.__module__})
        super().register(model_or_iterable, base, **options)

    @page(INTERNAL)
    def login(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Redirect staff to the normal login page, so that its limits and second factors apply."""
        return secure_admin_login(super().login)(request, extra_context)
