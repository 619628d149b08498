"""The shop's settings for the test suite: its own cluster, no network, cheap password hashes."""

import os

os.environ.pop("DATABASE_URL", None)
os.environ["SHOP_MODE"] = "test"
os.environ["SHOP_URL"] = "http://testserver"
os.environ["SHOP_ALLOWED_HOSTS"] = "testserver,localhost,127.0.0.1"
os.environ["STRIPE_SECRET_KEY"] = "sk_test_sandbox"
os.environ["STRIPE_WEBHOOK_SECRETS"] = "whsec_first,whsec_second"

from shop.embedded.postgres import Cluster  # noqa: E402
from shop.settings import *  # noqa: E402, F403
from shop.settings import DATABASES, MEDIA_ROOT  # noqa: E402
from tests.template_database import template_name  # noqa: E402

CLUSTER = Cluster("test", is_disposable=True)
DATABASES["default"] |= CLUSTER.django_settings
DATABASES["default"]["NAME"] = os.environ.get("MERCER_TEST_DATABASE", DATABASES["default"]["NAME"])
DATABASES["default"]["TEST"] = {"TEMPLATE": template_name()}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
MEDIA_ROOT = f"{MEDIA_ROOT}-test"
WHITENOISE_AUTOREFRESH = True  # each test client would list all static files at its first request
CELERY_BROKER_URL = "redis://127.0.0.1:1/0"
