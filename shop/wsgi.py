"""The WSGI application that gunicorn serves."""

import os

import django
from django.core.handlers.wsgi import WSGIHandler

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")
os.environ.setdefault("SHOP_PROCESS", "web")
django.setup(set_prefix=False)

from shop.requests import ReadableRequest  # noqa: E402  (needs the settings)


class ShopHandler(WSGIHandler):
    """Django's handler with a request class that accepts invalid headers."""

    request_class = ReadableRequest


application = ShopHandler()
