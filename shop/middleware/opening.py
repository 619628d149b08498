"""Show shoppers "Opening soon" until the shop can sell. Staff see the shop."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from catalog.models import Page
from catalog.pages import policy_of
from shop.opening import is_open
from shop.setting_up.starting_values import STARTING_TEXT

RETRY_AFTER_SECONDS = 3600


class OpeningMiddleware:
    """Answer 503 while the shop is closed, so that search engines do not index the page and return later."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if policy_of(request).is_always_open or is_open():
            return self.get_response(request)
        request.is_closed = True  # type: ignore[attr-defined]
        response = self.get_response(request) if request.user.is_staff else opening_soon(request)
        response.headers["Cache-Control"] = "private, no-store"
        return response


def opening_soon(request: HttpRequest) -> HttpResponse:
    """Render the page of a closed shop, with links to finished legal pages."""
    legal = Page.objects.filter(section=Page.Section.LEGAL).exclude(body__contains=STARTING_TEXT)
    response = render(request, "shop/soon.html", {"legal_pages": legal}, status=503)
    response.headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    response._has_been_logged = True  # otherwise Django logs an error for every request
    return response
