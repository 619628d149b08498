"""Until the shop can sell, shoppers see "Opening soon"; staff see the shop."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from catalog.models import Page
from shop.opening import is_open
from shop.setting_up.starting_values import STARTING_TEXT

# The first parts of paths that work in a closed shop: running it, logging in, what the law asks for, and what was
# bought before it closed.
ALWAYS_OPEN = frozenset(
    {
        *("admin", "staff", "account", "mailbox", "static", "media", "healthz", "readyz", "payments"),
        *("orders", "legal", "robots.txt", "favicon.ico", "swatches.css"),
    }
)
# Below those paths, what begins something new: it fills a cart or places an order.
SELLING = frozenset({"orders:again", "payments:replace"})
RETRY_AFTER_SECONDS = 3600


class OpeningMiddleware:
    """Answer 503 in a closed shop, so that search engines come again and nobody takes the page for the shop's."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        first = request.path_info.removeprefix("/").partition("/")[0]
        if first in ALWAYS_OPEN or is_open():
            return self.get_response(request)
        request.is_closed = True  # type: ignore[attr-defined]
        response = self.get_response(request) if request.user.is_staff else opening_soon(request)
        response.headers["Cache-Control"] = "private, no-store"
        return response

    def process_view(self, request: HttpRequest, view: Callable, args: tuple, kwargs: dict) -> HttpResponse | None:
        is_selling = request.resolver_match is not None and request.resolver_match.view_name in SELLING
        if not is_selling or is_open() or request.user.is_staff:
            return None
        return opening_soon(request)


def opening_soon(request: HttpRequest) -> HttpResponse:
    """The one page of a closed shop, with the legal pages that somebody has written."""
    legal = Page.objects.filter(section=Page.Section.LEGAL).exclude(body__contains=STARTING_TEXT)
    response = render(request, "shop/soon.html", {"legal_pages": legal}, status=503)
    response.headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    response._has_been_logged = True  # Django would call it an error, at every request
    return response
