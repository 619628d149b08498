"""Compress text responses, except personal pages (docs/decisions)."""

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware

TEXT_TYPES = ("text/", "application/json", "application/javascript", "application/xml", "image/svg+xml")
PARTIAL_CONTENT = 206


def holds_secrets(response: HttpResponseBase) -> bool:
    """Return whether this is a personal page, whose compressed length could reveal its content."""
    return "no-store" in response.headers.get("Cache-Control", "")


class CompressionMiddleware(GZipMiddleware):
    """Compress public text; leave personal pages, images and partial content unchanged."""

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        is_text = response.headers.get("Content-Type", "").startswith(TEXT_TYPES)
        if not is_text or response.status_code == PARTIAL_CONTENT or holds_secrets(response):
            return response
        return super().process_response(request, response)
