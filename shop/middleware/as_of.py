"""Let staff look at the storefront as of another moment. Everybody else, and every change, uses the current time."""

from collections.abc import Callable
from datetime import datetime

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse

from catalog.clock import as_of
from catalog.pages import policy_of

SALT = "as-of"
PERMISSION = "catalog.view_product"


def chosen_moment(request: HttpRequest) -> datetime | None:
    """Return the moment that a member of staff has chosen, or None. Without the cookie, no session is read."""
    cookie = request.COOKIES.get(settings.AS_OF_COOKIE_NAME)
    if not cookie or request.method not in ("GET", "HEAD") or not policy_of(request).shows_moments:
        return None
    try:
        moment = datetime.fromisoformat(signing.loads(cookie, salt=SALT, max_age=settings.AS_OF_COOKIE_AGE))
    except (signing.BadSignature, ValueError, TypeError):
        return None
    return moment if request.user.is_staff and request.user.has_perm(PERMISSION) else None


class AsOfMiddleware:
    """Show pages as of the chosen moment, and keep caches from storing them."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        moment = chosen_moment(request)
        if moment is None:
            return self.get_response(request)
        request.as_of = moment  # type: ignore[attr-defined]
        with as_of(moment):
            response = self.get_response(request)
        response.headers["Cache-Control"] = "private, no-store"
        return response
