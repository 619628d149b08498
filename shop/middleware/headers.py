"""The headers of docs/decisions/0007 that neither Django nor django-csp sets."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

PERMISSIONS = "camera=(), microphone=(), geolocation=(), usb=(), payment=(self)"
PERSONAL = ("/cart/", "/checkout/", "/orders/", "/account/", "/admin/", "/payments/", "/mailbox/", "/staff/")


class HeadersMiddleware:
    """Personal pages and whatever sets a cookie are never stored by anybody on the way."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault("Permissions-Policy", PERMISSIONS)
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        if request.path_info.startswith(PERSONAL) or response.cookies:
            response.headers["Cache-Control"] = "private, no-store"
        return response
