"""All settings of the shop, read from the environment at start. .env.example explains each variable.

SHOP_MODE decides which variables are required. `production` stops if one is missing. `demo`, the default without
DATABASE_URL, has its own database, keys and stand-in for Stripe. `test` is for the test suite.
"""

import secrets
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import environ
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from shop.account_settings import *  # noqa: F403  (settings that are the same in every environment)
from shop.database_url import database_settings
from shop.embedded.postgres import Cluster
from shop.embedded.state import state_folder
from shop.jobs import beat_schedule, task_limits, task_routes
from shop.market_list import demo_markets, with_further_markets

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()
env.read_env(str(BASE_DIR / ".env"), overwrite=False)

MODE = env.str("SHOP_MODE", default="production" if env.str("DATABASE_URL", default="") else "demo")
if MODE not in {"production", "demo", "test"}:
    raise ImproperlyConfigured("SHOP_MODE must be production, demo or test.")
IS_PRODUCTION = MODE == "production"
PROCESS = env.str("SHOP_PROCESS", default="command")  # web, worker or command: decides timeouts and connection settings


def required_in_production(name: str, *, otherwise: str) -> str:
    """Return a variable that production requires; elsewhere it may be missing and has this default."""
    if not IS_PRODUCTION:
        return env.str(name, default=otherwise)
    if not env.str(name, default=""):
        raise ImproperlyConfigured(f"Set {name}: the shop does not start in production without it.")
    return env.str(name)


def int_at_least(lowest: int, name: str, text: str) -> int:
    """Return a variable's text as a number; raise ImproperlyConfigured if it is not one or too low."""
    if not text.strip().isdecimal() or int(text) < lowest:
        raise ImproperlyConfigured(f"{name} must be a whole number, {lowest} or more.")
    return int(text)


def stored_secret(name: str) -> str:
    """Return a random value that stays the same for this checkout, stored in a file that only its owner can read."""
    path = state_folder() / f"{name}.secret"
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(48))
    return path.read_text()


if MODE == "demo":
    # Ports and passwords of the running demo, so that other commands find its services.
    env.read_env(str(state_folder() / "demo.env"), overwrite=False)

# --- who we are -----------------------------------------------------------------------------------
SECRET_KEY = required_in_production("SHOP_SECRET_KEY", otherwise="") or stored_secret("django")
SECRET_KEY_FALLBACKS = env.list("SHOP_SECRET_KEY_FALLBACKS", default=[])
SHOP_URL = required_in_production("SHOP_URL", otherwise="http://127.0.0.1:8000").rstrip("/")
if urlsplit(SHOP_URL).scheme not in {"http", "https"} or not urlsplit(SHOP_URL).hostname or urlsplit(SHOP_URL).path:
    raise ImproperlyConfigured("SHOP_URL must be the shop's scheme and host, without a path: https://www.your-shop.com")
ALLOWED_HOSTS = env.list("SHOP_ALLOWED_HOSTS", default=[urlsplit(SHOP_URL).hostname])
SHOP_HTTPS = env.bool("SHOP_HTTPS", default=IS_PRODUCTION)
# Required in production: with a wrong number, shoppers share the limits of one IP address, or are redirected forever.
TRUSTED_PROXIES = int_at_least(0, "SHOP_TRUSTED_PROXIES", required_in_production("SHOP_TRUSTED_PROXIES", otherwise="0"))
DEBUG = False
ROOT_URLCONF = "shop.urls"
WSGI_APPLICATION = "shop.wsgi.application"
AUTH_USER_MODEL = "accounts.User"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "shop.apps.ShopAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.postgres",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "csp",
    "accounts",
    "catalog",
    "orders",
    "payments",
    "shop.apps.ShopConfig",
]

MIDDLEWARE = [
    "shop.middleware.headers.EveryAnswerMiddleware",
    "shop.middleware.requests.RequestLogMiddleware",
    "shop.middleware.outages.DatabaseOutageMiddleware",
    "shop.middleware.bad_input.BadInputMiddleware",
    "shop.middleware.compression.CompressionMiddleware",  # before HeadersMiddleware, because it reads Cache-Control
    "shop.middleware.proxies.ProxyMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "shop.middleware.headers.HeadersMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "shop.middleware.markets.MarketMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "shop.middleware.opening.OpeningMiddleware",
    "shop.middleware.as_of.AsOfMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "shop.middleware.second_factor.SecondFactorMiddleware",
    "shop.middleware.limits.LimitsMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {
            "loaders": [
                (
                    "django.template.loaders.cached.Loader",
                    ["shop.template_loader.Loader", "django.template.loaders.app_directories.Loader"],
                ),
            ],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "shop.context.storefront",
            ],
        },
    },
]

