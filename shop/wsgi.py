"""The WSGI application that gunicorn serves."""

import importlib
import os

import django
from django.core.handlers.wsgi import WSGIHandler

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")
os.environ.setdefault("SHOP_PROCESS", "web")
django.setup(set_prefix=False)

from shop.requests import ReadableRequest  # noqa: E402  (needs the settings)

# Other processes import these at their first use. A web process does it now, so that no shopper waits for it.
for library in ("cattrs", "email_validator", "phonenumbers", "redis", "stripe"):
    importlib.import_module(library)


class ShopHandler(WSGIHandler):
    """Django's handler with a request class that accepts invalid headers."""

    request_class = ReadableRequest


application = ShopHandler()
