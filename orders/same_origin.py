"""POSTs from pages that anybody may have cached, and that therefore carry no token."""

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
    """Origin is ours, or it is absent and the Referer is ours; a proxy may have left the port out of our host."""
    ours = {f"{request.scheme}://{request.get_host()}", settings.SHOP_URL}
    if "Origin" in request.headers:
        return request.headers["Origin"] in ours
    return _origin(request.headers.get("Referer", "")) in ours


def same_origin_post(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Replaces Django's token by the browser's own word on where the form stood; anything else is 403."""

    @csrf_exempt
    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.method == "POST" and not comes_from_us(request):
            return HttpResponseForbidden("This form was sent from another site.", content_type="text/plain")
        return view(request, *args, **kwargs)

    return guarded
