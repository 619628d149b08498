"""System checks of settings, for `manage.py check` and, before a deployment, `check --deploy`."""

import logging
import re
from email.utils import parseaddr
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import ERROR, CheckMessage, Error, Tags, register, run_checks
from django.db import OperationalError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http.request import validate_host

log = logging.getLogger(__name__)
# Domains that RFC 2606 and 6761 reserve for examples: nobody owns them, so a setting with one is an example.
RESERVED = re.compile(r"(^|\.)(example|test|invalid|example\.(com|net|org))$")
STRIPE_KEY = re.compile(r"(sk|rk)_live_[A-Za-z0-9]{16,}")
WEBHOOK_SECRET = re.compile(r"whsec_[A-Za-z0-9+/=]{16,}")
# The placeholders in .env.example for secrets.
EXAMPLE_PASSWORD = "password"  # noqa: S105
EXAMPLE_SECRET_KEY = "at-least-fifty-random-characters"  # noqa: S105


@register(Tags.security)
def check_key_fits_mode(**_: Any) -> list[CheckMessage]:
    """Refuse a live Stripe key outside production."""
    if not settings.IS_PRODUCTION and settings.STRIPE_SECRET_KEY.startswith(("sk_live_", "rk_live_")):
        return [
            Error(
                "A live Stripe key is set outside production.",
                hint="Unset STRIPE_SECRET_KEY.",
                id="shop.E001",
            )
        ]
    return []


@register(Tags.security, deploy=True)
def check_real_payments(**_: Any) -> list[CheckMessage]:
    """Require Stripe's own API, a live key and https in production."""
    messages: list[CheckMessage] = []
    if settings.STRIPE_API_BASE:
        messages.append(
            Error(
                "STRIPE_API_BASE is set, so payments do not go to Stripe.",
                hint="Unset STRIPE_API_BASE.",
                id="shop.E002",
            )
        )
    if not settings.STRIPE_SECRET_KEY.startswith(("sk_live_", "rk_live_")):
        messages.append(
            Error(
                "STRIPE_SECRET_KEY is not a live key.",
                hint="Copy the live key from Stripe's dashboard.",
                id="shop.E003",
            )
        )
    if not settings.SHOP_HTTPS:
        messages.append(
            Error(
                "SHOP_HTTPS is off.",
                hint="Set SHOP_HTTPS=1, so that shoppers' data is never sent unencrypted.",
                id="shop.E004",
            )
        )
    if not settings.SHOP_URL.startswith("https://"):
        messages.append(Error("SHOP_URL does not begin with https://.", id="shop.E005"))
    return messages


def is_reserved(host: str | None) -> bool:
    """Return whether the host is a reserved example domain."""
    return bool(RESERVED.search((host or "").rstrip(".").lower()))


def _placeholders_left() -> dict[str, bool]:
    """Return each setting with a placeholder in .env.example, and whether it still has that placeholder."""
    return {
        "DATABASE_URL": settings.DATABASES["default"].get("PASSWORD") == EXAMPLE_PASSWORD,
        "REDIS_URL": urlsplit(settings.REDIS_URL).password == EXAMPLE_PASSWORD,
        "SHOP_SECRET_KEY": settings.SECRET_KEY == EXAMPLE_SECRET_KEY,
        "SHOP_URL": is_reserved(urlsplit(settings.SHOP_URL).hostname),
        "STRIPE_SECRET_KEY": "_from_your_stripe_dashboard" in settings.STRIPE_SECRET_KEY,
        "STRIPE_WEBHOOK_SECRETS": any("_from_your_stripe" in key for key in settings.STRIPE_WEBHOOK_SECRETS),
        "EMAIL_URL": is_reserved(urlsplit(settings.MAIL_URL).hostname),
        "SHOP_MAIL_FROM": is_reserved(parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2]),
    }


@register(Tags.security, deploy=True)
def check_placeholders_replaced(**_: Any) -> list[CheckMessage]:
    """Require that every placeholder of .env.example has been replaced."""
    return [
        Error(
            f"{name} still holds the placeholder of .env.example.",
            hint="Replace it with your own value.",
            id="shop.E006",
        )
        for name, is_left in _placeholders_left().items()
        if is_left
    ]


