"""Answer 503 with a simple page while PostgreSQL is away or busy."""

import logging
from collections.abc import Callable

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from psycopg.errors import LockNotAvailable, QueryCanceled

from orders.errors import RulesKeepChanging

STAFF_PAGES = ("/admin/", "/staff/")
log = logging.getLogger(__name__)


class DatabaseOutageMiddleware:
    """Turn outages of the database into 503 with Retry-After; Stripe sends refused webhooks again."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if not isinstance(error, OperationalError | InterfaceError):
            return None
        is_busy = isinstance(error, RulesKeepChanging) or isinstance(error.__cause__, LockNotAvailable | QueryCanceled)
        log.error("The database is %s: %s", "busy" if is_busy else "away", error)
        is_for_staff = request.path_info.startswith(STAFF_PAGES)
        page = render_to_string("admin/503.html" if is_for_staff else "503.html", {"is_busy": is_busy})
        return HttpResponse(page, status=503, headers={"Retry-After": "5", "Cache-Control": "no-store"})
