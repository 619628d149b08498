"""Until the shop can sell, shoppers see "Opening soon"; staff see the shop."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from catalog.models import Page
from catalog.pages import policy_of
from shop.opening import is_open
from shop.setting_up.starting_values import STARTING_TEXT

RETRY_AFTER_SECONDS = 3600


class OpeningMiddleware:
    """Answer 503 in a closed shop, so that search engines come again and nobody takes the page for the shop's."""

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
    """The one page of a closed shop, with the legal pages that somebody has written."""
    legal = Page.objects.filter(section=Page.Section.LEGAL).exclude(body__contains=STARTING_TEXT)
    response = render(request, "shop/soon.html", {"legal_pages": legal}, status=503)
    response.headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    response._has_been_logged = True  # Django would call it an error, at every request
    return response