# --- markets (language, currency, countries): one has no URL prefix ----------------------------------
COUNTRIES = [
    *("DE", "AT", "BE", "BG", "HR", "CY", "CZ", "DK", "EE", "FI", "FR", "GR"),
    *("HU", "IE", "IT", "LV", "LT", "LU", "MT", "NL", "PL", "PT", "RO", "SK"),
    *("SI", "ES", "SE", "CH", "NO", "GB"),
]
MAIN_MARKET = {
    "code": "main",
    "prefix": "",
    "language": env.str("SHOP_LANGUAGE", default="en"),
    "currency": env.str("SHOP_CURRENCY", default="EUR"),
    "is_tax_included": env.bool("SHOP_TAX_INCLUDED", default=True),
    "countries": env.list("SHOP_COUNTRIES", default=COUNTRIES),
}
MARKETS = with_further_markets(
    MAIN_MARKET, env.str("SHOP_MARKETS", default=demo_markets(MAIN_MARKET) if MODE == "demo" else "")
)
LANGUAGE_CODE = MARKETS[0]["language"]
TIME_ZONE = env.str("SHOP_TIME_ZONE", default="Europe/Berlin")
USE_TZ = True
FORMAT_MODULE_PATH = ["shop.formats"]
ORDER_NUMBER_PREFIX = env.str("SHOP_ORDER_PREFIX", default="HS")
SHOP_COUNTRY = env.str("SHOP_COUNTRY", default="DE")  # where the seller is: its tax is in displayed prices
SHIPPING_CUT_OFF_HOUR = env.int("SHOP_CUT_OFF_HOUR", default=12)
# A new shop shows "Opening soon" until it has tax, delivery and legal pages. Demo and tests create theirs.
OPENS_WHEN_COMPLETE = IS_PRODUCTION
TERMS_VERSION = env.str("SHOP_TERMS_VERSION", default="2026-06")

# --- the database -----------------------------------------------------------------------------------
# Requests time out early, workers after a minute, and commands not at all.
POSTGRES_OPTIONS = {
    "web": "-c lock_timeout=3s -c statement_timeout=15s -c idle_in_transaction_session_timeout=30s",
    "worker": "-c lock_timeout=10s -c statement_timeout=60s -c idle_in_transaction_session_timeout=60s",
    "command": "-c lock_timeout=30s",
}
WEB_THREADS = env.int("SHOP_WEB_THREADS", default=4)
DATABASES = {
    "default": database_settings(env.str("DATABASE_URL"))
    if env.str("DATABASE_URL", default="")
    else {"ENGINE": "django.db.backends.postgresql", **Cluster().django_settings}
}
DATABASES["default"] |= {
    "CONN_HEALTH_CHECKS": True,
    "CONN_MAX_AGE": 0 if PROCESS == "web" else 60,
    # Keep options from DATABASE_URL, such as sslmode.
    "OPTIONS": {**DATABASES["default"].get("OPTIONS", {}), "options": POSTGRES_OPTIONS[PROCESS], "connect_timeout": 5},
}
if PROCESS == "web":
    DATABASES["default"]["OPTIONS"]["pool"] = {
        "min_size": 1,
        "max_size": WEB_THREADS + 1,
        "timeout": 5,
        "max_idle": 60,
    }

# The default cache stores allauth's limits, so it must survive a flushed Redis and many clients at once. By default,
# Django deletes entries above 300, and so the counts in them.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "shop_cache",
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    },
    # Figures that may be some minutes old, in the memory of each process.
    "process": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
}

# --- Celery: it only wakes workers; the work is stored in PostgreSQL ---------------------------------
REDIS_URL = required_in_production("REDIS_URL", otherwise="redis://127.0.0.1:6379/0")
CELERY_BROKER_URL = REDIS_URL
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_SOFT_TIME_LIMIT = 45
CELERY_TASK_TIME_LIMIT = 60
CELERY_WORKER_SEND_TASK_EVENTS = False
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 90,
    # kombu looks for lost messages every 100 s unless told otherwise.
    "unacked_restore_interval": 5,
    "unacked_restore_throttle": 1,
    # Workers wait for Redis longer than a page may.
    "socket_timeout": 0.5 if PROCESS != "worker" else 30,
    "socket_connect_timeout": 0.5,
    "max_retries": 0 if PROCESS != "worker" else None,
}
CELERY_BEAT_SCHEDULE = beat_schedule()
CELERY_TASK_ROUTES = task_routes()
CELERY_TASK_ANNOTATIONS = task_limits()

