"""DATABASE_URL as Django's settings; what cannot be meant is refused in one sentence that shows no password."""

from typing import Any
from urllib.parse import unquote

import environ
from django.core.exceptions import ImproperlyConfigured

FORM = "postgres://user:password@host:5432/name, or postgres://user@%2Fvar%2Frun%2Fpostgresql/name for a socket"


def database_settings(url: str) -> dict[str, Any]:
    """Return the settings of the database that the URL names: a host, or the folder of a socket."""
    if not url.startswith(("postgres://", "postgresql://")):
        raise ImproperlyConfigured(f"DATABASE_URL is not a URL of a PostgreSQL database. Use {FORM}.")
    try:
        found = environ.Env.db_url_config(url)
    except ValueError as error:
        raise ImproperlyConfigured(
            f"DATABASE_URL cannot be read. Use {FORM}. In a password, write / as %2F, @ as %40 and # as %23."
        ) from error
    if not found.get("NAME"):
        raise ImproperlyConfigured(f"DATABASE_URL is not a URL of a PostgreSQL database. Use {FORM}.")
    found["HOST"] = unquote(found["HOST"])
    return found
