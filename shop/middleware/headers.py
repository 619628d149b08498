"""Set the headers of docs/decisions/0007 that neither Django nor django-csp sets."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from catalog.pages import policy_of

PERMISSIONS = "camera=(), microphone=(), geolocation=(), usb=(), payment=(self)"
# Pages can differ for visitors with one of these cookies.
VISITOR_COOKIES = {settings.CART_COOKIE_NAME, settings.SESSION_COOKIE_NAME}

# For plain-text answers that are made before the shop's own policy is added.
PLAIN_POLICY = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"


class EveryAnswerMiddleware:
    """Add missing security headers to answers of outer middleware, which the other middleware does not see."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        for name, value in self._defaults(request):
            response.headers.setdefault(name, value)
        return response

    def _defaults(self, request: HttpRequest) -> list[tuple[str, str]]:
        defaults = [
            ("Content-Security-Policy", PLAIN_POLICY),
            ("X-Content-Type-Options", "nosniff"),
            ("X-Frame-Options", settings.X_FRAME_OPTIONS),
            ("Referrer-Policy", settings.SECURE_REFERRER_POLICY),
            ("Cross-Origin-Opener-Policy", settings.SECURE_CROSS_ORIGIN_OPENER_POLICY),
            ("Cross-Origin-Resource-Policy", "same-origin"),
            ("Permissions-Policy", PERMISSIONS),
        ]
        if settings.SECURE_HSTS_SECONDS and request.is_secure():
            defaults.append(("Strict-Transport-Security", f"max-age={settings.SECURE_HSTS_SECONDS}"))
        return defaults


class HeadersMiddleware:
    """Keep caches from storing personal pages and responses that set a cookie."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault("Permissions-Policy", PERMISSIONS)
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        if policy_of(request).is_personal or response.cookies:
            response.headers["Cache-Control"] = "private, no-store"
        elif VISITOR_COOKIES & request.COOKIES.keys():
            # The page shows this shopper's cart count.
            response.headers.setdefault("Cache-Control", "private")
        return response