# --- orders and payments ---------------------------------------------------------------------------------------
STRIPE_SECRET_KEY = required_in_production("STRIPE_SECRET_KEY", otherwise="sk_test_sandbox")
STRIPE_WEBHOOK_SECRETS = [
    s for s in required_in_production("STRIPE_WEBHOOK_SECRETS", otherwise="whsec_sandbox").split(",") if s
]
STRIPE_API_BASE = env.str("STRIPE_API_BASE", default="")  # the sandbox's URL; empty means Stripe's own
# Orders placed with a test key bring no money, so a shop that is not a demo marks them and keeps them out of its reports.
IS_TEST_MODE = IS_PRODUCTION and not STRIPE_SECRET_KEY.startswith(("sk_live_", "rk_live_"))
# Stripe's key for browsers, which the payment form in a page of the shop needs.
STRIPE_PUBLISHABLE_KEY = env.str("STRIPE_PUBLISHABLE_KEY", default="" if IS_PRODUCTION else "pk_test_sandbox")
# Stripe requires a Checkout Session to last at least 30 minutes. Stock stays reserved a little longer.
PAYMENT_SESSION_LIFE = timedelta(minutes=31)
PAYMENT_WINDOW = PAYMENT_SESSION_LIFE + timedelta(minutes=5)
PAYMENT_LAST_CHANCE = timedelta(hours=2)  # no payment may end later than this after the order was placed
# Below these totals (minor units) Stripe does not charge: https://docs.stripe.com/currencies#minimum-and-maximum-charge-amounts
MIN_CHARGE_MINOR = {"EUR": 50, "USD": 50, "GBP": 30, "CHF": 50, "DKK": 250, "NOK": 300, "SEK": 300, "JPY": 50}
ORDERS_PER_HOUR = env.int("SHOP_ORDERS_PER_HOUR", default=10 if IS_PRODUCTION else 500)
# A checkout form that is sent sooner after it was shown is shown again; 0 switches this off.
CHECKOUT_MIN_SECONDS = env.int("SHOP_CHECKOUT_MIN_SECONDS", default=2 if IS_PRODUCTION else 0)
MAX_UNPAID_UNITS = env.int("SHOP_MAX_UNPAID_UNITS", default=500)  # per IP network; 0 means no limit
# Orders by transfer, and for cash at pick-up, hold stock for days.
MAX_PROMISED_UNITS = env.int("SHOP_MAX_PROMISED_UNITS", default=20)  # per IP network; 0 means no limit
MAX_PROMISED_PERCENT = env.int("SHOP_MAX_PROMISED_PERCENT", default=50)  # of a variant's stock
PAYMENT_PAGE_ORIGIN = STRIPE_API_BASE.rstrip("/") or "https://checkout.stripe.com"
# Stripe's script, in the release of the API version that the `stripe` package speaks, or that of the sandbox.
PAYMENT_SCRIPT = f"{PAYMENT_PAGE_ORIGIN}/stripe.js" if STRIPE_API_BASE else "https://js.stripe.com/endive/stripe.js"
# What the page with the payment form allows beyond all others: https://docs.stripe.com/security/guide#content-security-policy
PAYMENT_FORM_POLICY = {
    "script-src": ["https://js.stripe.com", "https://*.js.stripe.com", PAYMENT_PAGE_ORIGIN],
    "frame-src": [
        *("https://js.stripe.com", "https://*.js.stripe.com", "https://hooks.stripe.com", PAYMENT_PAGE_ORIGIN),
    ],
    "connect-src": ["https://api.stripe.com", PAYMENT_PAGE_ORIGIN],
    "img-src": ["https://*.stripe.com"],
    "form-action": [PAYMENT_PAGE_ORIGIN],
}
if STRIPE_API_BASE:
    PAYMENT_FORM_POLICY = dict.fromkeys(("script-src", "frame-src", "form-action"), [PAYMENT_PAGE_ORIGIN])
# Wallets ask the browser for their form from inside Stripe's frames.
PAYMENT_FORM_FRAMES = (
    [PAYMENT_PAGE_ORIGIN]
    if STRIPE_API_BASE
    else ["https://js.stripe.com", "https://checkout.stripe.com", "https://pay.google.com"]
)

# --- books: the account numbers of exported files (payments/bookkeeping) -----------------------------------------
BOOKS_CHART = env.str("SHOP_BOOKS_CHART", default="skr03")
BOOKS_NUMBERS = env.dict("SHOP_BOOKS_NUMBERS", default={})
BOOKS_FIRST_MONTH = env.int("SHOP_BOOKS_FIRST_MONTH", default=1)  # of the business year
DATEV_CONSULTANT = env.int("DATEV_CONSULTANT", default=1001)
DATEV_CLIENT = env.int("DATEV_CLIENT", default=1)

