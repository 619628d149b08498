"""Too many attempts: 429 with the time to wait, in plain words."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from accounts.throttle import TooManyAttempts


class LimitsMiddleware:
    """A reached limit anywhere below becomes 429 with Retry-After."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if not isinstance(error, TooManyAttempts):
            return None
        minutes = -(-error.retry_after // 60)
        response = render(request, "429.html", {"seconds": error.retry_after, "minutes": minutes}, status=429)
        response["Retry-After"] = str(error.retry_after)
        return response
