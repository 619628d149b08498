"""The WSGI application that gunicorn serves."""

import importlib
import os
from typing import Any

import django
from django.core.handlers.wsgi import WSGIHandler, WSGIRequest

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")
os.environ.setdefault("SHOP_PROCESS", "web")
django.setup(set_prefix=False)

# Other processes import these libraries at first use. A web process imports them now, so that no request waits.
for library in ("cattrs", "email_validator", "phonenumbers", "redis", "stripe"):
    importlib.import_module(library)


class ReadableRequest(WSGIRequest):
    """A request that sets `is_unreadable`, instead of failing, if Django cannot parse its headers."""

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