@register(Tags.security, deploy=True)
def check_key_formats(**_: Any) -> list[CheckMessage]:
    """Require Stripe's key format, because an incomplete or quoted key cannot take payments."""
    messages: list[CheckMessage] = []
    is_live = settings.STRIPE_SECRET_KEY.startswith(("sk_live_", "rk_live_"))
    if is_live and not STRIPE_KEY.fullmatch(settings.STRIPE_SECRET_KEY):
        hint = "Copy all of it, without quotes or spaces: sk_live_ followed by letters and digits."
        messages.append(Error("STRIPE_SECRET_KEY does not look like a Stripe key.", hint=hint, id="shop.E007"))
    browser_key = settings.STRIPE_PUBLISHABLE_KEY
    if browser_key and browser_key.startswith("pk_live_") is not is_live:
        hint = "Copy both keys from the same mode of Stripe's dashboard; the payment form does not open otherwise."
        messages.append(
            Error("STRIPE_PUBLISHABLE_KEY is of another mode than STRIPE_SECRET_KEY.", hint=hint, id="shop.E012")
        )
    if not all(WEBHOOK_SECRET.fullmatch(secret) for secret in settings.STRIPE_WEBHOOK_SECRETS):
        hint = "Copy it from the webhook endpoint in Stripe's dashboard: whsec_ followed by letters and digits."
        messages.append(Error("STRIPE_WEBHOOK_SECRETS does not look like a signing secret.", hint=hint, id="shop.E008"))
    return messages


@register(Tags.security, deploy=True)
def check_proxy_settings(**_: Any) -> list[CheckMessage]:
    """Require trusted proxies with https, which the shop's own server does not speak, and a matching host."""
    messages: list[CheckMessage] = []
    if settings.SHOP_HTTPS and not settings.TRUSTED_PROXIES:
        messages.append(
            Error(
                "SHOP_HTTPS is on, but SHOP_TRUSTED_PROXIES is 0: behind your proxy every request would be "
                "redirected forever, and all shoppers would share the limits of one IP address.",
                hint="Set SHOP_TRUSTED_PROXIES to the number of your proxies (1 for nginx on this machine).",
                id="shop.E009",
            )
        )
    host = urlsplit(settings.SHOP_URL).hostname
    if "*" in settings.ALLOWED_HOSTS:
        messages.append(
            Error("SHOP_ALLOWED_HOSTS allows every host.", hint="List the hosts of your shop.", id="shop.E010")
        )
    elif not validate_host(host or "", settings.ALLOWED_HOSTS):
        messages.append(
            Error(
                f"SHOP_ALLOWED_HOSTS does not name {host}, the host of SHOP_URL: every page would answer 400.",
                hint="Add the host, or remove the setting.",
                id="shop.E011",
            )
        )
    return messages


def pending_migrations() -> int:
    """Return how many migrations are not applied; 0 if the database is away, which is reported elsewhere."""
    try:
        executor = MigrationExecutor(connection)
        return len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
    except OperationalError:
        return 0
    finally:
        connection.close()


def _skipped_steps() -> list[str]:
    """Return a sentence for each setup command that has not been run."""
    sentences = []
    if not (Path(settings.STATIC_ROOT) / "staticfiles.json").exists():
        sentences.append("No static files are collected, so every page fails: run manage.py collectstatic --noinput.")
    if count := pending_migrations():
        sentences.append(f"The database lacks {count} migrations, so pages may fail: run manage.py migrate.")
    return sentences


def log_setup(addresses: str) -> None:
    """Log where the web server listens and, in production, skipped setup steps and what fails `check --deploy`."""
    log.info("The shop listens on %s.", addresses)
    if not settings.IS_PRODUCTION:
        return
    for problem in run_checks(tags=[Tags.security], include_deployment_checks=True):
        if problem.level >= ERROR:
            log.error("%s: %s %s", problem.id, problem.msg, problem.hint or "")
    for sentence in _skipped_steps():
        log.error(sentence)
