"""Protect POSTs from publicly cached pages, whose forms cannot contain a CSRF token."""

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseForbidden
from django.views.decorators.csrf import csrf_exempt


def _origin(url: str) -> str:
    try:
        parts = urlsplit(url)
    except ValueError:  # [ without ]
        return ""
    return f"{parts.scheme}://{parts.netloc}"


def comes_from_us(request: HttpRequest) -> bool:
    """Return whether the Origin header names this shop, or, if it is absent, the Referer header does."""
    # SHOP_URL too, since a proxy may leave the port out of the host.
    own_origins = {f"{request.scheme}://{request.get_host()}", settings.SHOP_URL}
    if "Origin" in request.headers:
        return request.headers["Origin"] in own_origins
    return _origin(request.headers.get("Referer", "")) in own_origins


def same_origin_post(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Decorate a view to check the Origin header of a POST instead of a CSRF token, and answer 403 to other sites."""

    @csrf_exempt
    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.method == "POST" and not comes_from_us(request):
            return HttpResponseForbidden("This form was sent from another site.", content_type="text/plain")
        return view(request, *args, **kwargs)

    return guarded
