"""Django's admin with the shop's name and login."""

from operator import itemgetter
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

from catalog.inputs import use_native_inputs
from catalog.pages import INTERNAL, page
from shop.staff.admin_pages import ShopModelAdmin

ACCOUNT_APPS = {"account", "accounts", "auth", "mfa"}


class ShopAdminSite(AdminSite):
    site_header = "Mercer"
    site_title = "Mercer"
    index_title = "The shop"
    empty_value_display = "–"
    # Wide tables, such as those of the product list, need the space.
    enable_nav_sidebar = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        use_native_inputs()  # before any model admin is made
        # Most models must not be deleted in bulk. Model admins that allow it list the action themselves.
        self.disable_action("delete_selected")

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[dict[str, Any]]:
        """Return the menu as a lazy object: Django asks for it on every page, but only the index pages show it."""
        return cast(list[dict[str, Any]], SimpleLazyObject(lambda: self._menu(request, app_label)))

    def _menu(self, request: HttpRequest, app_label: str | None) -> list[dict[str, Any]]:
        """Return the models that the user may see, by group.

        Users, roles, e-mail addresses and second factors come from four apps and are one group.
        """
        groups = super().get_app_list(request, app_label)
        accounts = [group for group in groups if group["app_label"] in ACCOUNT_APPS]
        if app_label or not accounts:
            return groups
        models = sorted((model for group in accounts for model in group["models"]), key=itemgetter("name"))
        others = [group for group in groups if group not in accounts]
        return sorted([{**accounts[-1], "name": "Accounts", "models": models}, *others], key=itemgetter("name"))

    def get_urls(self) -> list[URLPattern | URLResolver]:
        view = self.admin_view(self.view_on_site)
        return [path("r/<int:content_type_id>/<path:object_id>/", view, name="view_on_site"), *super().get_urls()]

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
