"""Give every request an id, and log one line for it."""

import logging
import re
import time
import uuid
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed

from shop.operations.logs import request_id

log = logging.getLogger("shop.requests")
ACCEPTABLE_ID = re.compile(r"[A-Za-z0-9-]{8,64}")


class RequestLogMiddleware:
    """Add X-Request-ID to the response and to every log line of the request."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        received_id = request.headers.get("X-Request-ID", "")
        new_id = received_id if ACCEPTABLE_ID.fullmatch(received_id) else uuid.uuid4().hex
        token = request_id.set(new_id)
        begun = time.perf_counter()
        try:
            # TRACE would echo cookies back.
            response = (
                HttpResponseNotAllowed(["GET", "POST"]) if request.method == "TRACE" else self.get_response(request)
            )
            response["X-Request-ID"] = new_id
            self._note(request, response, time.perf_counter() - begun)
            return response
        finally:
            request_id.reset(token)

    def _note(self, request: HttpRequest, response: HttpResponse, seconds: float) -> None:
        match = request.resolver_match
        values = {
            "method": request.method,
            "path": request.path,  # the formatter replaces a path that may contain a secret by its route
            "route": match.view_name if match else "",
            "status": response.status_code,
            "ms": round(seconds * 1000, 1),
        }
        log.info("%s %s", request.method, request.path, extra={"fields": values})
