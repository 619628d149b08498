"""Convert DATABASE_URL to Django's settings, with error messages that never show a password."""

from typing import Any
from urllib.parse import unquote

import environ
from django.core.exceptions import ImproperlyConfigured

FORM = "postgres://user:password@host:5432/name, or postgres://user@%2Fvar%2Frun%2Fpostgresql/name for a socket"


def database_settings(url: str) -> dict[str, Any]:
    """Return Django's settings for the URL, which names a host or a socket folder; raise ImproperlyConfigured."""
    if not url.startswith(("postgres://", "postgresql://")):
        raise ImproperlyConfigured(f"DATABASE_URL is not a URL of a PostgreSQL database. Use {FORM}.")
    try:
        parsed = environ.Env.db_url_config(url)
    except ValueError as error:
        raise ImproperlyConfigured(
            f"DATABASE_URL cannot be read. Use {FORM}. In a password, write / as %2F, @ as %40 and # as %23."
        ) from error
    if not parsed.get("NAME"):
        raise ImproperlyConfigured(f"DATABASE_URL is not a URL of a PostgreSQL database. Use {FORM}.")
    parsed["HOST"] = unquote(parsed["HOST"])
    return parsed
