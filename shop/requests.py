"""A request class that accepts invalid headers, so that a middleware can refuse them."""

from typing import Any

from django.core.handlers.wsgi import WSGIRequest


class ReadableRequest(WSGIRequest):
    """A request that ignores headers which Django cannot parse, and sets `is_unreadable` then."""

    is_unreadable = False

    def __init__(self, environ: dict[str, Any]) -> None:
        try:
            super().__init__(environ)
        except (ValueError, LookupError):
            super().__init__({**environ, "CONTENT_TYPE": "", "CONTENT_LENGTH": "0"})
            self.is_unreadable = True
