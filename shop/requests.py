"""A request whose headers may be nonsense: it can always be made, so that a middleware can refuse it."""

from typing import Any

from django.core.handlers.wsgi import WSGIRequest


class ReadableRequest(WSGIRequest):
    """Parses no header that Django cannot parse; `is_unreadable` says that there was one."""

    is_unreadable = False

    def __init__(self, environ: dict[str, Any]) -> None:
        try:
            super().__init__(environ)
        except (ValueError, LookupError):
            super().__init__({**environ, "CONTENT_TYPE": "", "CONTENT_LENGTH": "0"})
            self.is_unreadable = True
