"""One log line and one id for every request."""

import logging
import re
import time
import uuid
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed

from shop.logs import request_id

log = logging.getLogger("shop.requests")
ACCEPTABLE_ID = re.compile(r"[A-Za-z0-9-]{8,64}")


class RequestLogMiddleware:
    """The answer carries X-Request-ID, and so does every log line written on the way."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        told = request.headers.get("X-Request-ID", "")
        name = told if ACCEPTABLE_ID.fullmatch(told) else uuid.uuid4().hex
        token = request_id.set(name)
        begun = time.perf_counter()
        try:
            # TRACE would echo cookies back.
            response = (
                HttpResponseNotAllowed(["GET", "POST"]) if request.method == "TRACE" else self.get_response(request)
            )
            response["X-Request-ID"] = name
            self._note(request, response, time.perf_counter() - begun)
            return response
        finally:
            request_id.reset(token)

    def _note(self, request: HttpRequest, response: HttpResponse, seconds: float) -> None:
        match = request.resolver_match
        facts = {
            "method": request.method,
            "path": request.path,  # the formatter writes the route instead of a path that may hold a secret
            "route": match.view_name if match else "",
            "status": response.status_code,
            "ms": round(seconds * 1000, 1),
        }
        log.info("%s %s", request.method, request.path, extra={"facts": facts})