# --- mail: written to the outbox, delivered by a worker -----------------------------------------------
EMAIL_BACKEND = "shop.mail.outbox.OutboxBackend"
MAIL_URL = required_in_production("EMAIL_URL", otherwise="")
mail_server = env.email_url_config(MAIL_URL) if MAIL_URL else {}
MAIL_DELIVERY_BACKEND = mail_server.get("EMAIL_BACKEND", "shop.mail.mailbox.MailboxBackend")
EMAIL_HOST = mail_server.get("EMAIL_HOST", "localhost")
EMAIL_PORT = mail_server.get("EMAIL_PORT", 25)
EMAIL_HOST_USER = mail_server.get("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = mail_server.get("EMAIL_HOST_PASSWORD", "")
EMAIL_USE_TLS = mail_server.get("EMAIL_USE_TLS", False)
EMAIL_USE_SSL = mail_server.get("EMAIL_USE_SSL", False)
EMAIL_FILE_PATH = mail_server.get("EMAIL_FILE_PATH")
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env.str("SHOP_MAIL_FROM", default="Hearthside <shop@hearthside.example>")
SERVER_EMAIL = DEFAULT_FROM_EMAIL

# --- accounts: shop/account_settings.py has the rest -------------------------------------------------
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if SHOP_HTTPS else "http"
STAFF_SECOND_FACTOR = IS_PRODUCTION  # before it is set up, staff reach its set-up page only

# --- security ---------------------------------------------------------------------------------------
COOKIE_PREFIX = "__Host-" if SHOP_HTTPS else ""
SESSION_ENGINE = "django.contrib.sessions.backends.db"
SESSION_COOKIE_NAME = f"{COOKIE_PREFIX}session"
SESSION_COOKIE_AGE = 14 * 24 * 3600
SESSION_COOKIE_SECURE = SHOP_HTTPS
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_NAME = f"{COOKIE_PREFIX}csrf"
CSRF_COOKIE_SECURE = SHOP_HTTPS
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "shop.views.csrf_failure"
CSRF_TRUSTED_ORIGINS = [SHOP_URL]
CART_COOKIE_NAME = f"{COOKIE_PREFIX}cart"
AS_OF_COOKIE_NAME = f"{COOKIE_PREFIX}as_of"
AS_OF_COOKIE_AGE = 8 * 3600
CART_COOKIE_AGE = 30 * 24 * 3600
SECURE_SSL_REDIRECT = SHOP_HTTPS
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUSTED_PROXIES else None
SECURE_HSTS_SECONDS = env.int("SHOP_HSTS_SECONDS", default=86400) if SHOP_HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SHOP_HTTPS and env.bool("SHOP_HSTS_SUBDOMAINS", default=True)
SECURE_HSTS_PRELOAD = SHOP_HTTPS and env.bool("SHOP_HSTS_PRELOAD", default=True)
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
USE_X_FORWARDED_HOST = False
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 1000
DATA_UPLOAD_MAX_NUMBER_FILES = 100
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF],
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "object-src": [NONE],
        "frame-ancestors": [NONE],
    }
}
SILENCED_SYSTEM_CHECKS: list[str] = []

# --- files ------------------------------------------------------------------------------------------
STATIC_URL = "/static/"
STATIC_ROOT = env.str("SHOP_STATIC_ROOT", default=str(BASE_DIR / "staticfiles"))
STATICFILES_DIRS = [BASE_DIR / "static"]
MEDIA_URL = "/media/"
MEDIA_ROOT = env.str(
    "SHOP_MEDIA_ROOT",
    default=str(state_folder() / "media") if MODE != "production" else str(BASE_DIR / "media"),
)
FILE_UPLOAD_PERMISSIONS = 0o644
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if IS_PRODUCTION
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = not IS_PRODUCTION
WHITENOISE_MAX_AGE = 3600

# --- logs: one JSON object a line on standard error ---------------------------------------------------
LOG_LEVEL = env.str("SHOP_LOG_LEVEL", default="INFO")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "shop.operations.logs.JsonFormatter"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"handlers": ["console"], "level": LOG_LEVEL},
    "loggers": {
        "django.server": {"handlers": ["console"], "propagate": False},
        # RequestLogMiddleware already logs each request.
        "django.request": {"level": "ERROR"},
        "urllib3": {"level": "WARNING"},
        "stripe": {"level": "WARNING"},
    },
}
