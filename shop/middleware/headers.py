"""The headers of docs/decisions/0007 that neither Django nor django-csp sets."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from catalog.pages import policy_of

PERMISSIONS = "camera=(), microphone=(), geolocation=(), usb=(), payment=(self)"
# Whoever sends one of these may see another page than somebody who comes for the first time.
KNOWN_BY = {settings.CART_COOKIE_NAME, settings.SESSION_COOKIE_NAME}

# For answers that are made before the shop's own policy is added: they are a sentence of plain text.
PLAIN_POLICY = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"


class EveryAnswerMiddleware:
    """Add the security headers that an answer lacks because a middleware further out than theirs gave it."""

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
    """Personal pages and whatever sets a cookie are never stored by anybody on the way."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault("Permissions-Policy", PERMISSIONS)
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        if policy_of(request).is_personal or response.cookies:
            response.headers["Cache-Control"] = "private, no-store"
        elif KNOWN_BY & request.COOKIES.keys():
            # The page says how much is in this shopper's cart.
            response.headers.setdefault("Cache-Control", "private")
        return response
