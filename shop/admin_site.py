"""Django's admin under the shop's own name and sign-in."""

from typing import Any

from allauth.account.decorators import secure_admin_login
from django.contrib.admin import AdminSite
from django.http import HttpRequest, HttpResponse


class ShopAdminSite(AdminSite):
    site_header = "Mercer"
    site_title = "Mercer"
    index_title = "The shop"
    # The product desk's tables need the width.
    enable_nav_sidebar = False

    def login(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Staff log in where everybody does, so throttles and second factors count here too."""
        return secure_admin_login(super().login)(request, extra_context)
