"""The WSGI application that gunicorn serves."""

import importlib
import os
from typing import Any

import django
from django.core.handlers.wsgi import WSGIHandler, WSGIRequest

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")
os.environ.setdefault("SHOP_PROCESS", "web")
django.setup(set_prefix=False)

# Other processes import these at their first use. A web process does it now, so that no shopper waits for it.
for library in ("cattrs", "email_validator", "phonenumbers", "redis", "stripe"):
    importlib.import_module(library)


class ReadableRequest(WSGIRequest):
    """A request that ignores headers which Django cannot parse, and sets `is_unreadable` then."""

    is_unreadable = False

    def __init__(self, environ: dict[str, Any]) -> None:
        try:
            super().__init__(environ)
        except (ValueError, LookupError):
            super().__init__({**environ, "CONTENT_TYPE": "", "CONTENT_LENGTH": "0"})
            self.is_unreadable = True


class ShopHandler(WSGIHandler):
    """Django's handler with a request class that accepts invalid headers."""

    request_class = ReadableRequest


application = ShopHandler()
